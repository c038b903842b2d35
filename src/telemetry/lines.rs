//! Log lines on their way out, written by a thread of their own.
//!
//! Whoever logs only appends to memory: a reader who stops reading stops nothing, and lines past a
//! bound are dropped and counted. The thread gathers for a moment and writes once: waking it and
//! calling the kernel for each line cost more than answering the request that the line tells of.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(20);
/// Bytes that may wait.
const MOST: usize = 1 << 20;

/// Where lines are put. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Tells that what somebody waits for is written.
    settled: Condvar,
    ending: AtomicBool,
    /// The thread that writes.
    thread: std::sync::OnceLock<thread::Thread>,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    dropped: u64,
    /// How often somebody has waited for what was there, and how often that was written.
    asked: u64,
    done: u64,
}

/// The thread that writes; dropping it writes what waits and ends it.
#[derive(Debug)]
pub struct Writer {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    /// Starts the thread.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<(Self, Writer)> {
        let lines = Self(Arc::new(Shared::default()));
        let of_thread = lines.clone();
        let thread = thread::Builder::new()
            .name("log".into())
            .spawn(move || of_thread.write_to(out))?;
        lines.0.thread.set(thread.thread().clone()).ok();
        let writer = Writer {
            lines: lines.clone(),
            thread: Some(thread),
        };
        Ok((lines, writer))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut out: impl Write) {
        let mut bytes = Vec::new();
        loop {
            let ending = self.0.ending.load(Ordering::Acquire);
            let (dropped, asked) = {
                let mut waiting = self.waiting();
                std::mem::swap(&mut waiting.bytes, &mut bytes);
                (std::mem::take(&mut waiting.dropped), waiting.asked)
            };
            // A log that nobody reads any more is no reason to end.
            out.write_all(&bytes).ok();
            if dropped > 0 {
                writeln!(
                    out,
                    "({dropped} log lines were dropped: this log is not read fast enough)"
                )
                .ok();
            }
            out.flush().ok();
            bytes.clear();
            self.waiting().done = asked;
            self.0.settled.notify_all();
            if ending {
                return;
            }
            let hurries = || self.0.ending.load(Ordering::Acquire) || self.waiting().asked > asked;
            if self.waiting().bytes.is_empty() && !hurries() {
                thread::park();
            }
            if !hurries() {
                thread::park_timeout(GATHER);
            }
        }
    }

    fn wake(&self) {
        if let Some(thread) = self.0.thread.get() {
            thread.unpark();
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        let first = waiting.bytes.is_empty();
        if waiting.bytes.len() + line.len() > MOST {
            waiting.dropped += 1;
        } else {
            waiting.bytes.extend_from_slice(line);
        }
        drop(waiting);
        if first {
            self.wake();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writer {
    /// Waits until the lines so far are written, at most this long: a reader who stops reading keeps nobody.
    pub fn settle(&self, most: Duration) {
        let mut waiting = self.lines.waiting();
        waiting.asked += 1;
        let asked = waiting.asked;
        self.lines.wake();
        let waited = self
            .lines
            .0
            .settled
            .wait_timeout_while(waiting, most, |waiting| waiting.done < asked);
        drop(waited);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines.0.ending.store(true, Ordering::Release);
        self.lines.wake();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[derive(Clone)]
    struct Out(Arc<Mutex<Vec<u8>>>, Arc<Mutex<mpsc::Receiver<()>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Blocks as a full pipe does, until the test lets go.
            self.1.lock().unwrap().recv().ok();
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_waits_finds_the_lines_written_and_a_blocked_reader_keeps_nobody() {
        let (go, blocked) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let out = Out(Arc::clone(&written), Arc::new(Mutex::new(blocked)));
        let (mut lines, writer) = Lines::start(out).unwrap();
        lines.write_all(b"one").unwrap();
        writer.settle(GATHER);
        assert_eq!(*written.lock().unwrap(), b"");
        drop(go);
        for _ in 0..100 {
            written.lock().unwrap().clear();
            lines.write_all(b"two").unwrap();
            writer.settle(Duration::from_secs(20));
            assert!(written.lock().unwrap().ends_with(b"two"));
        }
    }

    #[test]
    fn a_reader_who_stops_reading_stops_nothing_and_is_told_what_is_missing() {
        let (go, blocked) = mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let out = Out(Arc::clone(&written), Arc::new(Mutex::new(blocked)));
        let (mut lines, writer) = Lines::start(out).unwrap();
        let line = [b'x'; 1024];
        for _ in 0..3 * MOST / line.len() {
            lines.write_all(&line).unwrap();
        }
        drop(go);
        drop(writer);
        let written = written.lock().unwrap();
        assert!(written.len() >= MOST - line.len(), "what fitted was lost");
        assert!(written.len() <= 2 * MOST + 4096, "memory was not bounded");
        assert!(String::from_utf8_lossy(&written).contains("log lines were dropped"));
    }
}
