//! A window too large for its reader: the beginning and the end of it, and word of what was left out between.
//!
//! It costs what is given, not what is left out: the end is found from the nearest noted place.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::marks::Mark;
use super::place::Place;
use super::plan::{AT_ONCE, Budget, CHUNK, Plan, Sender, open};
use super::records;
use crate::exec::Output;

/// Reads the window without its middle; none when it turns out to be small enough.
pub(super) async fn read(plan: &Plan, budget: Budget, place: &Place) -> io::Result<Option<Output>> {
    let (known, place) = (plan.file.clone(), place.clone());
    let (skip, to, more) = (plan.skip, plan.to, plan.more.clone());
    let reading = spawn_blocking(move || {
        let source = Source {
            file: open(known, &place)?,
            more_at: to.max(budget.start.position),
            to,
            more,
        };
        let log = budget.is_in_log.then(|| place.path());
        let Some(cut) = Cut::find(source, budget, skip, log)? else {
            return Ok(None);
        };
        if budget.most > AT_ONCE {
            return Ok(Some(stream(cut)));
        }
        let mut out = Vec::new();
        cut.give(&mut |elements| {
            out.extend_from_slice(elements);
            true
        })?;
        Ok(Some(Output::Whole(out.into())))
    });
    reading
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))
}

fn stream(cut: Cut) -> Output {
    let (sender, receiver): (Sender, _) = mpsc::channel(1);
    spawn_blocking(move || {
        let given = cut.give(&mut |elements| {
            let elements = elements.to_vec().into();
            sender.blocking_send(Ok(elements)).is_ok()
        });
        if let Err(error) = given {
            // Nobody hears it when the client has gone.
            sender.blocking_send(Err(error)).ok();
        }
    });
    Output::Stream(receiver)
}

/// A log's bytes: those in the file, and behind them those that are not there yet.
struct Source {
    file: Arc<File>,
    /// Behind the last byte to read in the file.
    to: u64,
    more: Vec<u8>,
    /// The place of the first byte of `more`.
    more_at: u64,
}

impl Source {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        if position < self.to {
            let left = usize::try_from(self.to - position).unwrap_or(usize::MAX);
            let most = buffer.len().min(left);
            return match self.file.read_at(&mut buffer[..most], position)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                read => Ok(read),
            };
        }
        let from = usize::try_from(position.saturating_sub(self.more_at)).unwrap_or(usize::MAX);
        let rest = self.more.get(from..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }
}

/// The output records of a log from a place on, and where the next one is.
struct Records<'a> {
    source: &'a Source,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer.
    next: usize,
    at: Mark,
}

impl<'a> Records<'a> {
    fn new(source: &'a Source, at: Mark) -> Self {
        let (buffer, next) = (Vec::new(), 0);
        Self {
            source,
            buffer,
            next,
            at,
        }
    }

    /// The next record's line, its place, and the length of its text.
    fn next(&mut self) -> io::Result<Option<(&[u8], Mark, u64)>> {
        loop {
            let Some(length) = self.line()? else {
                return Ok(None);
            };
            let (from, place) = (self.next, self.at);
            self.next += length;
            self.at.position += length as u64;
            if records::is_output(&self.buffer[from..self.next]) {
                let line = &self.buffer[from..self.next];
                let text = records::text_length(line);
                self.at.record += 1;
                self.at.text += text;
                return Ok(Some((line, place, text)));
            }
        }
    }

    /// The length of the next line with its end, which is then in the buffer.
    fn line(&mut self) -> io::Result<Option<usize>> {
        let mut searched = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[self.next + searched..]) {
                return Ok(Some(searched + end + 1));
            }
            self.buffer.drain(..self.next);
            self.next = 0;
            searched = self.buffer.len();
            self.buffer.resize(searched + CHUNK, 0);
            let position = self.at.position + searched as u64;
            let read = self
                .source
                .read_at(&mut self.buffer[searched..], position)?;
            self.buffer.truncate(searched + read);
            if read == 0 {
                return Ok(None);
            }
        }
    }
}

/// A window whose middle is left out.
struct Cut {
    source: Source,
    /// The window's beginning.
    from: Mark,
    /// Bytes of text to give of its beginning, and as many of its end.
    half: u64,
    tail: Mark,
    end: u64,
    log: Option<PathBuf>,
}

type Give<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

impl Cut {
    /// The window's true beginning is `skip` records behind the place noted; with it, it may be small enough.
    fn find(
        source: Source,
        budget: Budget,
        skip: u64,
        log: Option<PathBuf>,
    ) -> io::Result<Option<Self>> {
        let mut records = Records::new(&source, budget.start);
        for _ in 0..skip {
            records.next()?;
        }
        let (from, end) = (records.at, budget.end);
        if end.saturating_sub(from.text) <= budget.most {
            return Ok(None);
        }
        let (half, tail) = (budget.most / 2, later(budget.tail, from));
        Ok(Some(Self {
            source,
            from,
            half,
            tail,
            end,
            log,
        }))
    }

    /// Gives the array's elements, a part at a time; stops when nobody takes them.
    fn give(&self, give: Give<'_>) -> io::Result<()> {
        let mut out = Out::new(give);
        let (cut_in, head_end) = self.head(&mut out)?;
        if out.is_open {
            self.rest(&mut out, cut_in, head_end)?;
        }
        out.flush();
        Ok(())
    }

    /// Gives the beginning; says which record it ends in, and how much text is before its end.
    fn head(&self, out: &mut Out<'_>) -> io::Result<(Mark, u64)> {
        let mut records = Records::new(&self.source, self.from);
        let (mut left, mut at_line) = (self.half, true);
        while let Some((line, place, length)) = records.next()? {
            if length > left {
                let text = records::text(line).unwrap_or_default();
                let kept = self.half - left;
                let cut = head_cut(&text, left, at_line, |length| {
                    kept + length >= self.half / 2
                });
                out.text(&text[..cut]);
                return Ok((place, place.text + cut as u64));
            }
            left -= length;
            at_line = records::ends_line(line);
            if !out.element(line) {
                break;
            }
        }
        Ok((records.at, records.at.text))
    }

    /// Gives the word of what is left out, and the end.
    fn rest(&self, out: &mut Out<'_>, cut_in: Mark, head_end: u64) -> io::Result<()> {
        let begin = self.end.saturating_sub(self.half).max(head_end);
        let mut records = Records::new(&self.source, later(self.tail, cut_in));
        let mut told = false;
        while let Some((line, place, length)) = records.next()? {
            if place.text + length <= begin {
                continue;
            }
            if told {
                if !out.element(line) {
                    return Ok(());
                }
                continue;
            }
            let text = records::text(line).unwrap_or_default();
            let left = |from: u64| self.end.saturating_sub(place.text + from);
            let skip = begin.saturating_sub(place.text);
            let cut = tail_cut(&text, skip, |from| left(from) >= self.half / 2);
            out.omitted(
                place.text + cut as u64 - head_end,
                cut_in.record,
                self.log.as_deref(),
            );
            out.text(&text[cut..]);
            told = true;
        }
        if !told {
            out.omitted(
                self.end.saturating_sub(head_end),
                cut_in.record,
                self.log.as_deref(),
            );
        }
        Ok(())
    }
}

fn later(a: Mark, b: Mark) -> Mark {
    if a.position > b.position { a } else { b }
}

/// How much of a text to keep where only `room` bytes fit: whole lines where that is `enough`.
fn head_cut(text: &str, room: u64, at_line: bool, enough: impl Fn(u64) -> bool) -> usize {
    let at = text.floor_char_boundary(usize::try_from(room).unwrap_or(usize::MAX));
    let line = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
    if (line > 0 || at_line) && enough(line as u64) {
        line
    } else {
        at
    }
}

/// Where to begin in a text whose first `skip` bytes do not fit: at a line where what is left then is `enough`.
fn tail_cut(text: &str, skip: u64, enough: impl Fn(u64) -> bool) -> usize {
    let at = text.ceil_char_boundary(usize::try_from(skip).unwrap_or(usize::MAX));
    let before = at.saturating_sub(1);
    let line = memchr::memchr(b'\n', &text.as_bytes()[before..]).map(|end| before + end + 1);
    match line {
        Some(line) if at > 0 && enough(line as u64) => line,
        _ => at,
    }
}

/// Elements on their way out.
struct Out<'a> {
    buffer: Vec<u8>,
    give: Give<'a>,
    any: bool,
    /// Whether somebody still takes them.
    is_open: bool,
}

impl<'a> Out<'a> {
    fn new(give: Give<'a>) -> Self {
        Self {
            buffer: Vec::new(),
            give,
            any: false,
            is_open: true,
        }
    }

    fn push(&mut self, push: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.any {
            self.buffer.push(b',');
        }
        push(&mut self.buffer);
        self.any = true;
        if self.buffer.len() >= CHUNK {
            self.flush();
        }
        self.is_open
    }

    fn element(&mut self, line: &[u8]) -> bool {
        self.push(|buffer| {
            records::push_element(line, buffer);
        })
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(|buffer| records::push_text(text, buffer));
        }
    }

    fn omitted(&mut self, bytes: u64, record: u64, log: Option<&Path>) {
        let kept = log.map_or_else(
            || "the log on disk does not have it".to_owned(),
            |log| format!("all of it is in the log {}", log.display()),
        );
        let said = format!(
            "\n[… {bytes} bytes left out here; {kept}; to read on from here, ask for the status with offset={record} …]\n"
        );
        self.push(|buffer| records::push_omitted(bytes, &said, buffer));
    }

    fn flush(&mut self) {
        if self.is_open && !self.buffer.is_empty() {
            self.is_open = (self.give)(&self.buffer);
            self.buffer.clear();
        }
    }
}

/// The elements of a log in memory that is cut at `most`, or none: a door for fuzzing.
#[cfg(fuzzing)]
pub(super) fn in_memory(lines: Vec<u8>, skip: u64, most: u64) -> Option<Vec<u8>> {
    let start = Mark::beginning(0, 0);
    let texts = lines.split_inclusive(|byte| *byte == b'\n');
    let budget = Budget {
        most,
        start,
        tail: start,
        end: texts.map(records::text_length).sum(),
        is_in_log: false,
    };
    let source = Source {
        file: Arc::new(File::open("/dev/null").ok()?),
        to: 0,
        more: lines,
        more_at: 0,
    };
    let mut out = Vec::new();
    let cut = Cut::find(source, budget, skip, None).ok()??;
    let give = &mut |elements: &[u8]| {
        out.extend_from_slice(elements);
        true
    };
    cut.give(give).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests;
