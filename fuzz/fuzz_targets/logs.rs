//! A window of a log kept small: its beginning and its end are given, and the rest is counted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::exec::fuzz::window;
use serde_json::Value;

fn text(pieces: &[Value]) -> String {
    pieces
        .iter()
        .map(|piece| piece["data"].as_str().expect("it has data"))
        .collect()
}

fuzz_target!(|input: (u8, u16, Vec<&str>)| {
    let (offset, most, texts) = input;
    let texts: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let from = usize::from(offset).min(texts.len());
    let whole = texts[from..].concat();
    let Some(array) = window(&texts, from as u64, u64::from(most)) else {
        assert!(whole.len() <= usize::from(most));
        return;
    };
    assert!(whole.len() > usize::from(most));
    let pieces: Vec<Value> = serde_json::from_str(&array).expect("it is JSON");
    let at = pieces.iter().position(|piece| piece["type"] == "omitted");
    let at = at.expect("something is left out");
    let (head, tail) = (text(&pieces[..at]), text(&pieces[at + 1..]));
    assert!(whole.starts_with(&head) && whole.ends_with(&tail));
    assert!(head.len().max(tail.len()) <= usize::from(most / 2));
    let bytes = whole.len() - head.len() - tail.len();
    assert_eq!(pieces[at]["bytes"], bytes);
});
