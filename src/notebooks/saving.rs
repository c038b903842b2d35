//! Saving: what a cell gave is put into its cell, as the file is by then.
//!
//! A cell may run for hours, and somebody may edit the notebook meanwhile. So the file is read again before it
//! is written, and the cell is looked for by its id, else by what it says.

use std::path::Path;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::Error;
use super::document::{Cell, Document};
use super::execution::Times;
use super::file;
use super::members::Members;
use super::output::{Output, lines};

/// A notebook as it was when a cell was to run.
#[derive(Debug)]
pub(super) struct Loaded {
    /// All of it.
    pub(super) document: Document,
    /// Which cell.
    pub(super) index: usize,
    /// That cell.
    pub(super) cell: Cell,
}

/// What is to be put into the cell.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// What the caller ran in place of what the cell said.
    pub(super) source: Option<String>,
    /// What the run gave; none when nothing ran.
    pub(super) run: Option<Run>,
}

/// What a run gave.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) count: Option<i64>,
    pub(super) outputs: Vec<Output>,
    pub(super) times: Times,
}

/// Reads the notebook at `path`; when the file is gone, `kept` is what it was.
pub(super) fn load(path: &Path, kept: Option<&str>, index: i64) -> Result<Loaded, Error> {
    let text = match (file::read(path), kept) {
        (Err(Error::NoFile(_)), Some(kept)) => kept.to_owned(),
        (read, _) => read?,
    };
    let document = parse(path, text)?;
    let count = document.len();
    let at = usize::try_from(index).ok().filter(|at| *at < count);
    let index = at.ok_or(Error::NoCell { index, count })?;
    let cell = document.cell(index);
    Ok(Loaded {
        document,
        index,
        cell,
    })
}

/// The notebook that `text` is.
pub(super) fn parse(path: &Path, text: String) -> Result<Document, Error> {
    Document::parse(text).map_err(|problem| Error::Invalid {
        path: path.to_owned(),
        problem,
    })
}

/// Puts the changes into the notebook at `path`; gives its new text, or why it was not saved.
pub(super) fn save(path: &Path, loaded: &Loaded, changes: &Changes) -> Result<String, String> {
    save_within(path, loaded, changes, file::LARGEST)
}

/// The same, for a notebook that may be so many bytes large.
fn save_within(
    path: &Path,
    loaded: &Loaded,
    changes: &Changes,
    most: u64,
) -> Result<String, String> {
    let current = match file::read(path) {
        Ok(text) if text == loaded.document.text() => None,
        Ok(text) => Some(Document::parse(text).map_err(|problem| {
            format!("the file was changed meanwhile and is no notebook any more: {problem}")
        })?),
        // Deleted meanwhile: it comes back, as when a notebook is saved from an editor.
        Err(Error::NoFile(_)) => None,
        Err(other) => return Err(other.to_string()),
    };
    let document = current.as_ref().unwrap_or(&loaded.document);
    let index = match &current {
        None => loaded.index,
        Some(current) => find(current, loaded).ok_or(
            "the notebook was changed meanwhile and the cell is not in it any more; its outputs are only in this answer",
        )?,
    };
    let theirs = document.cell(index).source != loaded.cell.source;
    let members = changed(document.members(index), changes, theirs);
    let text = document.with_cell(index, &members);
    if text.len() as u64 > most {
        return Err(format!(
            "the notebook would be {} MiB with these outputs, and one of more than {} MiB is not opened again; print less, or clear the outputs of other cells",
            text.len() >> 20,
            most >> 20
        ));
    }
    file::write(path, &text)?;
    Ok(text)
}

/// Where the cell is by now: where its id is, which may be copied with a cell, else where what it says is.
fn find(current: &Document, loaded: &Loaded) -> Option<usize> {
    let Loaded { cell, index, .. } = loaded;
    let of_its_kind = |at: &usize| current.cell(*at).kind == cell.kind;
    let mut all: Vec<usize> = (0..current.len()).filter(of_its_kind).collect();
    if cell.id.is_some() {
        let named = all.iter().copied();
        let named: Vec<usize> = named.filter(|at| current.cell(*at).id == cell.id).collect();
        match named[..] {
            [] => {}
            [only] => return Some(only),
            _ => all = named,
        }
    }
    all.retain(|at| current.cell(*at).source == cell.source);
    match all[..] {
        [only] => Some(only),
        _ => all.contains(index).then_some(*index),
    }
}

/// The cell's members with the changes. Where somebody has edited what it says, that stays.
fn changed(mut members: Members, changes: &Changes, theirs: bool) -> Members {
    if let Some(run) = &changes.run {
        members.set("execution_count", &run.count);
        let metadata = members.get("metadata").map_or("{}", RawValue::get);
        if let Some(mut metadata) = Members::parse(metadata) {
            metadata.set("execution", &run.times);
            members.set("metadata", &metadata);
        }
        let outputs: Vec<_> = run.outputs.iter().map(Output::stored).collect();
        members.set("outputs", &outputs);
    }
    match &changes.source {
        Some(source) if !theirs => members.set("source", &lines(source)),
        _ => {
            // As Jupyter keeps it.
            let whole = members
                .get("source")
                .map(|source| serde_json::from_str::<String>(source.get()));
            if let Some(Ok(source)) = whole {
                members.set("source", &lines(&source));
            }
        }
    }
    members
}

/// The outputs and the count that the cell has now, its texts whole.
pub(super) fn present(loaded: &Loaded) -> (Option<i64>, Box<RawValue>) {
    let members = loaded.document.members(loaded.index);
    let read = |name| members.get(name).map_or("null", RawValue::get);
    let count = serde_json::from_str(read("execution_count")).ok();
    let outputs = match serde_json::from_str::<Vec<Value>>(read("outputs")) {
        Ok(outputs) => outputs.into_iter().map(joined).collect(),
        Err(_) => Vec::new(),
    };
    (count, to_raw_value(&outputs).expect("JSON can be written"))
}

/// An output whose lists of lines are texts again.
fn joined(mut output: Value) -> Value {
    let join = |value: &mut Value| {
        if let Value::Array(lines) = value
            && let Some(lines) = lines.iter().map(Value::as_str).collect::<Option<Vec<_>>>()
        {
            *value = lines.concat().into();
        }
    };
    if let Some(text) = output.get_mut("text") {
        join(text);
    }
    if let Some(data) = output.get_mut("data").and_then(Value::as_object_mut) {
        let texts = data.iter_mut().filter(|(kind, _)| !kind.ends_with("json"));
        texts.map(|(_, value)| value).for_each(join);
    }
    output
}

#[cfg(test)]
mod tests;
