//! A bucket of processor time: it fills at the rate that is allowed, and what is used flows out.

use std::time::{Duration, Instant};

/// How much may be saved up, as time at the full rate.
const BURST: f64 = 0.1;
/// The longest that a debt makes wait, in seconds: a look that came late is no reason for an hour's pause.
const LONGEST: f64 = 10.0;

/// How much processor time may be used now.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Processors.
    rate: f64,
    /// In seconds; less than nothing is a debt.
    level: f64,
    /// What it was full of at first, until more than that has been used: then it is owed like the rest.
    lent: f64,
    at: Instant,
    used: Duration,
}

impl Bucket {
    /// A full one, for what uses so many processors at most and has used so much by now.
    pub(super) fn new(rate: f64, used: Duration, at: Instant) -> Self {
        Self {
            rate,
            level: rate * BURST,
            lent: rate * BURST,
            at,
            used,
        }
    }

    /// Takes what was used in all; true when it has to wait.
    pub(super) fn take(&mut self, used: Duration, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        let taken = used.saturating_sub(self.used).as_secs_f64();
        self.level += passed * self.rate - taken;
        if self.level < 0.0 {
            self.level -= std::mem::take(&mut self.lent);
        }
        self.level = self.level.clamp(-LONGEST * self.rate, BURST * self.rate);
        self.at = now;
        self.used = self.used.max(used);
        self.level < 0.0
    }

    /// When it need not wait any more, if it uses nothing until then.
    pub(super) fn wait(&self) -> Duration {
        Duration::try_from_secs_f64(-self.level / self.rate).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_too_fast_waits_until_its_debt_is_paid() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let used = Duration::from_millis;
        let mut bucket = Bucket::new(0.5, used(1000), start);
        assert!(!bucket.take(used(1050), start), "that is the burst");
        assert!(bucket.take(used(1100), after(10)));
        assert_eq!(bucket.wait().as_millis(), 190, "the burst is paid back");
        assert!(bucket.take(used(1100), after(190)));
        assert!(!bucket.take(used(1100), after(210)));
        // A long rest saves up no more than the burst.
        assert!(!bucket.take(used(1100), after(60_000)));
        assert!(bucket.take(used(1160), after(60_001)));
    }
}
