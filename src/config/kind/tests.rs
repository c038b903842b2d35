//! What each kind takes, and how values are shown.

use super::*;

fn parse(kind: Kind, text: &str) -> Result<Parsed, &'static str> {
    kind.parse(&text.into())
}

#[test]
fn a_switch_is_off_only_for_three_words() {
    for off in ["false", "FALSE", "0", "no", "No"] {
        assert_eq!(parse(Kind::Switch, off), Ok(Parsed::Bool(false)), "{off}");
    }
    for on in ["", "off", "true", "1", "2", "disabled"] {
        assert_eq!(parse(Kind::Switch, on), Ok(Parsed::Bool(true)), "{on}");
    }
    assert_eq!(Kind::Switch.parse(&false.into()), Ok(Parsed::Bool(false)));
    assert_eq!(Kind::Switch.parse(&0i64.into()), Ok(Parsed::Bool(false)));
}

#[test]
fn a_bool_is_strict() {
    assert_eq!(parse(Kind::Bool, "Off"), Ok(Parsed::Bool(false)));
    assert_eq!(parse(Kind::Bool, "on"), Ok(Parsed::Bool(true)));
    assert!(parse(Kind::Bool, "").is_err());
    assert!(parse(Kind::Bool, "enabled").is_err());
}

#[test]
fn lists_are_trimmed_and_lose_their_empty_items() {
    let items = |text| parse(Kind::List, text);
    let both = Ok(Parsed::List(vec!["a".into(), "b c".into()]));
    assert_eq!(items(" a, ,b c,"), both);
    assert_eq!(items(" , "), Ok(Parsed::List(vec![])));
    assert_eq!(
        Kind::List.parse(&vec!["a", "b c"].into()),
        Ok(Parsed::List(vec!["a".into(), "b c".into()]))
    );
    assert_eq!(
        parse(Kind::Words, "numpy>=2,<3  flask"),
        Ok(Parsed::List(vec!["numpy>=2,<3".into(), "flask".into()]))
    );
}

#[test]
fn counts_keep_to_their_range() {
    let port = Kind::count(0, 65535);
    assert_eq!(parse(port, "65535"), Ok(Parsed::Number(65535)));
    assert_eq!(parse(port, "65536"), Err("is too large"));
    assert_eq!(parse(Kind::count(1, 9), "0"), Err("is too small"));
}

#[test]
fn bytes_keep_to_their_range_and_say_it() {
    let some = Kind::bytes_up_to(4096, 1 << 30);
    assert_eq!(parse(some, "4096"), Ok(Parsed::Number(4096)));
    assert_eq!(parse(some, "1GiB"), Ok(Parsed::Number(1 << 30)));
    assert_eq!(parse(some, "4095"), Err("is too small"));
    assert_eq!(parse(some, "1073741825"), Err("is too large"));
    assert!(some.wanted().contains("from 4096 to 1073741824"));
    assert_eq!(
        parse(Kind::bytes(0), &u64::MAX.to_string()),
        Ok(Parsed::Number(u64::MAX))
    );
    assert!(!Kind::bytes(0).wanted().contains(" to "));
}

#[test]
fn tables_are_no_text() {
    let table = ::config::Map::<String, ::config::Value>::new();
    assert_eq!(Kind::Text.parse(&table.into()), Err("is a table"));
    assert_eq!(parse(Kind::LogFilter, "loud"), Err("is no level"));
    assert_eq!(
        parse(Kind::LogFilter, "warn,open_terminal=DEBUG"),
        Ok(Parsed::Text("warn,open_terminal=DEBUG".to_owned()))
    );
}

#[test]
fn shown_text_is_toml_that_reads_back() {
    let text = "a \"b\" \\ \n\t\u{1} é";
    let table: toml::Table = format!("x = {}", quoted(text)).parse().expect("TOML");
    assert_eq!(table["x"].as_str(), Some(text));
}

#[test]
fn a_choice_is_one_of_its_words_however_they_are_written() {
    let kind = Kind::Choice(&["required", "optional", "off"]);
    assert_eq!(parse(kind, " Off "), Ok(Parsed::Text("off".to_owned())));
    for text in ["", "no", "of"] {
        assert!(parse(kind, text).is_err(), "{text}");
    }
    assert_eq!(kind.wanted(), "required, optional or off");
}

#[test]
fn memory_and_processors_are_shown_as_they_are_written() {
    for (kind, text, shown) in [
        (Kind::Memory { min: 0 }, "1MiB", "1048576"),
        (Kind::Memory { min: 0 }, "12.5 %", "\"12.5%\""),
        (Kind::Cores, "1.50", "1.5"),
    ] {
        let parsed = parse(kind, text).expect("is taken");
        assert_eq!(parsed.toml(), shown);
    }
    assert_eq!(Parsed::Unset.toml(), "\"none\"");
    assert!(Kind::Memory { min: 4096 }.wanted().contains("from 4096,"));
    assert!(!Kind::Memory { min: 0 }.wanted().contains("from 0,"));
}
