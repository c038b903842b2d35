//! The handover: all that a workspace's process is told when it is started.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::Delegated;
use crate::walls::Plan;

/// What a workspace is to be. It has no key of a client's in it.
#[derive(Serialize, Deserialize)]
pub struct Handover {
    /// The settings that are not as built in, without secrets, as text of a settings file.
    pub settings: String,
    /// The environment of its commands: names and values, which need not be text.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// The directory that requests act in.
    pub directory: PathBuf,
    /// What the server shows with each request, and nobody else knows.
    pub key: String,
    /// What it is confined by.
    pub plan: Plan,
    /// The soft limit on open files that its commands get.
    pub open_files: u64,
    /// What it may use.
    pub limits: Delegated,
    /// How long nothing must run here until it says so; zero is never.
    pub idle: Duration,
}
