//! Server-sent events as a client reads them from `/files/watch`.

use std::io::{BufRead, BufReader};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Server;
use super::files::target;
use super::wire::Wire;

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its `event:` field.
    pub(crate) name: String,
    /// Its `data:` as JSON, or null.
    pub(crate) data: Value,
}

impl Event {
    /// Whether it tells of this kind of change to a path that ends so.
    pub(crate) fn tells(&self, kind: &str, end: &str) -> bool {
        let path = self.data["path"].as_str().unwrap_or_default();
        self.name == "change" && self.data["kind"] == kind && path.ends_with(end)
    }
}

/// A watch as its client sees it; dropping it closes the connection.
pub(crate) struct Events {
    handle: TcpStream,
    receiver: Receiver<Event>,
    /// All that came so far.
    pub(crate) seen: Vec<Event>,
}

impl Events {
    /// Starts to watch; what is refused is given as its status and body.
    pub(crate) fn try_open(server: &Server, query: &[(&str, &str)]) -> Result<Self, (u16, String)> {
        let wire = Wire::open(server, "GET", &target("watch", query), &[]);
        let mut incoming = wire.answer().expect("an answer comes");
        let kind = incoming.header("content-type").unwrap_or_default();
        if incoming.status() != 200 || !kind.starts_with("text/event-stream") {
            let status = incoming.status();
            let body = incoming.first(100_000).unwrap_or_default();
            return Err((status, String::from_utf8_lossy(&body).into_owned()));
        }
        let handle = incoming.handle();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut event = Event {
                name: String::new(),
                data: Value::Null,
            };
            for line in BufReader::new(incoming).lines() {
                let Ok(line) = line else { return };
                if let Some(name) = line.strip_prefix("event:") {
                    name.trim().clone_into(&mut event.name);
                } else if let Some(data) = line.strip_prefix("data:") {
                    event.data = serde_json::from_str(data.trim()).unwrap_or_default();
                } else if line.is_empty() && !event.name.is_empty() {
                    if sender.send(event.clone()).is_err() {
                        return;
                    }
                    event.name.clear();
                    event.data = Value::Null;
                }
            }
        });
        Ok(Self {
            handle,
            receiver,
            seen: Vec::new(),
        })
    }

    /// Starts to watch, and waits until the server does.
    #[track_caller]
    pub(crate) fn open(server: &Server, query: &[(&str, &str)]) -> Self {
        let mut events = Self::try_open(server, query)
            .unwrap_or_else(|(status, body)| panic!("{status}: {body}"));
        let first = events.next(Duration::from_secs(10));
        assert_eq!(first.map(|event| event.name), Some("ready".to_owned()));
        events
    }

    /// The next event, or none when the stream ended or nothing came in time.
    pub(crate) fn next(&mut self, limit: Duration) -> Option<Event> {
        let event = self.receiver.recv_timeout(limit).ok()?;
        self.seen.push(event.clone());
        Some(event)
    }

    /// Waits for an event; fails with what came when it does not come within 10 s.
    #[track_caller]
    pub(crate) fn wait(&mut self, what: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.next(left) {
                Some(event) if is_it(&event) => return event,
                Some(_) => {}
                None => panic!("no event of {what}, only {:?}", self.seen),
            }
        }
    }

    /// Waits for this kind of change to a path that ends so.
    #[track_caller]
    pub(crate) fn change(&mut self, kind: &str, end: &str) -> Event {
        self.wait(&format!("{kind} {end}"), |event| event.tells(kind, end))
    }

    /// Whether the server ends the stream within the limit.
    pub(crate) fn ends_within(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(event) => self.seen.push(event),
                Err(error) => return error == RecvTimeoutError::Disconnected,
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.handle.shutdown(Shutdown::Both).ok();
    }
}
