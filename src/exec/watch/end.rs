//! The end of a command: of its shell, and of what that has left running.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::Instant;

use super::Watch;
use crate::exec::log::End;
use crate::exec::process::{State, Told};
use crate::exec::{Spent, Status, Struck};
use crate::limits::{Kind, Strike};
use crate::sandbox::Exit;
use crate::sys::Rusage;

/// How often what a shell left running is looked at for kills: nobody tells of them while something is left.
const LOOK: Duration = Duration::from_secs(3);

/// What a limit has killed.
enum Victim {
    /// The shell.
    Shell,
    /// Something else, before the shell had ended.
    Part,
    /// So many processes that the shell had left running, and whether nothing of these is left.
    Survivors(u64, bool),
}

impl Watch {
    pub(super) async fn on_gone(&mut self, used: Rusage) {
        self.drain().await;
        if !self.exited {
            self.ending = true;
            self.on_exit(Exit::Signal(Signal::SIGKILL as i32), false, used);
        }
        self.finish_text();
        if self.look_at.is_some() {
            self.count_survivors(used);
        }
        self.process.change(State::is_gone);
    }

    pub(super) fn on_exit(&mut self, exit: Exit, children: bool, used: Rusage) {
        self.exited = true;
        self.due = None;
        if children {
            self.look_at = Some(Instant::now() + LOOK);
        } else {
            self.finish_text();
        }
        let (exit_code, signal) = (exit.code(), exit.signal());
        let leaf = self.running.leaf();
        let usage = Spent::new(leaf.usage_with(used), self.process.began.elapsed());
        let strike = leaf.strike();
        let killed = exit == Exit::Signal(Signal::SIGKILL as i32) && !self.ending;
        let why = strike.and_then(|strike| Some((strike, leaf.why_killed(&strike)?)));
        // A limit that kills ends the command as much as a request does.
        self.ending |= killed && why.is_some();
        if let Some((strike, why)) = why {
            let victim = if killed { Victim::Shell } else { Victim::Part };
            self.tell_of_kill(strike, &why, &victim);
        }
        let status = if self.ending {
            Status::Killed
        } else {
            Status::Done
        };
        if let Some(strike) = strike {
            self.process.note_limit(strike.into());
        }
        self.write_end(&Told {
            exit_code: Some(exit_code),
            signal,
            spent: Some(usage),
            ..self.process.told()
        });
        self.process.change(|state| {
            state.status = status;
            state.exit_code = Some(exit_code);
            state.signal = signal;
            state.spent = Some(usage);
        });
        // Nobody reads any more what was typed for the shell.
        self.typing.clear();
    }

    /// Writes the record of the end with what is known by now: of several the last counts.
    fn write_end(&self, told: &Told) {
        self.process.log.end(&End {
            exit_code: told.exit_code,
            signal: told.signal,
            killed: self.ending,
            usage: told.spent,
            limit: told.limit.as_ref(),
        });
    }

    /// Adds what the shell had left running, of which nothing is left. Without such, what was told and written at the
    /// shell's end stays as it is: the kernel's counters go on for a moment yet.
    fn count_survivors(&mut self, used: Rusage) {
        let usage = self.running.leaf().usage_with(used);
        self.process.change(|state| {
            if let Some(spent) = &mut state.spent {
                *spent = spent.and_then(usage);
            }
        });
        self.note_late_strike(true);
        self.write_end(&self.process.told());
    }

    /// Looks whether a limit has killed what the shell left running.
    pub(super) fn look_at_survivors(&mut self) {
        self.look_at = Some(Instant::now() + LOOK);
        if self.note_late_strike(false) {
            self.write_end(&self.process.told());
        }
    }

    /// Notes a limit that struck after the shell's end, and tells of what it killed; `gone`: nothing is left. False when
    /// there is nothing new.
    fn note_late_strike(&mut self, gone: bool) -> bool {
        let leaf = self.running.leaf();
        let Some(strike) = leaf.strike() else {
            return false;
        };
        let why = leaf.why_killed(&strike);
        // What only holds back is noted once, at the end.
        if why.is_none() && !gone {
            return false;
        }
        let same = |noted: &Struck| noted.kind == strike.kind.as_str();
        let before = self.process.told().limit.filter(same);
        let more = strike
            .hits
            .saturating_sub(before.map_or(0, |noted| noted.hits));
        if !self.process.note_limit(strike.into()) {
            return false;
        }
        if let Some(why) = why {
            self.tell_of_kill(strike, &why, &Victim::Survivors(more, gone));
        }
        true
    }

    /// Says in the output what a limit has killed, for who reads it and wonders.
    fn tell_of_kill(&mut self, strike: Strike, why: &str, victim: &Victim) {
        let what = match (victim, strike.kind, strike.hits) {
            (Victim::Shell, ..) => "The command was killed".to_owned(),
            (Victim::Part, Kind::Memory, 1) => "A process of this command was killed".to_owned(),
            (Victim::Part, Kind::Memory, many) => {
                format!("{many} processes of this command were killed")
            }
            (Victim::Part, Kind::Pids | Kind::Cpu, _) => return,
            (Victim::Survivors(_, true), ..) => {
                "What this command had left running was killed".to_owned()
            }
            (Victim::Survivors(1, false), ..) => {
                "A process that this command had left running was killed".to_owned()
            }
            (Victim::Survivors(many, false), ..) => {
                format!("{many} processes that this command had left running were killed")
            }
        };
        self.let_go();
        let before = if self.mid_line { "\n" } else { "" };
        self.process
            .log
            .append(&format!("{before}[{what}: {why}.]\n"));
        self.mid_line = false;
    }
}
