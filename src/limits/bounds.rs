//! Bounds: how much of each resource somebody may use.

/// How much of each resource may be used; none is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Memory, in bytes.
    pub memory: Option<u64>,
    /// Swap beside the memory, in bytes.
    pub swap: Option<u64>,
    /// Processors: 1.5 is one and a half.
    pub cpu: Option<f64>,
    /// Processes and threads at once.
    pub pids: Option<u64>,
    /// Share of the disk's time against others, 1 to 10000; 100 is usual.
    pub io_weight: Option<u16>,
}

/// More was asked for than there may be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {asked}, and at most {most} is allowed here; ask for less, or leave it out")]
pub struct TooMuch {
    /// As in the request, such as `memory_limit`.
    pub field: &'static str,
    /// As asked for, in words.
    pub asked: String,
    /// What the settings allow, in words.
    pub most: String,
}

impl Bounds {
    /// These bounds made narrower by what is asked for.
    pub fn narrowed(&self, _asked: &Self) -> Result<Self, TooMuch> {
        Ok(*self)
    }

    /// Whether nothing is bounded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A number of bytes for people.
pub fn readable(bytes: u64) -> String {
    format!("{bytes} bytes")
}
