//! Bugs that were found once and must not come back.
//!
//! To add one: a test named after what a user would see when the bug is there, with a first line
//! that says what was wrong. There are none yet.
