//! The program: reads its arguments and environment once, hides them, and does what they say.

use std::process::ExitCode;

use open_terminal::config::Environment;
use open_terminal::{cli, config, documents, gateway, sandbox, server, sys};

fn main() -> ExitCode {
    let arguments = config::arguments();
    let environment = Environment::from_process();
    if arguments
        .get(1)
        .is_some_and(|word| word == sandbox::SPAWNER_ARGUMENT)
    {
        let open_files = arguments
            .get(2)
            .and_then(|word| word.to_str()?.parse().ok());
        let guard = arguments
            .get(3)
            .is_some_and(|word| word == sandbox::GUARD_ARGUMENT);
        let ended = sandbox::spawner_main(&environment, open_files, guard);
        return if ended.is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    if arguments
        .get(1)
        .is_some_and(|word| word == documents::EXTRACTOR_ARGUMENT)
    {
        let words: Vec<&str> = arguments[2..]
            .iter()
            .filter_map(|word| word.to_str())
            .collect();
        return documents::extractor_main(&words);
    }
    if arguments
        .get(1)
        .is_some_and(|word| word == gateway::WORKSPACE_ARGUMENT)
    {
        return server::workspace_main();
    }
    let key_given = arguments
        .iter()
        .any(|word| word.as_encoded_bytes().starts_with(b"--api-key"));
    // Where it fails, the start-up report says so.
    let erased = sys::erase_environment(key_given);
    let hidden = sys::hide_memory();
    cli::main(arguments, environment, erased.is_ok() && hidden.is_ok())
}
