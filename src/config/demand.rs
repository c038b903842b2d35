//! The demand that the settings make on the machine: whether limits must be kept.

use serde::{Deserialize, Serialize};

/// How much is asked of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Demand {
    /// Every limit that is set is kept by cgroups, or the server does not start.
    Required,
    /// What cannot be had is kept in a weaker way, or not at all, and told.
    #[default]
    Optional,
    /// Nothing is limited.
    Off,
}

/// The words of [`Demand`], as the table has them.
pub(super) const DEMANDS: &[&str] = &["required", "optional", "off"];

impl Demand {
    /// Of one of its words.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "required" => Self::Required,
            "off" => Self::Off,
            _ => Self::Optional,
        }
    }
}
