//! The time of a file's last change in the form that ZIP has it in.

use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;

/// Time and date as the format has them (4.4.6), in UTC: from 1980 to 2107, others as the nearest of these.
pub(super) fn dos_time(seconds: i64) -> (u16, u16) {
    let earliest = date(1980, 1, 1).at(0, 0, 0, 0);
    let latest = date(2107, 12, 31).at(23, 59, 58, 0);
    let found = Timestamp::from_second(seconds)
        .map_or(if seconds < 0 { earliest } else { latest }, |time| {
            TimeZone::UTC.to_datetime(time)
        });
    let found: DateTime = found.clamp(earliest, latest);
    let bits = |value: i8| u16::from(value.unsigned_abs());
    let time = bits(found.hour()) << 11 | bits(found.minute()) << 5 | bits(found.second()) >> 1;
    let years = found.year().abs_diff(1980);
    let date = years << 9 | bits(found.month()) << 5 | bits(found.day());
    (time, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_outside_the_format_become_the_nearest() {
        let day = |year: u16, month: u16, day: u16| (year - 1980) << 9 | month << 5 | day;
        assert_eq!(dos_time(100_000), (0, day(1980, 1, 1)));
        assert_eq!(dos_time(i64::MIN), (0, day(1980, 1, 1)));
        let hour = |hour: u16, minute: u16, second: u16| hour << 11 | minute << 5 | second >> 1;
        let last = (hour(23, 59, 58), day(2107, 12, 31));
        assert_eq!(dos_time(i64::MAX), last);
        assert_eq!(dos_time(4_354_819_200), last);
        // 2023-11-14 22:13:22
        let inside = (hour(22, 13, 22), day(2023, 11, 14));
        assert_eq!(dos_time(1_700_000_002), inside);
    }
}
