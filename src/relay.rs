//! What passing a request on to another server takes, wherever that one is: behind a port, or in a workspace.

mod answer;
mod heard;

pub use answer::{Answered, Connection, is_bodiless};
pub use heard::Heard;
