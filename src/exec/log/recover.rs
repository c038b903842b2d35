//! A log of an earlier server, or of a command no longer in the table: what it tells.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::Mutex;

use super::marks::Marks;
use super::place::Place;
use super::records::{self, Other};
use super::state::State;
use super::{Limits, Log};
use crate::exec::Status;
use crate::workspace::Owner;

/// A command as its log tells it.
#[derive(Debug)]
pub(in crate::exec) struct Recovered {
    pub(in crate::exec) owner: Owner,
    pub(in crate::exec) command: String,
    pub(in crate::exec) status: Status,
    pub(in crate::exec) exit_code: Option<i32>,
    pub(in crate::exec) log: Log,
}

/// Reads a log from its beginning to its end. Blocks; fails when there is none.
pub(in crate::exec) fn recover(place: Place, limits: Limits) -> io::Result<Recovered> {
    let file = File::open(place.path())?;
    let mut scan = Scan {
        first: 0,
        count: 0,
        marks: Marks::default(),
        start: Other::default(),
        end: None,
    };
    let mut lines = BufReader::with_capacity(128 * 1024, &file);
    let (mut line, mut position) = (Vec::new(), 0);
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line)? as u64;
        // A last line without its end was cut off by a crash.
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        scan.line(&line, position);
        position += read;
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
    let state = State::found(limits, file, position, (scan.first, scan.count), scan.marks);
    let log = Log {
        place,
        state: Mutex::new(state),
    };
    Ok(Recovered {
        owner,
        command: scan.start.command,
        status,
        exit_code,
        log,
    })
}

struct Scan {
    first: u64,
    count: u64,
    marks: Marks,
    start: Other,
    end: Option<Other>,
}

impl Scan {
    fn line(&mut self, line: &[u8], position: u64) {
        if records::is_output(line) {
            self.marks.note(self.count, position);
            self.count += 1;
            return;
        }
        let Ok(other) = serde_json::from_slice::<Other>(line) else {
            return;
        };
        match other.r#type.as_str() {
            "start" => self.start = other,
            "end" => self.end = Some(other),
            "log_rotated" => {
                self.first = other.offset;
                self.count = other.offset;
            }
            _ => {}
        }
    }
}
