//! A notebook's text: where its cells are in it, and how one of them is changed without touching the rest.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::layout::indented;
use super::members::Members;
use super::output::lines;
use super::version3;

/// The kernel of notebooks that name none.
const USUAL_KERNEL: &str = "python3";

/// A notebook of format 4.
#[derive(Clone, Debug)]
pub(super) struct Document {
    text: String,
    cells: Vec<Range<usize>>,
    kernel: String,
}

/// One cell as it is in the file.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// `code`, `markdown` or `raw`.
    pub(super) kind: String,
    /// Its name; notebooks before version 4.5 have none.
    pub(super) id: Option<String>,
    /// What it says.
    pub(super) source: String,
}

#[derive(Deserialize)]
struct Top<'a> {
    nbformat: Option<i64>,
    #[serde(borrow)]
    cells: Option<Vec<&'a RawValue>>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    kernelspec: Option<Kernelspec>,
}

#[derive(Deserialize)]
struct Kernelspec {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    cell_type: String,
    id: Option<String>,
    source: Option<Source>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Whole(String),
    Lines(Vec<String>),
}

impl Document {
    /// Reads a notebook; one of format 3 becomes one of format 4. Fails with what is wrong, in words.
    pub(super) fn parse(text: String) -> Result<Self, String> {
        let top: Top<'_> = serde_json::from_str(&text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                format!("{error}; it must be a notebook of nbformat 4 or 3")
            }
            _ => format!("it is not JSON ({error})"),
        })?;
        match top.nbformat {
            Some(4) => {}
            Some(3) => {
                let upgraded = version3::upgrade(&text)?;
                return Self::parse(upgraded);
            }
            Some(other) => {
                return Err(format!(
                    "it is of nbformat {other}, and 4 and 3 can be run; convert it with: jupyter nbconvert --to notebook"
                ));
            }
            None => {
                return Err("it has no \"nbformat\"; a notebook has one, and \"cells\"".to_owned());
            }
        }
        let cells = top
            .cells
            .ok_or("it has no \"cells\"; a notebook has a list of them")?;
        for (at, cell) in cells.iter().enumerate() {
            head(cell.get()).map_err(|error| format!("cell {at}: {error}"))?;
        }
        let start = text.as_ptr().addr();
        let place = |cell: &&RawValue| {
            let begin = cell.get().as_ptr().addr() - start;
            begin..begin + cell.get().len()
        };
        let cells = cells.iter().map(place).collect();
        let kernel = top.metadata.and_then(|metadata| metadata.kernelspec?.name);
        let kernel = kernel.filter(|name| !name.is_empty());
        Ok(Self {
            cells,
            kernel: kernel.unwrap_or_else(|| USUAL_KERNEL.to_owned()),
            text,
        })
    }

    /// The name of the kernel that runs it.
    pub(super) fn kernel(&self) -> &str {
        &self.kernel
    }

    /// How many cells it has.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A cell's own text.
    fn raw(&self, index: usize) -> &str {
        &self.text[self.cells[index].clone()]
    }

    /// A cell.
    pub(super) fn cell(&self, index: usize) -> Cell {
        let head = head(self.raw(index)).expect("all cells were read when the notebook was");
        let source = match head.source {
            Some(Source::Whole(text)) => text,
            Some(Source::Lines(lines)) => lines.concat(),
            None => String::new(),
        };
        Cell {
            kind: head.cell_type,
            id: head.id,
            source,
        }
    }

    /// The members of a cell.
    pub(super) fn members(&self, index: usize) -> Members {
        Members::parse(self.raw(index)).expect("all cells are objects")
    }

    /// The notebook's text with other members in one cell. A text of many lines stays as it is around that
    /// cell; one of a single line is laid out as Jupyter does it.
    pub(super) fn with_cell(&self, index: usize, members: &Members) -> String {
        let cell = serde_json::to_string(members).expect("JSON can be written");
        if !self.text.trim_end().contains('\n') {
            return self.laid_out(index, &cell);
        }
        let Range { start, end } = self.cells[index].clone();
        let before = &self.text[..start];
        let indentation = &before[before.trim_end_matches([' ', '\t']).len()..];
        let cell = if before[..before.len() - indentation.len()].ends_with('\n') {
            indented(&cell, &unit(indentation), indentation)
        } else {
            cell
        };
        [before, &cell, &self.text[end..]].concat()
    }

    fn laid_out(&self, index: usize, changed: &str) -> String {
        let mut whole = String::with_capacity(self.text.len() + changed.len());
        let mut at = 0;
        for (number, place) in self.cells.iter().enumerate() {
            whole.push_str(&self.text[at..place.start]);
            at = place.end;
            if number == index {
                whole.push_str(changed);
            } else {
                whole.push_str(&in_lines(&self.text[place.clone()]));
            }
        }
        whole.push_str(&self.text[at..]);
        let end = &whole[whole.trim_end().len()..];
        indented(&whole, " ", "") + end
    }
}

/// A cell whose source is a list of lines.
fn in_lines(cell: &str) -> String {
    let mut members = Members::parse(cell).expect("all cells are objects");
    let source = members.get("source").map(RawValue::get);
    if let Some(Ok(source)) = source.map(serde_json::from_str::<String>) {
        members.set("source", &lines(&source));
    }
    serde_json::to_string(&members).expect("JSON can be written")
}

/// What one level is indented by, where a cell, on the second level, is by this.
fn unit(indentation: &str) -> String {
    let half = indentation.len() / 2;
    if half > 0 && indentation.len().is_multiple_of(2) {
        indentation[..half].to_owned()
    } else {
        " ".to_owned()
    }
}

fn head(cell: &str) -> Result<Head, String> {
    serde_json::from_str(cell).map_err(|error| {
        let shape = "a cell has a \"cell_type\" and a \"source\" of text";
        match serde_json::from_str::<Value>(cell) {
            Ok(Value::Object(_)) | Err(_) => format!("{error}; {shape}"),
            Ok(_) => format!("it is no object; {shape}"),
        }
    })
}

#[cfg(test)]
mod tests;
