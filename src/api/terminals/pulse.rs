//! The pulse of a connection: when to ask the client for a sign of life, and when it has given none for too long.

use std::time::Duration;

use tokio::time::Instant;

/// How long a message may be on its way when clients are not asked for signs of life.
const PATIENCE: Duration = Duration::from_secs(30);
/// The least time a message may be on its way.
const LEAST: Duration = Duration::from_secs(1);
/// After so many intervals in a row without a sign of life a client is gone.
const SILENT: u8 = 2;

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// Nothing.
    Fine,
    /// Ask for a sign of life.
    Ask,
    /// The client is gone.
    Gone,
    /// The client takes nothing.
    Stuck,
}

/// Watches over one client. It is looked at when [`Self::next`] has come.
#[derive(Debug)]
pub(super) struct Pulse {
    every: Option<Duration>,
    ask: Instant,
    heard: bool,
    silent: u8,
}

impl Pulse {
    /// Asks at each `interval`; never when that is zero.
    pub(super) fn new(interval: Duration, now: Instant) -> Self {
        let every = (!interval.is_zero()).then_some(interval);
        Self {
            every,
            ask: now + every.unwrap_or(PATIENCE),
            heard: false,
            silent: 0,
        }
    }

    /// How long a message may be on its way.
    pub(super) fn patience(interval: Duration) -> Duration {
        if interval.is_zero() {
            return PATIENCE;
        }
        interval.max(LEAST)
    }

    /// Notes a sign of life.
    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    /// When to look again. A message that is on its way from `sending` on may shorten it, but never for
    /// one that begins later, so that nothing has to be set anew for each message.
    pub(super) fn next(&self, sending: Option<Instant>) -> Instant {
        let patience = Self::patience(self.every.unwrap_or_default());
        sending.map_or(self.ask, |since| self.ask.min(since + patience))
    }

    /// Looks: what is to be done now?
    pub(super) fn look(&mut self, now: Instant, sending: Option<Instant>) -> Verdict {
        let patience = Self::patience(self.every.unwrap_or_default());
        if sending.is_some_and(|since| now >= since + patience) {
            return Verdict::Stuck;
        }
        if now < self.ask {
            return Verdict::Fine;
        }
        self.ask = now + self.every.unwrap_or(PATIENCE);
        if self.every.is_none() {
            return Verdict::Fine;
        }
        self.silent = if self.heard { 0 } else { self.silent + 1 };
        self.heard = false;
        if self.silent >= SILENT {
            return Verdict::Gone;
        }
        Verdict::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_says_nothing_for_two_whole_intervals_is_gone() {
        let start = Instant::now();
        let mut pulse = Pulse::new(10 * SECOND, start);
        assert_eq!(pulse.next(None), start + 10 * SECOND);
        assert_eq!(pulse.look(start + 10 * SECOND, None), Verdict::Ask);
        assert_eq!(pulse.look(start + 11 * SECOND, None), Verdict::Fine);
        assert_eq!(pulse.look(start + 20 * SECOND, None), Verdict::Gone);
    }

    #[test]
    fn a_sign_of_life_counts_from_the_interval_it_came_in() {
        let start = Instant::now();
        let mut pulse = Pulse::new(10 * SECOND, start);
        for beat in 1..=5 {
            pulse.heard();
            assert_eq!(pulse.look(start + beat * 10 * SECOND, None), Verdict::Ask);
        }
        assert_eq!(pulse.look(start + 60 * SECOND, None), Verdict::Ask);
        assert_eq!(pulse.look(start + 70 * SECOND, None), Verdict::Gone);
    }

    #[test]
    fn a_message_may_be_on_its_way_for_one_interval() {
        let start = Instant::now();
        let mut pulse = Pulse::new(10 * SECOND, start);
        let sending = Some(start + 4 * SECOND);
        pulse.heard();
        assert_eq!(pulse.look(start + 10 * SECOND, sending), Verdict::Ask);
        assert_eq!(pulse.next(sending), start + 14 * SECOND);
        assert_eq!(pulse.look(start + 14 * SECOND, sending), Verdict::Stuck);
        assert_eq!(
            pulse.look(start + 14 * SECOND, Some(start + 5 * SECOND)),
            Verdict::Fine
        );
    }

    #[test]
    fn a_short_interval_makes_nobody_impatient() {
        let start = Instant::now();
        let pulse = Pulse::new(SECOND / 10, start);
        assert_eq!(pulse.next(Some(start)), start + SECOND / 10);
        let mut pulse = Pulse::new(SECOND / 10, start);
        assert_eq!(pulse.look(start + SECOND / 10, Some(start)), Verdict::Ask);
        pulse.heard();
        assert_eq!(pulse.look(start + SECOND, Some(start)), Verdict::Stuck);
    }

    #[test]
    fn without_an_interval_nobody_is_asked_but_who_takes_nothing_is_stuck() {
        let start = Instant::now();
        let mut pulse = Pulse::new(Duration::ZERO, start);
        for beat in 1..=9 {
            assert_eq!(pulse.look(start + beat * 30 * SECOND, None), Verdict::Fine);
        }
        let late = start + 270 * SECOND;
        let sending = Some(late + SECOND);
        assert_eq!(pulse.look(late + 30 * SECOND, sending), Verdict::Fine);
        assert_eq!(pulse.next(sending), late + 31 * SECOND);
        assert_eq!(pulse.look(late + 31 * SECOND, sending), Verdict::Stuck);
    }
}
