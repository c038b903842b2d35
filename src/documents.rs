//! Documents: the text in files of office programs, of PDF, books and mail.
//!
//! ```text
//! extract(format, file) ──starts──▶ this program once more: limits on memory and time, then the format's reader
//!        ◀── a report, and the text in memory both can see ──┘
//! ```
//!
//! What a hostile file does to its reader, it does to that process, which ends; the server tells why.

mod cells;
mod docx;
mod eml;
mod epub;
mod extraction;
mod extractor;
mod format;
#[cfg(fuzzing)]
pub mod fuzz;
mod html;
mod odp;
mod ods;
mod odt;
mod package;
mod pdf;
mod pptx;
mod rtf;
mod text;
mod xls;
mod xlsx;

pub use extraction::{Error, Extracted, extract};
pub use extractor::{EXTRACTOR_ARGUMENT, extractor_main};
pub use format::Format;
use text::{Problem, Text};
