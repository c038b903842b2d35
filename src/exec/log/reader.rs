//! Reading a window of a log: what it costs is what it returns.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::budget;
use super::place::Place;
use super::plan::{AT_ONCE, CHUNK, Plan, Sender, open};
use super::records;
use crate::exec::Output;
use crate::sys;

/// Reads a planned window: at once when it is small, else as a stream.
///
/// Fails when the disk does, or when somebody has removed the log.
///
/// The second value says whether its middle was left out.
pub(super) async fn read(mut plan: Plan, place: &Place) -> io::Result<(Output, bool)> {
    if let Some(budget) = plan.budget.take()
        && let Some(output) = budget::read(&plan, budget, place).await?
    {
        return Ok((output, true));
    }
    Ok((whole(plan, place).await?, false))
}

async fn whole(plan: Plan, place: &Place) -> io::Result<Output> {
    let length = plan.to - plan.from;
    if length == 0 && plan.more.is_empty() {
        return Ok(Output::Whole(Bytes::new()));
    }
    if length > AT_ONCE {
        return stream(plan, place.clone()).await;
    }
    let mut lines = vec![0; usize::try_from(length).unwrap_or(0)];
    let cached = plan.file.as_ref().is_some_and(|file| {
        length == 0
            || sys::read_cached(file, &mut lines, plan.from).is_ok_and(|read| read == lines.len())
    });
    if !cached {
        let (file, place, from) = (plan.file.clone(), place.clone(), plan.from);
        lines = spawn_blocking(move || {
            let file = open(file, &place)?;
            file.read_exact_at(&mut lines, from).map(|()| lines)
        })
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error)))?;
    }
    let mut elements = Elements::new(plan.skip);
    let mut out = Vec::with_capacity(lines.len() + plan.more.len());
    elements.push_lines(&lines, &mut out);
    elements.push_lines(&plan.more, &mut out);
    Ok(Output::Whole(out.into()))
}

async fn stream(plan: Plan, place: Place) -> io::Result<Output> {
    let (known, place) = (plan.file.clone(), place);
    let opened = spawn_blocking(move || open(known, &place)).await;
    let file = opened.unwrap_or_else(|error| Err(io::Error::other(error)))?;
    let (sender, receiver) = mpsc::channel(1);
    spawn_blocking(move || {
        if let Err(error) = send_all(&plan, &file, &sender) {
            // Nobody hears it when the client has gone.
            sender.blocking_send(Err(error)).ok();
        }
    });
    Ok(Output::Stream(receiver))
}

/// Reads and sends chunk by chunk; stops when the receiver has gone.
fn send_all(plan: &Plan, file: &File, sender: &Sender) -> io::Result<()> {
    let mut elements = Elements::new(plan.skip);
    let mut position = plan.from;
    let mut lines = Vec::with_capacity(CHUNK);
    while position < plan.to {
        let kept = lines.len();
        let left = usize::try_from(plan.to - position).unwrap_or(usize::MAX);
        lines.resize(kept + left.min(CHUNK), 0);
        let read = file.read_at(&mut lines[kept..], position)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lines.truncate(kept + read);
        position += read as u64;
        // The last line may be cut; it waits for its rest.
        let whole = memchr::memrchr(b'\n', &lines).map_or(0, |at| at + 1);
        let mut out = Vec::with_capacity(whole);
        elements.push_lines(&lines[..whole], &mut out);
        lines.drain(..whole);
        if !out.is_empty() && sender.blocking_send(Ok(out.into())).is_err() {
            return Ok(());
        }
    }
    let mut out = Vec::new();
    elements.push_lines(&plan.more, &mut out);
    if !out.is_empty() {
        sender.blocking_send(Ok(out.into())).ok();
    }
    Ok(())
}

/// Makes array elements of log lines.
struct Elements {
    skip: u64,
    any: bool,
}

impl Elements {
    fn new(skip: u64) -> Self {
        Self { skip, any: false }
    }

    fn push_lines(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', lines) {
            self.push(&lines[start..end], out);
            start = end + 1;
        }
    }

    fn push(&mut self, line: &[u8], out: &mut Vec<u8>) {
        if self.skip > 0 {
            self.skip -= u64::from(records::is_output(line));
            return;
        }
        let before = out.len();
        if self.any {
            out.push(b',');
        }
        if records::push_element(line, out) {
            self.any = true;
        } else {
            out.truncate(before);
        }
    }
}
