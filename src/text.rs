//! Text as the interface counts it: its lines, whether bytes are text at all, and lines cut short.
//!
//! A line ends where Python's `str.splitlines` ends it: at `\n`, `\r`, `\r\n`, `\v`, `\f`, the
//! separators U+001C to U+001E, U+0085, U+2028 and U+2029. Everything here is pure.

mod breaks;
mod clip;
mod lines;
mod scan;
#[cfg(test)]
mod tests;

pub use clip::{CLIP, clip, clip_begun};
pub use lines::{bare_lines, lines, measured_lines};
pub use scan::{NotUtf8, Scanned, Scanner};
