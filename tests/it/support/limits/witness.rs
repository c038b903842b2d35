//! A witness: somebody who answers at once for as long as the machine lets anybody do so.
//!
//! It is the least a server can be, a thread that sends back each byte it gets over loopback, and stands where the
//! server stands: outside of all limits. When it is late too, it is not for anything that the server does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// It is asked so often.
const PAUSE: Duration = Duration::from_millis(5);
/// What it takes on a machine that moves.
const USUAL: Duration = Duration::from_millis(5);

/// One who is asked all the time.
pub(crate) struct Witness {
    over: Arc<AtomicBool>,
    asking: JoinHandle<Vec<Late>>,
}

/// When it was late: since when it should have answered, and when it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Late(Instant, Instant);

impl Witness {
    pub(crate) fn begin() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback is there");
        let address = listener.local_addr().expect("it is bound");
        thread::spawn(move || echo(&listener));
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.set_nodelay(true).expect("it is TCP");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let asking = thread::spawn(move || {
            let mut late = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let due = Instant::now() + PAUSE + USUAL;
                thread::sleep(PAUSE);
                stream.write_all(b"?").expect("it is there");
                stream.read_exact(&mut [0]).expect("it answers");
                let now = Instant::now();
                if now > due {
                    late.push(Late(due, now));
                }
            }
            late
        });
        Self { over, asking }
    }

    /// When it was late.
    pub(crate) fn end(self) -> Vec<Late> {
        self.over.store(true, Ordering::Relaxed);
        self.asking.join().expect("it only asks")
    }
}

/// Sends back what comes, until the other side has gone.
fn echo(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().expect("somebody connects");
    stream.set_nodelay(true).expect("it is TCP");
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
}

impl Late {
    /// How much of the time from `since` to `till` it was late.
    pub(crate) fn within(self, since: Instant, till: Instant) -> Duration {
        self.1
            .min(till)
            .saturating_duration_since(self.0.max(since))
    }
}
