//! The answer to a request to run a cell.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::execution::Outcome;
use super::output::{Output, Raised};
use super::saving::{self, Loaded};

/// What a run gave, in the order of the wire.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// `ok`, `error` or `timeout`.
    status: &'static str,
    /// The number of the execution; clients know none of those that failed.
    execution_count: Option<i64>,
    /// The outputs; after an error the error alone.
    outputs: Told,
    /// After an error, all outputs, as the notebook has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    cell_outputs: Option<Vec<Output>>,
    /// Whether the outputs are in the file.
    saved: bool,
    /// What there is to say about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Told {
    Raw(Box<RawValue>),
    New(Vec<Output>),
}

impl Answer {
    /// About a run; the outputs come later, by [`Self::give_outputs`].
    pub(super) fn of(
        outcome: Outcome,
        count: Option<i64>,
        outputs: Vec<Output>,
    ) -> (Self, Vec<Output>) {
        let failed = |ename: &str, evalue: String| {
            vec![Output::from(Raised {
                ename: ename.to_owned(),
                traceback: vec![evalue.clone()],
                evalue,
            })]
        };
        let (status, told, detail) = match outcome {
            Outcome::Well => ("ok", None, None),
            Outcome::TimedOut(words) => ("timeout", None, Some(words)),
            Outcome::Died(words) => ("error", Some(failed("DeadKernelError", words)), None),
            Outcome::Raised(raised) => (
                "error",
                Some(failed("CellExecutionError", in_words(&raised))),
                None,
            ),
        };
        let error = told.is_some();
        let answer = Self {
            status,
            execution_count: count.filter(|_| !error),
            outputs: Told::New(told.unwrap_or_default()),
            cell_outputs: error.then(Vec::new),
            saved: true,
            detail,
        };
        (answer, outputs)
    }

    /// About a cell of which there is nothing to run.
    pub(super) fn of_nothing(loaded: &Loaded) -> Self {
        let (count, outputs) = saving::present(loaded);
        Self {
            status: "ok",
            execution_count: count,
            outputs: Told::Raw(outputs),
            cell_outputs: None,
            saved: true,
            detail: None,
        }
    }

    /// Gives it what the cell gave.
    pub(super) fn give_outputs(&mut self, outputs: Vec<Output>) {
        match &mut self.cell_outputs {
            Some(place) => *place = outputs,
            None => self.outputs = Told::New(outputs),
        }
    }

    /// Notes why it was not saved, if it was not.
    pub(super) fn note(&mut self, problem: Option<String>) {
        if let Some(problem) = problem {
            self.saved = false;
            let before = self
                .detail
                .take()
                .map_or_else(String::new, |detail| detail + "; ");
            self.detail = Some(format!("{before}not saved: {problem}"));
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Box<RawValue> {
        to_raw_value(self).expect("texts, numbers and JSON can be written")
    }
}

/// An exception with where it came from.
fn in_words(raised: &Raised) -> String {
    let Raised {
        ename,
        evalue,
        traceback,
    } = raised;
    format!(
        "the cell raised {ename}: {evalue}\n\n{}\n",
        traceback.join("\n")
    )
}
