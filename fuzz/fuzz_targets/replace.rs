//! Replacing in a text: nothing panics, and what has no line breaks in it is replaced as the standard library does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::files::{Chunk, replaced};

fuzz_target!(
    |input: (&str, Vec<(&str, &str, Option<u8>, Option<u8>, bool)>)| {
        let (text, asked) = input;
        let chunks: Vec<Chunk> = asked
            .iter()
            .take(4)
            .map(|(target, replacement, start, end, multiple)| Chunk {
                target: (*target).to_owned(),
                replacement: (*replacement).to_owned(),
                start_line: start.map(u64::from),
                end_line: end.map(u64::from),
                allow_multiple: *multiple,
            })
            .collect();
        let result = replaced(text, &chunks);
        let [
            Chunk {
                target,
                replacement,
                start_line: None,
                end_line: None,
                allow_multiple,
            },
        ] = &chunks[..]
        else {
            return;
        };
        if target.is_empty()
            || [target, replacement]
                .iter()
                .any(|text| text.contains(['\n', '\r']))
        {
            return;
        }
        let times = text.matches(&**target).count();
        assert_eq!(result.is_ok(), times == 1 || (times > 1 && *allow_multiple));
        if let Ok(result) = result {
            assert_eq!(result, text.replace(&**target, replacement));
        }
    }
);
