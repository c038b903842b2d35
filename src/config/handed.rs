//! Settings handed from the server to the processes of its workspaces, and the files that these must not see.

use std::path::{Path, PathBuf};

use super::file::{self, Contents};
use super::kind::quoted;
use super::layer::Layer;
use super::reading::Reading;
use super::{Config, ConfigError, Environment, Flags, Loaded, table};

/// Said to be the file that settings were handed over in.
const NAME: &str = "the server's settings";
/// What is the server's own matter.
const KEPT: [&str; 4] = ["host", "port", "state_dir", "run_as"];

/// The settings that somebody has set, as text of a settings file: without secrets, and with `changes`, by name, in
/// place of what was set.
pub fn hand_over(loaded: &Loaded, changes: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut put = |name: &str, value: &str| {
        text.push_str(name);
        text.push_str(" = ");
        text.push_str(value);
        text.push('\n');
    };
    for each in &loaded.settings {
        let secret = table::by_name(each.name).is_some_and(|setting| setting.secret);
        let anew = changes.iter().any(|(name, _)| *name == each.name);
        let set = each.origin != "built-in" && each.value != "unset";
        if set && !secret && !anew && !KEPT.contains(&each.name) {
            put(each.name, &each.value);
        }
    }
    for (name, value) in changes {
        put(name, &quoted(value));
    }
    text
}

/// The configuration of a workspace from such a text, for commands with this environment.
pub fn handed(text: &str, directory: &Path, env: &Environment) -> Result<Config, ConfigError> {
    let path = Path::new(NAME);
    // What the server did not know, it has warned of already.
    let mut warnings = Vec::new();
    let values = ::config::Config::builder()
        .add_source(Layer::built_in())
        .add_source(Contents::parse(path, text)?.layer(path, &mut warnings)?)
        .build()
        .and_then(|stacked| ::config::Source::collect(&stacked))
        .expect("layers are in memory and cannot fail");
    let (reading, _) = Reading::of(&values)?;
    Config::from_reading(reading, directory.to_owned(), env)
}

/// The files that settings are read from: some may hold secrets, and all say what protects the machine.
pub(super) fn own_files(flags: &Flags, env: &Environment) -> Vec<PathBuf> {
    let user = env
        .base("XDG_CONFIG_HOME", ".config")
        .join("open-terminal/config.toml");
    let by_variables = env.own().filter(|(name, _)| name.ends_with(b"_FILE"));
    let values = by_variables.map(|(_, path)| PathBuf::from(path));
    let here = env.directory().unwrap_or(Path::new("/"));
    // What is put there later is hidden with the directory.
    let system = Path::new(file::SYSTEM).parent().map(Path::to_owned);
    system
        .into_iter()
        .chain([user])
        .chain(flags.config.clone())
        .chain(values)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| here.join(path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn what_is_set_arrives_and_secrets_do_not() {
        let env = Environment::from_pairs([
            ("HOME", "/nowhere"),
            ("OPEN_TERMINAL_API_KEY", "secret-1"),
            ("OPEN_TERMINAL_INFO", "a \"b\"\nc"),
            ("OPEN_TERMINAL_COMMAND_MEMORY_LIMIT", "25%"),
            ("OPEN_TERMINAL_TOTAL_PIDS_LIMIT", "none"),
            ("OPEN_TERMINAL_MULTI_USER", "yes"),
            ("OPEN_TERMINAL_MAX_SESSIONS", "3"),
            ("OPEN_TERMINAL_EXECUTE_TIMEOUT", "0.5"),
            ("OPEN_TERMINAL_PORT", "7"),
        ])
        .in_directory("/");
        let loaded = config::load(&Flags::default(), &env).unwrap();
        let text = hand_over(&loaded, &[("api_key", "other"), ("log_dir", "/l o\"g")]);
        assert!(!text.contains("secret-1"), "{text}");
        let config = handed(&text, Path::new("/d"), &Environment::default()).unwrap();
        let all = &loaded.config;
        assert_eq!(config.api_key.as_bytes(), b"other");
        assert_eq!(config.log_dir, Path::new("/l o\"g"));
        assert_eq!(config.cwd, Path::new("/d"));
        assert_eq!(config.port, 8000, "the server's own matter");
        assert_eq!(config.info, all.info);
        assert_eq!(config.command_limits, all.command_limits);
        assert_eq!(config.total_limits, all.total_limits);
        assert_eq!(config.execute_timeout, all.execute_timeout);
        assert_eq!(config.max_terminal_sessions, 3);
        assert!(config.multi_user);
    }

    #[test]
    fn files_with_settings_and_secrets_are_known() {
        let env = Environment::from_pairs([
            ("HOME", "/h"),
            ("OPEN_TERMINAL_API_KEY_FILE", "/run/secrets/key"),
        ])
        .in_directory("/w");
        let flags = Flags {
            config: Some("c.toml".into()),
            ..Flags::default()
        };
        let files = own_files(&flags, &env);
        for path in [
            "/etc/open-terminal",
            "/h/.config/open-terminal/config.toml",
            "/w/c.toml",
            "/run/secrets/key",
        ] {
            assert!(files.contains(&path.into()), "{path}: {files:?}");
        }
    }
}
