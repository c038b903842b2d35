//! The account of a command: what it has used, and which limit struck.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{Amount, Strike, Usage};

/// What a command has used, as it is told on the wire and in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Processor time of all its processes, in seconds.
    pub cpu_seconds: f64,
    /// Most memory it had at once, in bytes.
    pub memory_peak_bytes: u64,
    /// Time from its start to its end, or till now, in seconds.
    pub wall_seconds: f64,
}

impl Spent {
    pub(super) fn new(usage: Usage, wall: Duration) -> Self {
        Self {
            cpu_seconds: seconds(usage.cpu),
            memory_peak_bytes: usage.memory_peak,
            wall_seconds: seconds(wall),
        }
    }
}

impl Spent {
    /// The same command later, when its shell had ended and what it left running went on.
    pub(super) fn and_then(self, usage: Usage) -> Self {
        Self {
            cpu_seconds: seconds(usage.cpu).max(self.cpu_seconds),
            memory_peak_bytes: usage.memory_peak.max(self.memory_peak_bytes),
            ..self
        }
    }
}

/// Seconds with six places at most.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds of three centuries are exact"
)]
fn seconds(span: Duration) -> f64 {
    span.as_micros() as f64 / 1e6
}

/// A limit that struck, as it is told on the wire and in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Struck {
    /// `memory`, `pids`, `cpu` or `timeout`.
    pub kind: Cow<'static, str>,
    /// How much is allowed: bytes, processes, processors, or seconds.
    pub value: Option<Amount>,
    /// How often it struck.
    pub hits: u64,
    /// Whose limit it is: `command`, `user` (all of the workspace), `total` (all of the server), or `system`.
    pub scope: Cow<'static, str>,
}

impl Struck {
    pub(super) fn timeout(after: Duration) -> Self {
        Self {
            kind: "timeout".into(),
            value: Some(Amount::Cores(after.as_secs_f64())),
            hits: 1,
            scope: "command".into(),
        }
    }

    /// Whether it is worth telling instead of what is noted: it is graver, or the same and has struck again.
    pub(super) fn outweighs(&self, noted: Option<&Self>) -> bool {
        noted.is_none_or(|noted| {
            let (own, other) = (self.gravity(), noted.gravity());
            own < other || (own == other && self.hits > noted.hits)
        })
    }

    /// What kills counts before what ends, and that before what holds back: the least is the gravest.
    fn gravity(&self) -> u8 {
        match &*self.kind {
            "memory" => 0,
            "timeout" => 1,
            "pids" => 2,
            _ => 3,
        }
    }

    pub(super) fn is_timeout(&self) -> bool {
        self.kind == "timeout"
    }
}

impl From<Strike> for Struck {
    fn from(strike: Strike) -> Self {
        Self {
            kind: strike.kind.as_str().into(),
            value: strike.value,
            hits: strike.hits,
            scope: strike.scope.as_str().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{Kind, Scope};

    #[test]
    fn what_is_told_reads_back_from_the_log() {
        let usage = Usage {
            cpu: Duration::from_nanos(1_234_567_891),
            memory_peak: 4096,
        };
        let spent = Spent::new(usage, Duration::from_micros(2_039_852));
        let text = serde_json::to_string(&spent).unwrap();
        assert_eq!(
            text,
            r#"{"cpu_seconds":1.234567,"memory_peak_bytes":4096,"wall_seconds":2.039852}"#
        );
        assert_eq!(serde_json::from_str::<Spent>(&text).unwrap(), spent);
        let strike = |kind, value| Strike {
            kind,
            scope: Scope::User,
            value,
            hits: 2,
        };
        for struck in [
            Struck::timeout(Duration::from_millis(500)),
            strike(Kind::Memory, Some(Amount::Whole(512_000_000))).into(),
            strike(Kind::Cpu, Some(Amount::Cores(0.5))).into(),
            strike(Kind::Pids, None).into(),
        ] {
            let text = serde_json::to_string(&struck).unwrap();
            assert_eq!(
                serde_json::from_str::<Struck>(&text).unwrap(),
                struck,
                "{text}"
            );
        }
        let text = serde_json::to_string(&Struck::timeout(Duration::from_secs(2))).unwrap();
        assert_eq!(
            text,
            r#"{"kind":"timeout","value":2.0,"hits":1,"scope":"command"}"#
        );
    }

    #[test]
    fn the_gravest_limit_is_told_and_of_the_same_what_is_new() {
        let struck = |kind, hits| {
            Struck::from(Strike {
                kind,
                scope: Scope::Command,
                value: None,
                hits,
            })
        };
        let (memory, cpu) = (struck(Kind::Memory, 1), struck(Kind::Cpu, 90));
        let timeout = Struck::timeout(Duration::from_secs(1));
        assert!(memory.outweighs(Some(&timeout)) && memory.outweighs(Some(&cpu)));
        assert!(!cpu.outweighs(Some(&timeout)) && !timeout.outweighs(Some(&memory)));
        assert!(cpu.outweighs(None) && !memory.outweighs(Some(&memory)));
        assert!(struck(Kind::Memory, 2).outweighs(Some(&memory)));
    }

    #[test]
    fn what_a_shell_left_running_is_added_and_nothing_is_taken_away() {
        let usage = |cpu, memory_peak| Usage {
            cpu: Duration::from_secs(cpu),
            memory_peak,
        };
        let first = Spent::new(usage(3, 100), Duration::from_secs(1));
        let later = first.and_then(usage(2, 200));
        assert!((later.cpu_seconds - 3.0).abs() < f64::EPSILON);
        assert_eq!(later.memory_peak_bytes, 200);
        assert!((later.wall_seconds - 1.0).abs() < f64::EPSILON);
    }
}
