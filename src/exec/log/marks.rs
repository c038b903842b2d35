//! Where records are in a log: a place is noted now and then, the rest is found from the nearest one.

/// A place is noted when this many bytes of log have come since the last one.
const STRIDE: u64 = 64 * 1024;

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Its number.
    pub(super) record: u64,
    /// Its first byte in the log.
    pub(super) position: u64,
}

/// The noted places, in the order of the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// Notes a record's place if it is far enough from the last one.
    pub(super) fn note(&mut self, record: u64, position: u64) {
        if position >= self.0.last().map_or(0, |mark| mark.position) + STRIDE {
            self.0.push(Mark { record, position });
        }
    }

    /// The last place at or before a record; the log's beginning, with its `first` record, if none.
    pub(super) fn before_record(&self, record: u64, first: u64) -> Mark {
        self.last_of(self.0.partition_point(|mark| mark.record <= record), first)
    }

    /// The last place at or before a position; the log's beginning, with its `first` record, if none.
    pub(super) fn before_position(&self, position: u64, first: u64) -> Mark {
        self.last_of(
            self.0.partition_point(|mark| mark.position <= position),
            first,
        )
    }

    fn last_of(&self, count: usize, first: u64) -> Mark {
        let start = Mark {
            record: first,
            position: 0,
        };
        count.checked_sub(1).map_or(start, |at| self.0[at])
    }

    /// The places from one on, in a log that begins there, behind a head of so many bytes.
    pub(super) fn cut(&self, at: Mark, head: u64) -> Self {
        let kept = self.0.iter().filter(|mark| mark.position >= at.position);
        Self(
            kept.map(|mark| Mark {
                position: mark.position - at.position + head,
                ..*mark
            })
            .collect(),
        )
    }

    /// Gives back memory that is not needed when no more places come.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_before_is_found_also_after_a_cut() {
        let mut marks = Marks::default();
        for record in 0..100 {
            marks.note(record, record * 10_000);
        }
        assert_eq!(
            marks.before_record(0, 0),
            Mark {
                record: 0,
                position: 0
            }
        );
        assert_eq!(
            marks.before_record(7, 0),
            Mark {
                record: 7,
                position: 70_000
            }
        );
        assert_eq!(
            marks.before_record(13, 0),
            Mark {
                record: 7,
                position: 70_000
            }
        );
        assert_eq!(marks.before_position(139_999, 0).record, 7);
        let cut = marks.cut(
            Mark {
                record: 10,
                position: 100_000,
            },
            50,
        );
        assert_eq!(
            cut.before_record(12, 10),
            Mark {
                record: 10,
                position: 0
            }
        );
        assert_eq!(
            cut.before_record(14, 10),
            Mark {
                record: 14,
                position: 40_050
            }
        );
    }
}
