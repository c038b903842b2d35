//! What is held, and the reasons for what is not.

use std::io;

use serde::{Deserialize, Serialize};

use super::Holds;
use super::shape::{Role, Shape};

/// What can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Held {
    Memory,
    Swap,
    Cpu,
    Pids,
    Io,
}

/// Why something is not held, by what it is: the first reason counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reasons(Vec<(Held, String)>);

impl Held {
    /// What every server wants; the others only when they are set.
    pub(super) const MAIN: [Self; 3] = [Self::Memory, Self::Cpu, Self::Pids];

    fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Swap => "swap",
            Self::Cpu => "processor time",
            Self::Pids => "processes",
            Self::Io => "the disk's time",
        }
    }

    /// What is not held without this.
    fn of(role: Role) -> Option<Self> {
        match role {
            Role::Memory => Some(Self::Memory),
            Role::Cpu | Role::Accounting => Some(Self::Cpu),
            Role::Pids => Some(Self::Pids),
            Role::Io => Some(Self::Io),
            Role::Freezer => None,
        }
    }

    fn in_holds(self, holds: &mut Holds) -> &mut bool {
        match self {
            Self::Memory => &mut holds.memory,
            Self::Swap => &mut holds.swap,
            Self::Cpu => &mut holds.cpu,
            Self::Pids => &mut holds.pids,
            Self::Io => &mut holds.io_weight,
        }
    }
}

impl Holds {
    pub(super) fn anything(self) -> bool {
        self.memory || self.cpu || self.pids
    }
}

impl Reasons {
    pub(super) fn note(&mut self, role: Role, reason: String) {
        if let Some(held) = Held::of(role) {
            self.note_held(held, reason);
        }
    }

    pub(super) fn note_held(&mut self, held: Held, reason: String) {
        if self.of(held).is_none() {
            self.0.push((held, reason));
        }
    }

    /// A bound was refused: it is not held from here on.
    pub(super) fn refused(&mut self, holds: &mut Holds, held: Held, error: &io::Error) {
        *held.in_holds(holds) = false;
        if held == Held::Memory {
            holds.swap = false;
        }
        let word = held.word();
        self.note_held(
            held,
            format!("the kernel refused the limit on {word} that is set: {error}"),
        );
    }

    /// What a branch of this shape holds.
    pub(super) fn holds(&mut self, shape: &Shape) -> Holds {
        for role in Role::ALL.into_iter().filter(|role| !shape.has(*role)) {
            let name = role.controller(super::mounts::Version::One);
            self.note(role, super::trouble::no_such_controller(name.unwrap_or("")));
        }
        Holds {
            memory: shape.has(Role::Memory),
            swap: shape.has(Role::Memory),
            cpu: shape.has(Role::Cpu) && shape.has(Role::Accounting),
            pids: shape.has(Role::Pids),
            io_weight: shape.has(Role::Io),
        }
    }

    pub(super) fn of(&self, held: Held) -> Option<&str> {
        self.0
            .iter()
            .find(|(what, _)| *what == held)
            .map(|(_, reason)| reason.as_str())
    }

    /// A sentence for each reason, with all it is the reason for.
    pub(super) fn sentences(&self, of: &[Held]) -> Vec<String> {
        let mut grouped: Vec<(&str, Vec<&str>)> = Vec::new();
        for held in of {
            let Some(reason) = self.of(*held) else {
                continue;
            };
            match grouped.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, words)) => words.push(held.word()),
                None => grouped.push((reason, vec![held.word()])),
            }
        }
        grouped
            .into_iter()
            .map(|(reason, words)| format!("no cgroup for {}: {reason}", list(&words)))
            .collect()
    }

    pub(super) fn in_words(&self, of: &[Held]) -> String {
        self.sentences(of).join("; ")
    }
}

/// Words as one says them.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
