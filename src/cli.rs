//! The command line: what a person types, turned into settings and one of six actions.

mod command;
mod health;
mod output;
mod users;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;

use crate::config::{self, ConfigError, Environment, Flags, Loaded, Startup};
use crate::server;

/// Does what `args` (the program's name first) ask for and gives the exit status.
///
/// `hidden` says whether the arguments and the environment can no longer be read by others.
pub fn main(args: Vec<OsString>, env: Environment, hidden: bool) -> ExitCode {
    let matches = match command::command_for(&args).try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(answer) => return output::not_run(&answer),
    };
    match matches.subcommand() {
        Some(("config", matches)) => match matches.get_one::<PathBuf>("check") {
            Some(file) => check(file),
            None => show(matches, &env),
        },
        Some(("health", matches)) => health::main(matches, &env),
        Some(("users", matches)) => users::main(matches, &env),
        Some(("completions", matches)) => {
            output::completions(matches);
            ExitCode::SUCCESS
        }
        Some((_, matches)) => run(matches, env, hidden),
        None => run(&matches, env, hidden),
    }
}

/// Starts the server and stays until its end.
fn run(matches: &ArgMatches, env: Environment, hidden: bool) -> ExitCode {
    let flags = flags(matches);
    let tunnel = flags.tunnel;
    match config::load(&flags, &env) {
        Ok(loaded) => serve(&Startup {
            loaded,
            env,
            tunnel,
            hidden,
        }),
        Err(error) => refuse(&error),
    }
}

fn serve(startup: &Startup) -> ExitCode {
    match server::run(startup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output::complain(&problem);
            ExitCode::FAILURE
        }
    }
}

/// Prints the settings in force.
fn show(matches: &ArgMatches, env: &Environment) -> ExitCode {
    match config::load(&flags(matches), env) {
        Ok(Loaded {
            settings, warnings, ..
        }) => {
            for warning in &warnings {
                output::complain(&format!("warning: {warning}"));
            }
            output::settings(&settings);
            ExitCode::SUCCESS
        }
        Err(error) => refuse(&error),
    }
}

/// Validates a settings file.
fn check(file: &Path) -> ExitCode {
    let problems = config::check(file);
    if problems.is_empty() {
        output::line(&format!("{}: ok", file.display()));
        return ExitCode::SUCCESS;
    }
    for problem in &problems {
        output::complain(&problem.to_string());
    }
    ExitCode::from(2)
}

fn refuse(error: &ConfigError) -> ExitCode {
    output::complain(&error.to_string());
    ExitCode::from(error.exit_status())
}

/// What the command line says about settings.
fn flags(matches: &ArgMatches) -> Flags {
    let given = |setting: &'static config::Setting| {
        let value = matches.get_one::<String>(setting.name)?;
        Some((setting, value.clone()))
    };
    let path = |name| matches.get_one::<PathBuf>(name).cloned();
    Flags {
        values: config::settings().filter_map(given).collect(),
        config: path("config"),
        cwd: path("cwd"),
        tunnel: matches!(matches.try_get_one("cftunnel"), Ok(Some(true))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Flags, String> {
        let args = ["open-terminal"].iter().chain(args).map(OsString::from);
        let args: Vec<OsString> = args.collect();
        let matches = command::command_for(&args).try_get_matches_from(args);
        let matches = matches.map_err(|error| output::usage_line(&error))?;
        Ok(flags(matches.subcommand().map_or(&matches, |(_, sub)| sub)))
    }

    fn values(args: &[&str]) -> Vec<(&'static str, String)> {
        let flags = parse(args).unwrap_or_else(|line| panic!("{line}"));
        flags.values.into_iter().map(|(s, v)| (s.name, v)).collect()
    }

    #[test]
    fn the_command_is_well_formed() {
        command::command().debug_assert();
    }

    #[test]
    fn flags_are_taken_with_and_without_run() {
        let wanted = vec![("host", "h".to_owned()), ("port", "1".to_owned())];
        assert_eq!(values(&["--port", "1", "--host", "h"]), wanted);
        assert_eq!(values(&["run", "--port", "1", "--host=h"]), wanted);
        assert_eq!(values(&["config", "--port", "1", "--host=h"]), wanted);
    }

    #[test]
    fn every_setting_has_a_flag() {
        for setting in config::settings() {
            let flag = format!("--{}", setting.flag());
            let found = values(&["run", &flag, "x"]);
            assert_eq!(found, [(setting.name, "x".to_owned())]);
        }
    }

    #[test]
    fn the_last_of_a_repeated_flag_counts() {
        assert_eq!(
            values(&["--port", "1", "--port", "2"]),
            [("port", "2".to_owned())]
        );
    }

    #[test]
    fn json_logs_needs_no_value() {
        let on = ("json_logs", "true".to_owned());
        assert_eq!(values(&["run", "--json-logs"]), std::slice::from_ref(&on));
        assert_eq!(
            values(&["run", "--json-logs", "--port", "1"]),
            [("port", "1".to_owned()), on]
        );
        assert_eq!(
            values(&["run", "--json-logs=no"]),
            [("json_logs", "no".to_owned())]
        );
    }

    #[test]
    fn keys_and_numbers_may_begin_with_a_dash() {
        assert_eq!(
            values(&["--api-key", "-_x"]),
            [("api_key", "-_x".to_owned())]
        );
        assert_eq!(
            values(&["--kill-grace", "-1"]),
            [("kill_grace", "-1".to_owned())]
        );
    }

    #[test]
    fn usage_errors_are_one_line_that_helps() {
        let line = |args: &[&str]| parse(args).err().expect("refused");
        for args in [
            &["run", "--prot", "1"][..],
            &["serve"],
            &["run", "--port"],
            &["run", "extra"],
            &["run", "--yes"],
        ] {
            let line = line(args);
            assert!(!line.contains('\n') && line.contains("--help"), "{line}");
        }
        assert!(line(&["run", "--prot", "1"]).contains("'--port'"));
        assert!(line(&["run", "--yes"]).contains("--cftunnel"));
    }

    #[test]
    fn the_tunnel_is_asked_for_by_its_flag() {
        let tunnel = |args| parse(args).is_ok_and(|flags| flags.tunnel);
        assert!(tunnel(&["run", "--cftunnel", "--yes"]));
        assert!(!tunnel(&["run"]));
        assert!(!tunnel(&["config"]));
    }
}
