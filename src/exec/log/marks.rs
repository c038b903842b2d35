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
    /// Bytes of output in all records before it, those gone included as far as they are known.
    pub(super) text: u64,
}

impl Mark {
    /// The beginning of a log whose first record is this one.
    pub(super) fn beginning(record: u64, text: u64) -> Self {
        Self {
            record,
            position: 0,
            text,
        }
    }
}

/// The noted places, in the order of the log.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// Notes a record's place if it is far enough from the last one.
    pub(super) fn note(&mut self, place: Mark) {
        if place.position >= self.0.last().map_or(0, |mark| mark.position) + STRIDE {
            self.0.push(place);
        }
    }

    /// The last place at or before a record; the log's beginning if none.
    pub(super) fn before_record(&self, record: u64, beginning: Mark) -> Mark {
        self.last_of(|mark| mark.record <= record, beginning)
    }

    /// The last place at or before a position; the log's beginning if none.
    pub(super) fn before_position(&self, position: u64, beginning: Mark) -> Mark {
        self.last_of(|mark| mark.position <= position, beginning)
    }

    /// The last place with no more than so many bytes of output before it; the log's beginning if none.
    pub(super) fn before_text(&self, text: u64, beginning: Mark) -> Mark {
        self.last_of(|mark| mark.text <= text, beginning)
    }

    fn last_of(&self, is_before: impl Fn(&Mark) -> bool, beginning: Mark) -> Mark {
        let count = self.0.partition_point(is_before);
        count.checked_sub(1).map_or(beginning, |at| self.0[at])
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

    fn mark(record: u64, position: u64, text: u64) -> Mark {
        Mark {
            record,
            position,
            text,
        }
    }

    #[test]
    fn the_nearest_place_before_is_found_also_after_a_cut() {
        let mut marks = Marks::default();
        for record in 0..100 {
            marks.note(mark(record, record * 10_000, record * 9_000));
        }
        let start = Mark::beginning(0, 0);
        assert_eq!(marks.before_record(0, start), start);
        assert_eq!(marks.before_record(7, start), mark(7, 70_000, 63_000));
        assert_eq!(marks.before_record(13, start), mark(7, 70_000, 63_000));
        assert_eq!(marks.before_position(139_999, start).record, 7);
        assert_eq!(marks.before_text(125_999, start).record, 7);
        assert_eq!(marks.before_text(126_000, start).record, 14);
        let cut = marks.cut(mark(10, 100_000, 90_000), 50);
        let start = Mark::beginning(10, 90_000);
        assert_eq!(cut.before_record(12, start), start);
        assert_eq!(cut.before_record(14, start), mark(14, 40_050, 126_000));
    }
}
