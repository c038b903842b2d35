//! `open-terminal users`: who has an account here, and the end of one.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use super::{command, flags, output};
use crate::config::{self, Environment};
use crate::users::{Entry, Error, Settings, Users};

/// The grammar below `users`.
pub(super) fn with_subcommands(command: Command) -> Command {
    let list = Command::new("list")
        .about("Print the users: account, uid, home, state and id")
        .defer(|command| {
            command::with_settings(command).arg(
                Arg::new("json")
                    .long("json")
                    .action(ArgAction::SetTrue)
                    .help("Print a JSON array"),
            )
        });
    let remove = Command::new("remove")
        .about("Remove a user's account, home and logs; the uid is never given to another")
        .defer(|command| {
            command::with_settings(command).args([
                Arg::new("user")
                    .value_name("ID_OR_NAME")
                    .required(true)
                    .help("The client's user id, or the name of its account"),
                Arg::new("keep-home")
                    .long("keep-home")
                    .action(ArgAction::SetTrue)
                    .help("Leave home and logs, which the same id gets back when it comes again"),
            ])
        });
    command
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommands([list, remove])
}

/// Does what is asked for and gives the exit status.
pub(super) fn main(matches: &ArgMatches, env: &Environment) -> ExitCode {
    let (action, matches) = matches.subcommand().expect("it is required");
    let loaded = match config::load(&flags(matches), env) {
        Ok(loaded) => loaded,
        Err(error) => return super::refuse(&error),
    };
    for warning in &loaded.warnings {
        output::complain(&format!("warning: {warning}"));
    }
    let settings = Settings::of(&loaded.config);
    let done = if action == "list" {
        list(settings, matches.get_flag("json"))
    } else {
        let user = matches.get_one::<String>("user").expect("it is required");
        remove(settings, user, matches.get_flag("keep-home"))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn list(settings: Settings, as_json: bool) -> Result<(), Error> {
    let entries = Users::open(settings)?.list();
    if as_json {
        let entries: Vec<_> = entries.iter().map(members).collect();
        output::line(&format!("{:#}", json!(entries)));
    } else {
        for line in table(&entries) {
            output::line(&line);
        }
    }
    Ok(())
}

fn remove(settings: Settings, user: &str, keep_home: bool) -> Result<(), Error> {
    let Entry {
        name, uid, home, ..
    } = Users::open(settings)?.remove(user, keep_home)?;
    let home = home.display();
    let rest = if keep_home {
        format!("{home} was kept")
    } else {
        format!("{home} was removed")
    };
    output::line(&format!("{name} (uid {uid}) was removed; {rest}"));
    Ok(())
}

fn members(entry: &Entry) -> serde_json::Value {
    json!({
        "id": entry.id,
        "name": entry.name,
        "uid": entry.uid,
        "home": entry.home.to_string_lossy(),
        "has_account": entry.has_account,
        "has_home": entry.has_home,
        "removed": entry.removed,
    })
}

/// The users in columns, below a line that names them. An id may hold blanks and comes last.
fn table(entries: &[Entry]) -> Vec<String> {
    let head = ["NAME", "UID", "HOME", "STATE", "ID"].map(str::to_owned);
    let rows = entries.iter().map(|entry| {
        let uid = entry.uid.to_string();
        let home = entry.home.to_string_lossy().into_owned();
        let state = state(entry).to_owned();
        [entry.name.clone(), uid, home, state, entry.id.clone()]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max();
    let widths: Vec<usize> = (0..4).filter_map(width).collect();
    let line = |row: &[String; 5]| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        line + &row[4]
    };
    rows.iter().map(line).collect()
}

/// Missing accounts and homes are made when their user comes.
fn state(entry: &Entry) -> &'static str {
    match (entry.removed, entry.has_account, entry.has_home) {
        (true, _, _) => "removed, home kept",
        (_, true, true) => "ready",
        (_, false, true) => "no account now",
        (_, true, false) => "no home now",
        (_, false, false) => "no account and home now",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let entry = Entry {
            id: "an id".to_owned(),
            name: "anid".to_owned(),
            uid: 10_000,
            home: "/home/anid".into(),
            has_account: true,
            has_home: true,
            removed: false,
        };
        let wanted = [
            "NAME  UID    HOME        STATE  ID",
            "anid  10000  /home/anid  ready  an id",
        ];
        assert_eq!(table(&[entry]), wanted);
        assert_eq!(table(&[]), ["NAME  UID  HOME  STATE  ID"]);
    }
}
