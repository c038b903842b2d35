//! An amount of memory, as a setting has it.

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Memory {
    /// So many bytes.
    Bytes(u64),
    /// So much in a hundred, from 1 to 100, of the memory there is here.
    Percent(f64),
}

impl Memory {
    /// Whether it is surely more than `other`: amounts in bytes and parts of a whole are not compared.
    pub(super) fn exceeds(self, other: Self) -> bool {
        match (self, other) {
            (Self::Bytes(one), Self::Bytes(two)) => one > two,
            (Self::Percent(one), Self::Percent(two)) => one > two,
            (Self::Bytes(_), Self::Percent(_)) | (Self::Percent(_), Self::Bytes(_)) => false,
        }
    }
}
