//! A log of an earlier server, or of a command no longer in the table: what it tells.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::Mutex;

use super::marks::{Mark, Marks};
use super::place::Place;
use super::records::{self, Other};
use super::state::State;
use super::{Limits, Log};
use crate::exec::{Spent, Status, Struck};
use crate::workspace::Owner;

/// A command as its log tells it.
#[derive(Debug)]
pub(in crate::exec) struct Recovered {
    pub(in crate::exec) owner: Owner,
    pub(in crate::exec) command: String,
    pub(in crate::exec) status: Status,
    pub(in crate::exec) exit_code: Option<i32>,
    pub(in crate::exec) usage: Option<Spent>,
    pub(in crate::exec) limit: Option<Struck>,
    pub(in crate::exec) log: Log,
}

/// Reads a log from its beginning to its end. Blocks; fails when there is none.
pub(in crate::exec) fn recover(place: Place, limits: Limits) -> io::Result<Recovered> {
    let file = File::open(place.path())?;
    let mut scan = Scan {
        first: Mark::beginning(0, 0),
        end_at: Mark::beginning(0, 0),
        marks: Marks::default(),
        start: Other::default(),
        end: None,
    };
    let mut lines = BufReader::with_capacity(128 * 1024, &file);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line)? as u64;
        // A last line without its end was cut off by a crash.
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        scan.line(&line);
        scan.end_at.position += read;
    }
    let owner = Owner {
        user: scan.start.user.map(Into::into),
        session: scan.start.session.map(Into::into),
    };
    let (status, exit_code) = match &scan.end {
        None => (Status::Lost, None),
        Some(end) => (
            if end.killed {
                Status::Killed
            } else {
                Status::Done
            },
            end.exit_code,
        ),
    };
    let state = State::found(limits, file, (scan.first, scan.end_at), scan.marks);
    let log = Log {
        place,
        state: Mutex::new(state),
    };
    Ok(Recovered {
        owner,
        command: scan.start.command,
        status,
        exit_code,
        usage: scan.end.as_ref().and_then(|end| end.usage),
        limit: scan.end.and_then(|end| end.limit),
        log,
    })
}

struct Scan {
    first: Mark,
    /// The end of what was read so far.
    end_at: Mark,
    marks: Marks,
    start: Other,
    end: Option<Other>,
}

impl Scan {
    fn line(&mut self, line: &[u8]) {
        if records::is_output(line) {
            self.marks.note(self.end_at);
            self.end_at.record += 1;
            self.end_at.text += records::text_length(line);
            return;
        }
        let Ok(other) = serde_json::from_slice::<Other>(line) else {
            return;
        };
        match other.r#type.as_str() {
            "start" => self.start = other,
            "end" => self.end = Some(other),
            "log_rotated" => {
                self.first = Mark::beginning(other.offset, self.end_at.text);
                self.end_at.record = other.offset;
            }
            _ => {}
        }
    }
}
