//! The grammar of the command line, made from the table of settings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};
use clap_complete::Shell;

use crate::config::{Initial, Kind, SECTIONS, Setting};

const NAMES: [&str; 5] = ["run", "config", "health", "users", "completions"];

/// The whole grammar. Without a subcommand it is that of `run`.
pub(super) fn command() -> Command {
    with_run_flags(subcommands())
}

/// As much of the grammar as `args`, the program's name first, can need. Making all flags twice
/// is a good part of a start.
pub(super) fn command_for(args: &[OsString]) -> Command {
    match args.get(1) {
        Some(first) if NAMES.iter().any(|name| first == name) => subcommands(),
        _ => command(),
    }
}

/// The subcommands, which make their flags when they are used.
fn subcommands() -> Command {
    let [run, config, health, users, completions] = NAMES;
    let run = Command::new(run)
        .about("Start the server; the same as no command")
        .defer(with_run_flags);
    let config = Command::new(config)
        .about("Print the settings in force and where each comes from, or check a file")
        .defer(|command| with_settings(command).arg(check_flag()));
    let health = Command::new(health)
        .about("Ask the server with these settings whether it is well; exit status 0 when it is")
        .defer(with_settings);
    let users = Command::new(users)
        .about("List the users that have accounts, or remove one")
        .defer(super::users::with_subcommands);
    let completions = Command::new(completions)
        .about("Print a completion script for a shell")
        .arg(
            Arg::new("shell")
                .value_name("SHELL")
                .help("The shell")
                .required(true)
                .value_parser(value_parser!(Shell)),
        );
    Command::new("open-terminal")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A computer for an AI assistant, over HTTP. Without a command, starts the server.")
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommands([run, config, health, users, completions])
}

/// The flags of `run`.
fn with_run_flags(command: Command) -> Command {
    with_settings(command).args([
        Arg::new("cftunnel")
            .long("cftunnel")
            .action(ArgAction::SetTrue)
            .help("Publish the server by a Cloudflare tunnel; needs a key of your own, and listens on 127.0.0.1 unless told otherwise"),
        Arg::new("yes")
            .long("yes")
            .action(ArgAction::SetTrue)
            .requires("cftunnel")
            .help("Accepted with --cftunnel and does nothing: cloudflared is never downloaded"),
    ])
}

/// A flag for every setting, and where else settings come from.
pub(super) fn with_settings(command: Command) -> Command {
    let mut command = command.args_override_self(true).next_line_help(true).args([
        Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Settings file, in place of the one in the user's configuration directory"),
        Arg::new("cwd")
            .long("cwd")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help("Working directory of the server and of commands that name none"),
    ]);
    for section in SECTIONS {
        command = command.next_help_heading(section.title);
        command = command.args(section.settings.iter().map(flag));
    }
    command.next_help_heading(None::<&str>)
}

fn flag(setting: &'static Setting) -> Arg {
    let number = matches!(
        setting.kind,
        Kind::Count { .. }
            | Kind::Bytes { .. }
            | Kind::Seconds { .. }
            | Kind::Memory { .. }
            | Kind::Cores
    );
    let arg = Arg::new(setting.name)
        .long(setting.flag())
        .value_name(setting.kind.placeholder())
        .help(help(setting))
        .allow_negative_numbers(number)
        .allow_hyphen_values(setting.secret);
    if setting.kind == Kind::Bool {
        arg.num_args(0..=1).default_missing_value("true")
    } else {
        arg
    }
}

/// What the setting does, its default and its variable.
fn help(setting: &Setting) -> String {
    let default = match setting.initial {
        Initial::Value("") => "empty",
        Initial::Value(text) => text,
        Initial::Described { unset, .. } => unset,
    };
    let variable = setting.variable();
    format!("{} [default: {default}] [env: {variable}]", setting.doc)
}

fn check_flag() -> Arg {
    Arg::new("check")
        .long("check")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .exclusive(true)
        .help("Validate a settings file: exit status 2 and a line for each problem")
}
