//! What the command line prints: lines, complaints, settings and completion scripts.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ArgMatches;
use clap::error::ErrorKind;
use clap_complete::Shell;

use super::command;
use crate::config::Effective;

/// Prints a line. That nobody reads it is no reason to fail.
pub(super) fn line(text: &str) {
    writeln!(io::stdout(), "{text}").ok();
}

/// Prints a complaint on standard error.
pub(super) fn complain(text: &str) {
    writeln!(io::stderr(), "open-terminal: {text}").ok();
}

/// Prints the settings as a settings file, each with its origin.
pub(super) fn settings(settings: &[Effective]) {
    let mut out = Vec::new();
    for Effective {
        name,
        value,
        origin,
    } in settings
    {
        writeln!(out, "{name} = {value}   # {origin}").ok();
    }
    io::stdout().write_all(&out).ok();
}

/// Prints the completion script for the shell that `matches` name.
pub(super) fn completions(matches: &ArgMatches) {
    let shell = matches.get_one::<Shell>("shell").expect("it is required");
    let mut script = Vec::new();
    clap_complete::generate(
        *shell,
        &mut command::command(),
        "open-terminal",
        &mut script,
    );
    io::stdout().write_all(&script).ok();
}

/// Answers a command line that starts nothing: help and version as asked for, or a complaint.
pub(super) fn not_run(answer: &clap::Error) -> ExitCode {
    match answer.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            answer.print().ok();
            ExitCode::SUCCESS
        }
        _ => {
            complain(&usage_line(answer));
            ExitCode::from(2)
        }
    }
}

/// A usage error on one line: what is wrong, what was perhaps meant, where to read on.
pub(super) fn usage_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut parts: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n") {
        let joined = paragraph
            .lines()
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" ");
        if joined.starts_with("Usage:") || joined.starts_with("For more information") {
            continue;
        }
        let part = joined
            .trim_start_matches("error: ")
            .trim_start_matches("tip: ");
        if !part.is_empty() {
            parts.push(part.to_owned());
        }
    }
    parts.push("see open-terminal --help".to_owned());
    parts.join("; ")
}
