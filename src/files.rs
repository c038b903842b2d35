//! Files: looked at, read, written and moved, as what the caller's own account may.

mod error;

pub use error::Error;
