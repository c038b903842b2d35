//! Search: by name and by content, in trees as they are found, in an order that stays the same.

mod error;

pub use error::Error;
