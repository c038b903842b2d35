//! What goes on beside a hog: the server answers at once, and other commands work.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::slow;
use crate::support::Server;
use crate::support::raw::Connection;

/// Lets a hog run while somebody asks for `/health` all the time and another command works: that one works to its
/// end, and every answer comes within 50 ms (250 on a slow machine).
///
/// On a busy machine an answer can be late for once. So a hog that was in somebody's way runs again, and who is
/// late three times is late.
#[track_caller]
pub(crate) fn beside<T>(server: &Server, mut hog: impl FnMut() -> T) -> T {
    let most = Duration::from_millis(if slow() { 250 } else { 50 });
    let mut late = Vec::new();
    while late.len() < 3 {
        let beside = Beside::begin(server);
        let result = hog();
        let took = beside.finish();
        if took < most {
            return result;
        }
        late.push(took);
    }
    panic!("/health took {late:?}");
}

/// What goes on beside a hog: somebody asks for `/health` all the time, and another command works.
struct Beside<'a> {
    server: &'a Server,
    command: String,
    over: Arc<AtomicBool>,
    health: JoinHandle<Vec<Look>>,
    echo: JoinHandle<Vec<Look>>,
}

/// What a look found: when it began to wait, when it asked, and when it had its answer.
#[derive(Clone, Copy)]
struct Look {
    waited: Instant,
    asked: Instant,
    done: Instant,
}

/// How long it waits between two looks.
const PAUSE: Duration = Duration::from_millis(10);

impl<'a> Beside<'a> {
    /// Begins both.
    #[track_caller]
    fn begin(server: &'a Server) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut connection = Connection::open(server);
        let health = timed(&over, move || {
            assert_eq!(connection.get("/health").status(), 200);
        });
        let echo = timed(&over, echo());
        let command = server.start(
            "for n in 1 2 3 4 5; do sleep 0.1; ls / >/dev/null && echo $n; done; echo allright",
        );
        Self {
            server,
            command,
            over,
            health,
            echo,
        }
    }

    /// Ends both: the command has worked to its end. The answer is how long `/health` took at most, without what
    /// the machine added: that is measured at the same time, by two threads of ours that send each other a byte.
    #[track_caller]
    fn finish(self) -> Duration {
        let reply = self.server.end(&self.command).expect_exit(0);
        assert!(reply.output().ends_with("5\r\nallright\r\n"), "{reply:?}");
        self.over.store(true, Ordering::Relaxed);
        let health = self.health.join().expect("/health answers");
        let echo = self.echo.join().expect("the echo comes back");
        assert!(health.len() > 3, "it was asked {} times", health.len());
        let own = health.iter().map(|look| {
            let meanwhile = echo.iter().filter(|other| other.overlaps(look));
            let machine = meanwhile.map(Look::late).max().unwrap_or_default();
            look.took().saturating_sub(machine)
        });
        let own = own.max().unwrap_or_default();
        let worst = health.iter().map(Look::took).max().unwrap_or_default();
        eprintln!(
            "/health, asked {} times: {worst:?} at most, {own:?} without the machine's part",
            health.len()
        );
        own
    }
}

impl Look {
    /// Whether it was on its way while another asked.
    fn overlaps(&self, other: &Self) -> bool {
        self.waited < other.done && self.done > other.asked
    }

    /// How long the answer took.
    fn took(&self) -> Duration {
        self.done - self.asked
    }

    /// How much later than at once it came: it woke up late, or had to wait for its answer.
    fn late(&self) -> Duration {
        (self.done - self.waited).saturating_sub(PAUSE)
    }
}

/// Does something every 10 ms until it is over.
fn timed(over: &Arc<AtomicBool>, mut ask: impl FnMut() + Send + 'static) -> JoinHandle<Vec<Look>> {
    let over = over.clone();
    std::thread::spawn(move || {
        let mut looks = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let waited = Instant::now();
            std::thread::sleep(PAUSE);
            let asked = Instant::now();
            ask();
            looks.push(Look {
                waited,
                asked,
                done: Instant::now(),
            });
        }
        looks
    })
}

/// Sends a byte to another thread and waits until it comes back.
fn echo() -> impl FnMut() + Send + 'static {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("we connect");
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
    });
    let mut stream = TcpStream::connect(address).expect("it listens");
    move || {
        let mut byte = [7];
        stream.write_all(&byte).expect("the connection is open");
        stream.read_exact(&mut byte).expect("it comes back");
    }
}
