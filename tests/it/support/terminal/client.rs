//! A blocking WebSocket client of a terminal.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket};

use crate::support::seconds;

/// The code of a connection that ended without a close frame.
pub(crate) const LOST: u16 = 1006;

/// How long anything may take, on a busy machine too.
const PATIENCE: Duration = seconds(30);

/// Numbers the commands, so that no client takes the output of another's for its own.
static COMMANDS: AtomicUsize = AtomicUsize::new(1);

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    /// The close code: 1005 when none was given, [`LOST`] when there was no close frame.
    pub(crate) code: u16,
    /// Why, in words.
    pub(crate) reason: String,
}

/// A connection to a terminal, with all that came over it.
pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    /// The bytes of all binary frames.
    pub(crate) output: Vec<u8>,
    /// The text frames, each with how much output came before it.
    pub(crate) texts: Vec<(usize, Value)>,
    /// What came back for WebSocket pings.
    pub(crate) pongs: Vec<Vec<u8>>,
    /// How many WebSocket pings came.
    pub(crate) pings: usize,
    /// Where in the terminal's stream it is.
    pub(crate) offset: u64,
    repaint: u64,
    /// Whether it gets something before anything else, which must not be mixed up with an answer.
    pub(super) greeted: bool,
    seen: usize,
    closed: Option<Closed>,
}

impl Client {
    pub(super) fn new(socket: WebSocket<TcpStream>) -> Self {
        Self {
            socket,
            output: Vec::new(),
            texts: Vec::new(),
            pongs: Vec::new(),
            pings: 0,
            offset: 0,
            repaint: 0,
            greeted: false,
            seen: 0,
            closed: None,
        }
    }

    /// Sends a message; that the connection is over shows when it is read from.
    pub(crate) fn send(&mut self, message: Message) {
        self.socket
            .get_ref()
            .set_read_timeout(None)
            .expect("a timeout can be set");
        self.socket.send(message).ok();
    }

    /// Sends a text frame.
    pub(crate) fn text(&mut self, text: &str) {
        self.send(Message::text(text));
    }

    /// Sends a control frame.
    pub(crate) fn control(&mut self, frame: &Value) {
        self.text(&frame.to_string());
    }

    /// Types.
    pub(crate) fn type_in(&mut self, keys: impl AsRef<[u8]>) {
        self.send(Message::binary(keys.as_ref().to_vec()));
    }

    /// Sets the size of its window.
    pub(crate) fn resize(&mut self, cols: u32, rows: u32) {
        self.control(&json!({ "type": "resize", "cols": cols, "rows": rows }));
    }

    /// Sends a signal to what runs in the foreground.
    pub(crate) fn signal(&mut self, name: &str) {
        self.control(&json!({ "type": "signal", "signal": name }));
    }

    /// Sends bytes below the WebSocket.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).ok();
    }

    /// Takes what comes within this time, one frame at most; whether one came.
    pub(crate) fn step(&mut self, wait: Duration) -> bool {
        if self.closed.is_some() {
            return false;
        }
        self.socket
            .get_ref()
            .set_read_timeout(Some(wait.max(Duration::from_millis(1))))
            .expect("a timeout can be set");
        match self.socket.read() {
            Ok(message) => self.take(message),
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                return false;
            }
            Err(error) => self.end(LOST, &error.to_string()),
        }
        true
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Binary(bytes) => self.count(&bytes),
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).expect("text frames are JSON");
                if frame["type"] == "repaint" {
                    self.offset = frame["offset"].as_u64().expect("it has an offset");
                    self.repaint = frame["bytes"].as_u64().expect("it has a length");
                }
                self.texts.push((self.output.len(), frame));
            }
            Message::Ping(_) => self.pings += 1,
            Message::Pong(payload) => self.pongs.push(payload.to_vec()),
            Message::Close(frame) => {
                self.socket.flush().ok();
                match frame {
                    Some(frame) => self.end(frame.code.into(), &frame.reason),
                    None => self.end(1005, ""),
                }
            }
            Message::Frame(_) => unreachable!("only whole messages are read"),
        }
    }

    fn count(&mut self, bytes: &[u8]) {
        let length = bytes.len() as u64;
        let repainting = self.repaint.min(length);
        self.repaint -= repainting;
        self.offset += length - repainting;
        self.output.extend(bytes);
    }

    fn end(&mut self, code: u16, reason: &str) {
        let reason = reason.to_owned();
        self.closed = Some(Closed { code, reason });
    }

    /// Takes all that comes within this time.
    pub(crate) fn pump(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while self.closed.is_none() && Instant::now() < end {
            self.step(end.saturating_duration_since(Instant::now()));
        }
    }

    /// Takes frames until `done`; fails naming `what` when that takes too long or the connection ends.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str, done: impl FnMut(&Self) -> bool) {
        self.until_within(what, PATIENCE, done);
    }

    /// As [`Client::until`], with a limit of its own.
    #[track_caller]
    pub(crate) fn until_within(
        &mut self,
        what: &str,
        limit: Duration,
        mut done: impl FnMut(&Self) -> bool,
    ) {
        let start = Instant::now();
        while !done(self) {
            assert!(
                self.closed.is_none() && start.elapsed() < limit,
                "{what}: not within {:?}; {}",
                start.elapsed(),
                self.story()
            );
            self.step(Duration::from_millis(50));
        }
    }

    /// What came last, and how it ended.
    fn story(&self) -> String {
        let from = self.output.len().saturating_sub(600);
        format!(
            "closed: {:?}; texts: {:?}; {} bytes, the last: {:?}",
            self.closed,
            self.texts,
            self.output.len(),
            String::from_utf8_lossy(&self.output[from..])
        )
    }

    /// Waits for output after what was waited for before; the answer is all up to its end.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let (from, mut looked) = (self.seen, self.seen);
        let length = text.len();
        let mut end = None;
        self.until(&format!("output with {text:?}"), |client| {
            let at = memchr::memmem::find(&client.output[looked..], text.as_bytes());
            end = at.map(|at| looked + at + length);
            looked = client.output.len().saturating_sub(length).max(looked);
            end.is_some()
        });
        self.seen = end.expect("it was found");
        String::from_utf8_lossy(&self.output[from..self.seen]).into_owned()
    }

    /// Runs a command in the shell; the answer is its output, without the last line break.
    #[track_caller]
    pub(crate) fn run(&mut self, command: &str) -> String {
        if std::mem::take(&mut self.greeted) {
            self.until("a prompt or a repaint", |client| !client.output.is_empty());
        }
        let n = COMMANDS.fetch_add(1, Ordering::Relaxed);
        self.type_in(format!("echo BE''GIN{n}; {command}; echo E''ND{n}\n"));
        self.expect(&format!("BEGIN{n}\r\n"));
        let end = format!("END{n}\r\n");
        let output = self.expect(&end);
        let output = output.strip_suffix(&end).expect("it ends so");
        let output = output.strip_suffix("\r\n").unwrap_or(output);
        output.replace("\r\n", "\n")
    }

    /// Waits until the shell has answered, so that all typed before has been read.
    #[track_caller]
    pub(crate) fn ready(&mut self) {
        self.run(":");
    }

    /// Has the shell print no prompt and no echo, so that its output is that of the commands alone.
    #[track_caller]
    pub(crate) fn hush(&mut self) {
        self.run("PS1=; PS2=; stty -echo");
        self.ready();
    }

    /// Waits for a text frame of this type, after those of it waited for before.
    #[track_caller]
    pub(crate) fn frame(&mut self, kind: &str) -> Value {
        self.until(&format!("a text frame {kind}"), |client| {
            client.texts.iter().any(|(_, frame)| frame["type"] == kind)
        });
        let found = self.texts.iter().find(|(_, frame)| frame["type"] == kind);
        found.expect("it was found").1.clone()
    }

    /// Waits for the end of the connection.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> Closed {
        let start = Instant::now();
        while self.closed.is_none() {
            assert!(
                start.elapsed() < PATIENCE,
                "it is still open; {}",
                self.story()
            );
            self.step(Duration::from_millis(50));
        }
        self.closed.clone().expect("it is closed")
    }

    /// Waits for the end of the connection and checks its code.
    #[track_caller]
    pub(crate) fn expect_close(&mut self, code: u16) -> Closed {
        let closed = self.closed();
        assert_eq!(closed.code, code, "{}", self.story());
        closed
    }

    /// Whether the connection is over, as far as it was read.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// All output as text.
    pub(crate) fn screen_text(&self) -> String {
        String::from_utf8_lossy(&self.output).into_owned()
    }

    /// Leaves as a browser does: with a close frame that is answered.
    pub(crate) fn leave(mut self) {
        self.socket.close(None).ok();
        self.closed();
    }

    /// Is gone at once, as a killed client that had not read all: the connection is reset.
    pub(crate) fn reset(self) {
        let linger = nix::libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        setsockopt(self.socket.get_ref(), sockopt::Linger, &linger).expect("it is a socket");
    }
}
