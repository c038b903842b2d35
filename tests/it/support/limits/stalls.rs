//! How long the machine stood still: a share of its time means nothing while nobody had any.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A thread asks to be woken so soon.
const BEAT: Duration = Duration::from_millis(10);
/// Woken so much later, it had no processor.
const LATE: Duration = Duration::from_millis(30);

/// Counts the time that a thread that asks for next to nothing did not get, until it is asked.
pub(crate) struct Stalls {
    stop: Arc<AtomicBool>,
    beats: JoinHandle<Duration>,
    idle: f64,
    stolen: f64,
}

/// What the machine did meanwhile, in seconds.
pub(crate) struct Machine {
    /// Its processors together had nothing to do.
    pub(crate) idle: f64,
    /// It stood still, or was lent to another virtual machine.
    pub(crate) stalled: f64,
}

impl Stalls {
    pub(crate) fn count() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let beats = thread::spawn(move || {
            let mut late = Duration::ZERO;
            while !stopped.load(Ordering::Relaxed) {
                let asleep = Instant::now();
                thread::sleep(BEAT);
                let over = asleep.elapsed().saturating_sub(BEAT);
                late += if over > LATE { over } else { Duration::ZERO };
            }
            late
        });
        let [idle, stolen] = processors();
        Self {
            stop,
            beats,
            idle,
            stolen,
        }
    }

    pub(crate) fn end(self) -> Machine {
        let [idle, stolen] = processors();
        self.stop.store(true, Ordering::Relaxed);
        let late = self.beats.join().expect("it only sleeps");
        Machine {
            idle: idle - self.idle,
            stalled: late.as_secs_f64().max(stolen - self.stolen),
        }
    }
}

/// Seconds that the processors have been idle and stolen (proc(5), `/proc/stat`).
fn processors() -> [f64; 2] {
    let text = std::fs::read_to_string("/proc/stat").expect("/proc is mounted");
    [4, 8].map(|column| {
        let ticks = text.split_whitespace().nth(column);
        let ticks: f64 = ticks.and_then(|word| word.parse().ok()).expect("a number");
        ticks / 100.0
    })
}
