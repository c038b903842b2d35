//! Tests of cells: what Python would print.

use super::{Epoch, Kind, duration, float, moment, number};

fn written(write: impl FnOnce(&mut String)) -> String {
    let mut out = String::new();
    write(&mut out);
    out
}

#[test]
fn numbers_read_as_python_prints_them() {
    for (text, expected) in [
        ("1", "1"),
        ("1.0", "1.0"),
        ("1E5", "100000.0"),
        ("1e-7", "1e-07"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("1.0E-5", "1e-05"),
        ("123456789.123", "123456789.123"),
        ("1E+16", "1e+16"),
        ("1e+21", "1e+21"),
        ("1.7976931348623157E+308", "1.7976931348623157e+308"),
        ("00012", "12"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("1.50", "1.5"),
        ("-2.25", "-2.25"),
        (" 5 ", "5"),
        ("NaN", "NaN"),
        ("abc", "abc"),
        ("1.2.3", "1.2.3"),
        ("", ""),
    ] {
        assert_eq!(written(|out| number(out, text)), expected, "{text}");
    }
    assert_eq!(written(|out| float(out, 3.0)), "3.0");
    assert_eq!(
        written(|out| float(out, 9_999_999_999_999_998.0)),
        "9999999999999998.0"
    );
    assert_eq!(written(|out| float(out, f64::NAN)), "nan");
}

#[test]
fn days_are_counted_from_1900_with_its_day_that_never_was() {
    for (value, expected) in [
        (45322.75, "2024-01-31 18:00:00"),
        (0.0, "00:00:00"),
        (0.5, "12:00:00"),
        (0.999_999_99, "23:59:59.999000"),
        (0.999_999_999, "1900-01-01 00:00:00"),
        (1.0, "1900-01-01 00:00:00"),
        (59.0, "1900-02-28 00:00:00"),
        (60.0, "1900-02-28 00:00:00"),
        (61.0, "1900-03-01 00:00:00"),
        (-1.25, "1899-12-28 18:00:00"),
        (45_322.123_456_789, "2024-01-31 02:57:46.667000"),
        (2_958_465.0, "9999-12-31 00:00:00"),
        (2_958_466.0, "#VALUE!"),
        (-1e9, "#VALUE!"),
        (1e300, "#VALUE!"),
    ] {
        assert_eq!(
            written(|out| moment(out, value, Epoch::Of1900)),
            expected,
            "{value}"
        );
    }
    for (value, expected) in [
        (1.5, "1904-01-02 12:00:00"),
        (0.25, "06:00:00"),
        (45322.75, "2028-02-01 18:00:00"),
    ] {
        assert_eq!(
            written(|out| moment(out, value, Epoch::Of1904)),
            expected,
            "{value}"
        );
    }
}

#[test]
fn lengths_of_time_have_days_and_a_clock() {
    for (value, expected) in [
        (0.0, "0:00:00"),
        (1.0, "1 day, 0:00:00"),
        (30.0 / 24.0, "1 day, 6:00:00"),
        (-1.25, "-2 days, 18:00:00"),
        (45_322.999_999, "45322 days, 23:59:59.914000"),
        (3_000_000.0, "3000000 days, 0:00:00"),
        (1e11, "#VALUE!"),
    ] {
        assert_eq!(written(|out| duration(out, value)), expected, "{value}");
    }
}

#[test]
fn formats_tell_dates_from_numbers() {
    for code in [
        "yy",
        "\"x\"d",
        "[Blue]d",
        "d;0",
        "AM/PM",
        "yyyy;@",
        "#,##0\\ s",
        "mm:ss.0",
        "[$-409]mmm\\-yy",
    ] {
        assert_eq!(Kind::of_code(code), Kind::Moment, "{code}");
    }
    for code in ["[s]", "[hh]", "[HH]:MM", "[ss].0", "\"x\"[h]"] {
        assert_eq!(Kind::of_code(code), Kind::Duration, "{code}");
    }
    for code in [
        "General",
        "GENERAL",
        "0.00E+00",
        "\"day\" 0",
        "[Red]0",
        "\\d0",
        "_d0",
        "0;d",
        "@",
        "[$USD-409]0",
        "[DBNum1]0",
        "",
        "\"d",
        "[]",
    ] {
        assert_eq!(Kind::of_code(code), Kind::Number, "{code}");
    }
    assert_eq!(Kind::of_built_in(14), Kind::Moment);
    assert_eq!(Kind::of_built_in(46), Kind::Duration);
    assert_eq!(Kind::of_built_in(10), Kind::Number);
}
