//! The outputs of a running cell, in the form of nbformat 4, put together from what the kernel publishes.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::members::Members;
use super::message::Message;

/// Bytes of output kept of one cell.
const MOST: usize = 64 << 20;
/// Outputs kept of one cell.
const MOST_OUTPUTS: usize = 50_000;
/// What each output, and each part of one, counts beside its text, in bytes.
const EACH: usize = 100;
/// What each line counts beside its text, in bytes: in the file it is an item of a list.
const LINE: usize = 16;

/// One output, as the kernel gives it: its texts are whole.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "output_type", rename_all = "snake_case")]
pub enum Output {
    /// Text that was printed.
    Stream {
        /// `stdout` or `stderr`.
        name: String,
        /// The text.
        text: String,
    },
    /// Something shown.
    DisplayData {
        /// Notes about it.
        metadata: Box<RawValue>,
        /// The same thing in several media types.
        data: Media,
    },
    /// The value of the cell.
    ExecuteResult {
        /// Notes about it.
        metadata: Box<RawValue>,
        /// The same thing in several media types.
        data: Media,
        /// The number of the execution.
        execution_count: Option<i64>,
    },
    /// An exception.
    Error {
        /// Its class.
        ename: String,
        /// What it says.
        evalue: String,
        /// Where it came from, in pieces.
        traceback: Vec<String>,
    },
}

/// Contents by media type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Media(Members);

/// What a message has changed.
#[derive(Clone, Debug)]
pub enum Piece {
    /// An output was added; of a stream, this piece of text.
    Output(Output),
    /// What was shown under this id is now this.
    Update(String, Output),
    /// All outputs so far are gone; with `true` not before the next one comes.
    Clear(bool),
    /// Some pieces were left out here: who listens was too slow. The end has everything.
    Missed,
}

impl Piece {
    /// What it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        EACH + match self {
            Self::Output(output) => output.size(),
            Self::Update(id, output) => id.len() + output.size(),
            Self::Clear(_) | Self::Missed => 0,
        }
    }
}

#[derive(Deserialize)]
struct Printed {
    name: String,
    text: String,
}

#[derive(Deserialize)]
struct Shown {
    data: Media,
    metadata: Option<Box<RawValue>>,
    transient: Option<Transient>,
    execution_count: Option<i64>,
}

#[derive(Deserialize)]
struct Transient {
    display_id: Option<String>,
}

/// An exception as the kernel tells it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Raised {
    #[serde(default)]
    pub(super) ename: String,
    #[serde(default)]
    pub(super) evalue: String,
    #[serde(default)]
    pub(super) traceback: Vec<String>,
}

#[derive(Deserialize)]
struct Cleared {
    #[serde(default)]
    wait: bool,
}

/// The outputs so far.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    list: Vec<Output>,
    /// Under which id each is shown.
    ids: Vec<Option<String>>,
    /// Whether they go when the next one comes.
    clear_next: bool,
    size: usize,
    /// Whether something was left out.
    dropped: bool,
}

impl Outputs {
    /// Takes what a message publishes; none when it is no output.
    pub(super) fn take(&mut self, message: &Message) -> Option<Piece> {
        match message.kind.as_str() {
            "stream" => {
                let Printed { name, text } = message.read()?;
                self.add(Output::Stream { name, text }, None)
            }
            "display_data" => {
                let (output, id) = shown(message.read()?, false);
                self.add(output, id)
            }
            "execute_result" => {
                let (output, id) = shown(message.read()?, true);
                self.add(output, id)
            }
            "error" => self.add(message.read::<Raised>()?.into(), None),
            "update_display_data" => {
                let (output, id) = shown(message.read()?, false);
                self.update(id?, output)
            }
            "clear_output" => {
                let Cleared { wait } = message.read()?;
                self.clear_next = wait;
                if !wait {
                    self.clear();
                }
                Some(Piece::Clear(wait))
            }
            _ => None,
        }
    }

    /// Notes that something was too large to be taken.
    pub(super) fn note_loss(&mut self) -> Option<Piece> {
        if std::mem::replace(&mut self.dropped, true) {
            return None;
        }
        let text = format!(
            "\n[More than {} MiB of output: the rest was dropped.]\n",
            MOST >> 20
        );
        let output = Output::Stream {
            name: "stderr".to_owned(),
            text,
        };
        self.push(output.clone(), None);
        Some(Piece::Output(output))
    }

    /// Adds an output whatever its size.
    pub(super) fn push(&mut self, output: Output, id: Option<String>) {
        if let (
            Output::Stream { name, text },
            Some(Output::Stream {
                name: last,
                text: whole,
            }),
        ) = (&output, self.list.last_mut())
            && name == last
        {
            whole.push_str(text);
            return;
        }
        self.list.push(output);
        self.ids.push(id);
    }

    /// All of them.
    pub(super) fn into_list(self) -> Vec<Output> {
        self.list
    }

    fn add(&mut self, output: Output, id: Option<String>) -> Option<Piece> {
        if std::mem::take(&mut self.clear_next) {
            self.clear();
        }
        let size = EACH + output.size() + id.as_ref().map_or(0, String::len);
        if self.dropped || self.size + size > MOST || self.list.len() >= MOST_OUTPUTS {
            return self.note_loss();
        }
        self.size += size;
        self.push(output.clone(), id);
        Some(Piece::Output(output))
    }

    fn update(&mut self, id: String, output: Output) -> Option<Piece> {
        let Output::DisplayData { metadata, data } = &output else {
            return None;
        };
        for (old, own) in self.list.iter_mut().zip(&self.ids) {
            if own.as_deref() != Some(&id) {
                continue;
            }
            // One update may go to many places.
            let size = self.size.saturating_sub(old.size()) + output.size();
            if size > MOST {
                return self.note_loss();
            }
            self.size = size;
            if let Output::DisplayData {
                metadata: m,
                data: d,
            }
            | Output::ExecuteResult {
                metadata: m,
                data: d,
                ..
            } = old
            {
                (*m, *d) = (metadata.clone(), data.clone());
            }
        }
        Some(Piece::Update(id, output))
    }

    fn clear(&mut self) {
        self.list.clear();
        self.ids.clear();
        self.size = 0;
        self.dropped = false;
    }
}

fn shown(shown: Shown, result: bool) -> (Output, Option<String>) {
    let Shown {
        data,
        metadata,
        transient,
        execution_count,
    } = shown;
    let metadata =
        metadata.unwrap_or_else(|| to_raw_value(&Members::default()).expect("it is empty"));
    let output = if result {
        Output::ExecuteResult {
            metadata,
            data,
            execution_count,
        }
    } else {
        Output::DisplayData { metadata, data }
    };
    (output, transient.and_then(|transient| transient.display_id))
}

impl From<Raised> for Output {
    fn from(raised: Raised) -> Self {
        let Raised {
            ename,
            evalue,
            traceback,
        } = raised;
        Self::Error {
            ename,
            evalue,
            traceback,
        }
    }
}

impl Output {
    /// What it takes, in bytes: here, and about as much in the file.
    fn size(&self) -> usize {
        match self {
            Self::Stream { name, text } => name.len() + text.len() + LINE * count(text, b"\n"),
            Self::DisplayData { data, metadata } | Self::ExecuteResult { data, metadata, .. } => {
                let member = |(name, value): (&str, &RawValue)| {
                    EACH + name.len() + value.get().len() + LINE * count(value.get(), b"\\n")
                };
                data.0.iter().map(member).sum::<usize>() + metadata.get().len()
            }
            Self::Error {
                ename,
                evalue,
                traceback,
            } => {
                let pieces = traceback.iter().map(|piece| EACH + piece.len());
                ename.len() + evalue.len() + pieces.sum::<usize>()
            }
        }
    }

    /// The output as it is kept in a file, where long texts are lists of lines.
    pub(super) fn stored(&self) -> Members {
        let whole = serde_json::to_string(self).expect("texts and JSON can be written");
        let mut members = Members::parse(&whole).expect("an output is an object");
        match self {
            Self::Stream { text, .. } => members.set("text", &lines(text)),
            Self::DisplayData { data, .. } | Self::ExecuteResult { data, .. } => {
                members.set("data", &data.0.map(stored_medium));
            }
            Self::Error { .. } => {}
        }
        members
    }
}

/// How often this stands in a text.
fn count(text: &str, what: &[u8]) -> usize {
    memchr::memmem::find_iter(text.as_bytes(), what).count()
}

/// A medium as it is kept in a file: text of readable types as lines, anything else as it is.
fn stored_medium(kind: &str, value: &RawValue) -> Box<RawValue> {
    let readable =
        kind.starts_with("text/") || ["application/javascript", "image/svg+xml"].contains(&kind);
    match serde_json::from_str::<String>(value.get()) {
        Ok(text) if readable => to_raw_value(&lines(&text)).expect("texts can be written"),
        _ => value.to_owned(),
    }
}

/// A text as a list of lines, each with its line break.
pub(super) fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests;
