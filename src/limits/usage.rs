//! Usage: what a command has taken so far, and which limits it has met.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bounds::readable;

/// What a command, a workspace or all of the server's commands have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time of all its processes, those that have ended too.
    pub cpu: Duration,
    /// Most memory it had at once, in bytes. With cgroups that is what the kernel charges to it, files it has in
    /// the page cache too; else the sum over its processes, as often as anybody looked.
    pub memory_peak: u64,
}

/// What a workspace, or all of the server's commands, use now. None: not known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Present {
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Swap in bytes.
    pub swap_bytes: Option<u64>,
    /// Processor time so far, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// What a limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Memory, swap included where that is bounded: processes were killed.
    Memory,
    /// Processes and threads: making more failed; the watchdog ends the command.
    Pids,
    /// Processor time: it was held back.
    Cpu,
}

impl Kind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpu => "cpu",
        }
    }
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The command's (or terminal's) own.
    Command,
    /// That of all the workspace runs.
    User,
    /// That of all the server runs.
    Total,
    /// None of ours: the machine or the container had no more.
    System,
}

impl Scope {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::User => "user",
            Self::Total => "total",
            Self::System => "system",
        }
    }
}

/// How much a limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Amount {
    /// Bytes, or processes.
    Whole(u64),
    /// Processors, or seconds.
    Cores(f64),
}

/// A limit that struck.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strike {
    /// What it bounds.
    pub kind: Kind,
    /// Whose it is.
    pub scope: Scope,
    /// How much it allows; none when it is not ours and not known.
    pub value: Option<Amount>,
    /// How often it struck: processes killed for memory, processes refused, periods in which the command had to wait
    /// for the processor.
    pub hits: u64,
}

impl Strike {
    /// Why something was killed, and what may be done, in words that follow "killed: "; none when this limit only
    /// holds back.
    ///
    /// `asked`: the command's own limit is what its request asked for.
    pub(super) fn why_killed(&self, asked: bool) -> Option<String> {
        match self.kind {
            Kind::Memory => Some(self.memory_words(asked)),
            Kind::Pids => Some(self.pids_words(asked)),
            Kind::Cpu => None,
        }
    }

    fn memory_words(&self, asked: bool) -> String {
        let amount = match self.value {
            Some(Amount::Whole(bytes)) => format!("the {} of memory", readable(bytes)),
            _ => "the memory".to_owned(),
        };
        match self.scope {
            Scope::Command if asked => format!(
                "it needed more than {amount} that its request asked for. Do the work in smaller pieces, or ask for more with memory_limit"
            ),
            Scope::Command => format!(
                "it needed more than {amount} that one command or terminal may use here. Do the work in smaller pieces, or have command_memory_limit raised"
            ),
            Scope::User => format!(
                "all commands and terminals of this workspace together needed more than {amount} they may use. End others first, or have user_memory_limit raised"
            ),
            Scope::Total => format!(
                "all that this server runs together needed more than {amount} it may use. End other commands first, or have total_memory_limit raised"
            ),
            Scope::System => "the machine, or its container, had no memory left. Do the work in smaller pieces, or end other commands first".to_owned(),
        }
    }

    fn pids_words(&self, asked: bool) -> String {
        let amount = match self.value {
            Some(Amount::Whole(number)) => format!("the {number} processes and threads"),
            _ => "the processes and threads".to_owned(),
        };
        if asked && self.scope == Scope::Command {
            return format!(
                "it had more than {amount} that its request asked for. Start fewer at a time, or ask for more with pids_limit"
            );
        }
        let (who, setting) = match self.scope {
            Scope::Command | Scope::System => ("it had more than", "command_pids_limit"),
            Scope::User => (
                "all commands and terminals of this workspace together had more than",
                "user_pids_limit",
            ),
            Scope::Total => (
                "all that this server runs together had more than",
                "total_pids_limit",
            ),
        };
        format!("{who} {amount} allowed here. Start fewer at a time, or have {setting} raised")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_told_with_the_amount_and_the_setting_to_raise() {
        let words = |kind, scope, value| {
            let strike = Strike {
                kind,
                scope,
                value,
                hits: 1,
            };
            strike.why_killed(false)
        };
        let memory = Some(Amount::Whole(512_000_000));
        let command = words(Kind::Memory, Scope::Command, memory).unwrap();
        assert!(command.contains("512 MB") && command.contains("command_memory_limit"));
        let user = words(Kind::Memory, Scope::User, memory).unwrap();
        assert!(user.contains("512 MB") && user.contains("user_memory_limit"));
        let system = words(Kind::Memory, Scope::System, None).unwrap();
        assert!(system.contains("machine"), "{system}");
        let pids = words(Kind::Pids, Scope::Total, Some(Amount::Whole(50))).unwrap();
        assert!(pids.contains("50") && pids.contains("total_pids_limit"));
        assert_eq!(
            words(Kind::Cpu, Scope::Command, Some(Amount::Cores(0.5))),
            None
        );
    }

    #[test]
    fn who_asked_for_less_is_told_to_ask_for_more() {
        let strike = |kind| Strike {
            kind,
            scope: Scope::Command,
            value: Some(Amount::Whole(64)),
            hits: 1,
        };
        let memory = strike(Kind::Memory).why_killed(true).unwrap();
        assert!(memory.contains("request") && memory.contains("memory_limit"));
        let pids = strike(Kind::Pids).why_killed(true).unwrap();
        assert!(pids.contains("request") && pids.contains("pids_limit"));
    }
}
