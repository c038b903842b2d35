//! Bounds: how much of each resource somebody may use.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// How much of each resource may be used; none is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// Why a request does not get what it asks for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It is more than the settings allow.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// Nothing here can keep it.
    #[error(
        "{field} cannot be kept here: {why}. To run the command all the same, leave {field} out"
    )]
    NotKept {
        /// As in the request, such as `io_weight`.
        field: &'static str,
        /// What is missing, with the way to get it.
        why: String,
    },
}

impl Bounds {
    /// These bounds made narrower by what is asked for; what is not asked for stays as it is here.
    ///
    /// Memory that is asked for without a bound on swap allows none, or a hog would only move to the disk.
    pub fn narrowed(&self, asked: &Self) -> Result<Self, TooMuch> {
        let swap = narrower("swap_limit", self.swap, asked.swap, in_full)?;
        Ok(Self {
            memory: narrower("memory_limit", self.memory, asked.memory, in_full)?,
            swap: swap.or(asked.memory.map(|_| 0)),
            cpu: narrower("cpu_limit", self.cpu, asked.cpu, f64::to_string)?,
            pids: narrower("pids_limit", self.pids, asked.pids, u64::to_string)?,
            io_weight: narrower("io_weight", self.io_weight, asked.io_weight, u16::to_string)?,
        })
    }

    /// Whether nothing is bounded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The lesser of what is allowed and what is asked for.
fn narrower<T: Copy + PartialOrd>(
    field: &'static str,
    own: Option<T>,
    asked: Option<T>,
    words: impl Fn(&T) -> String,
) -> Result<Option<T>, TooMuch> {
    match (own, asked) {
        // Not the other way round: what is no number is not less than anything.
        (Some(most), Some(asked)) if asked <= most => Ok(Some(asked)),
        (Some(most), Some(asked)) => Err(TooMuch {
            field,
            asked: words(&asked),
            most: words(&most),
        }),
        (own, asked) => Ok(asked.or(own)),
    }
}

/// A number of bytes, exactly and for people: `1073741824 bytes (1 GiB)`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "as the other numbers are shown"
)]
fn in_full(bytes: &u64) -> String {
    if *bytes < DECIMAL[0].0 {
        return readable(*bytes);
    }
    format!("{bytes} bytes ({})", readable(*bytes))
}

const DECIMAL: [(u64, &str); 5] = [
    (1_000, "kB"),
    (1_000_000, "MB"),
    (1_000_000_000, "GB"),
    (1_000_000_000_000, "TB"),
    (1_000_000_000_000_000, "PB"),
];

const BINARY: [(u64, &str); 5] = [
    (1 << 10, "KiB"),
    (1 << 20, "MiB"),
    (1 << 30, "GiB"),
    (1 << 40, "TiB"),
    (1 << 50, "PiB"),
];

/// A number of bytes for people: `512 MB`, `1.5 GiB`.
///
/// Decimal where that is exact with two places at most, else binary, cut off after two places.
pub fn readable(bytes: u64) -> String {
    let unit = |units: &[(u64, &'static str)]| {
        let fits = units.iter().rev().find(|(size, _)| *size <= bytes);
        fits.copied()
    };
    let decimal = unit(&DECIMAL).filter(|(size, _)| bytes.is_multiple_of(size / 100));
    let Some((size, name)) = decimal.or_else(|| unit(&BINARY)) else {
        return format!("{bytes} bytes");
    };
    let hundredths = u128::from(bytes) * 100 / u128::from(size);
    let (whole, part) = (hundredths / 100, hundredths % 100);
    let places = format!(".{part:02}");
    let places = places.trim_end_matches('0').trim_end_matches('.');
    format!("{whole}{places} {name}")
}
