//! A request to run a command, as it comes on the wire.

use utoipa::ToSchema;

use crate::api::validate::{Fields, Noted, Number, Read, Text, Variables};
use crate::api::{Error, limits};
use crate::limits::Bounds;

/// Longest single argument or variable the kernel passes to a program, in bytes, without the NUL at its end.
const LONGEST_ARGUMENT: usize = 131_071;

/// A command to run.
#[derive(Debug, ToSchema)]
pub(in crate::api) struct ExecRequest {
    /// The shell command line, as you would type it: pipes, redirections, `&&` and several lines all work. It is run by /bin/sh.
    #[schema(examples("echo hello", "ls -la && whoami"))]
    pub(super) command: String,
    /// Directory to run in; a relative one starts from the session's current directory, which is also the default.
    #[schema(nullable = false)]
    pub(super) cwd: Option<String>,
    /// Environment variables to set for this command, on top of those it has anyway.
    #[schema(nullable = false, value_type = Option<std::collections::HashMap<String, String>>)]
    pub(super) env: Option<Vec<(String, String)>>,
    /// End the command after this many seconds if it still runs then. Without it a command may run for ever.
    #[schema(nullable = false, exclusive_minimum = 0)]
    pub(super) timeout: Option<f64>,
    /// Most memory for the command and all it starts, as text with a unit or in bytes. When it uses more, it or a part of it is killed, and the answer says so. Only less than the server allows can be asked for; leave it out to get that. Use it to try something that may run wild.
    #[schema(nullable = false, value_type = Option<String>, examples("512M", "2GiB"))]
    memory_limit: Option<u64>,
    /// Most swap beside the memory, written in the same way. Leave it out unless you know that it swaps.
    #[schema(nullable = false, value_type = Option<String>, examples("0", "1G"))]
    swap_limit: Option<u64>,
    /// Most processors to use at once, such as 0.5 for half of one. The command is slowed down to that, never ended.
    #[schema(nullable = false, minimum = 0.01)]
    cpu_limit: Option<f64>,
    /// Most processes and threads at once. When there are as many, making another fails, or the command is killed.
    #[schema(nullable = false, minimum = 4)]
    pids_limit: Option<u64>,
    /// Share of the disk's time against other commands: 100 is usual, less lets others go first.
    #[schema(nullable = false, minimum = 1, maximum = 10000)]
    io_weight: Option<u64>,
}

impl Read for ExecRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let command = fields.required("command", Text);
        let cwd = fields.optional("cwd", Text);
        let env = fields.optional("env", Variables);
        let timeout = fields.optional(
            "timeout",
            Number {
                above: Some(0.0),
                ..Number::default()
            },
        );
        let memory_limit = fields.optional("memory_limit", limits::MEMORY);
        let swap_limit = fields.optional("swap_limit", limits::SWAP);
        let cpu_limit = fields.optional("cpu_limit", limits::CPU);
        let pids_limit = fields.optional("pids_limit", limits::PIDS);
        let io_weight = fields.optional("io_weight", limits::IO_WEIGHT);
        Ok(Self {
            command: command?,
            cwd: cwd?,
            env: env?,
            timeout: timeout?,
            memory_limit: memory_limit?,
            swap_limit: swap_limit?,
            cpu_limit: cpu_limit?,
            pids_limit: pids_limit?,
            io_weight: io_weight?,
        })
    }
}

impl ExecRequest {
    /// The limits it asks for.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            memory: self.memory_limit,
            swap: self.swap_limit,
            cpu: self.cpu_limit,
            pids: self.pids_limit,
            io_weight: self
                .io_weight
                .map(|weight| u16::try_from(weight).unwrap_or(u16::MAX)),
        }
    }

    /// The kernel refuses to pass on longer ones, and would not say which it was.
    pub(super) fn check_lengths(&self) -> Result<(), Error> {
        if self.command.len() > LONGEST_ARGUMENT {
            return Err(Error::TooLarge(format!(
                "the command is {} bytes long, and the system takes {LONGEST_ARGUMENT} at most; write it to a file and run that as a script",
                self.command.len()
            )));
        }
        let variables = self.env.iter().flatten();
        let mut lengths = variables.map(|(name, value)| (name, name.len() + 1 + value.len()));
        match lengths.find(|(_, length)| *length > LONGEST_ARGUMENT) {
            Some((name, length)) => Err(Error::TooLarge(format!(
                "the variable {name:.100} is {length} bytes long with its name, and the system takes {LONGEST_ARGUMENT} at most; write its value to a file instead"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::validate::Problems;
    use serde_json::{Value, json};

    fn read(body: &str) -> Result<Bounds, Value> {
        let mut problems = Problems::default();
        let read = ExecRequest::read(&mut Fields::of_body(body, &mut problems).unwrap());
        read.map(|request| request.bounds())
            .map_err(|Noted| json!(problems))
    }

    #[test]
    fn a_request_may_name_any_limit_as_number_or_as_text() {
        assert_eq!(read(r#"{"command": "x"}"#), Ok(Bounds::default()));
        let all = r#"{"command": "x", "memory_limit": "256M", "swap_limit": 0, "cpu_limit": 0.5, "pids_limit": "64", "io_weight": 10}"#;
        let bounds = Bounds {
            memory: Some(256_000_000),
            swap: Some(0),
            cpu: Some(0.5),
            pids: Some(64),
            io_weight: Some(10),
        };
        assert_eq!(read(all), Ok(bounds));
        let nulls = r#"{"command": "x", "memory_limit": null, "io_weight": null}"#;
        assert_eq!(read(nulls), Ok(Bounds::default()));
    }

    #[test]
    fn every_wrong_limit_is_told() {
        let body = r#"{"command": "x", "memory_limit": "much", "swap_limit": -1, "cpu_limit": 0, "pids_limit": 3, "io_weight": 10001}"#;
        let found = read(body).unwrap_err();
        let told: Vec<_> = (found.as_array().unwrap().iter())
            .map(|each| {
                (
                    each["loc"][1].as_str().unwrap(),
                    each["type"].as_str().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("memory_limit", "value_error"),
            ("swap_limit", "greater_than_equal"),
            ("cpu_limit", "greater_than_equal"),
            ("pids_limit", "greater_than_equal"),
            ("io_weight", "less_than_equal"),
        ];
        assert_eq!(told, expected);
    }
}
