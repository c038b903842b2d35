//! Files: looked at, read, written and moved, as what the caller's own account may.

mod archive;
mod compare;
mod edit;
mod error;
mod list;
mod media;
mod preview;
mod read;
mod replace;
mod stat;
mod tree;
mod upload;
mod watch;
mod write;

pub use archive::{archive, check};
pub use compare::{CompareError, Comparison, compare};
pub use edit::replace;
pub use error::Error;
pub use list::{Listing, Page};
pub use media::{content_type, media_type};
pub use preview::Previews;
pub use read::{Cut, ReadRequest, Readable, TextFile, read};
pub use replace::{Chunk, ReplaceError, replaced};
pub use stat::{Facts, stat};
pub use tree::{Removed, mkdir, remove, rename};
pub use upload::{Error as UploadError, Part, Parts, Progress, base_name};
pub use watch::{Change, Kind, Place, Watches, Watching};
pub use write::{Staged, Written, write};

/// Seconds since 1970 as clients get them, with the fraction as far as a double holds it.
#[expect(
    clippy::cast_precision_loss,
    reason = "the seconds of any real date fit, and nanoseconds beyond a double's digits are not told"
)]
fn modified(seconds: i64, nanoseconds: i64) -> f64 {
    seconds as f64 + 1e-9 * nanoseconds as f64
}
