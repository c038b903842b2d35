//! Patterns of grep: any text is one or is refused, and what matches is found within the time a line may take.
#![no_main]

use libfuzzer_sys::fuzz_target;
use open_terminal::search::Pattern;

fuzz_target!(|input: (bool, bool, &str, &str)| {
    let (regex, ignore_case, query, line) = input;
    // A line has its break at the end only, and that is no other than \n.
    let within = line.strip_suffix('\n').unwrap_or(line);
    if within.contains(['\n', '\r']) {
        return;
    }
    let Ok(pattern) = Pattern::new(query, regex, ignore_case) else {
        assert!(regex, "any text can be looked for");
        return;
    };
    let Ok(found) = pattern.find(line) else {
        return;
    };
    if let Ok(is_match) = pattern.is_match(line) {
        assert_eq!(is_match, found.is_some());
    }
    if let Some(range) = &found {
        assert!(
            line.get(range.clone()).is_some(),
            "{range:?} is no part of the line"
        );
    }
    if !regex && !ignore_case {
        assert_eq!(found.map(|range| range.start), line.find(query));
    }
});
