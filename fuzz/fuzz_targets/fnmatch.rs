//! Shell patterns: any text is one, and those without sets are held against a plain statement of the rule.
#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use open_terminal::search::Fnmatch;
use open_terminal::workspace::shown;

/// Whether the pattern means all of the name, character by character.
fn plainly(pattern: &[char], name: &[char]) -> bool {
    // Which beginnings of the name the pattern so far can mean.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for c in pattern {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            next[at] = match c {
                '*' => reached[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && reached[at - 1],
                c => at > 0 && reached[at - 1] && name[at - 1] == *c,
            };
        }
        reached = next;
    }
    reached[name.len()]
}

fuzz_target!(|input: (&str, &[u8])| {
    let (pattern, name) = input;
    let found = Fnmatch::new(pattern).matches(OsStr::from_bytes(name));
    if !pattern.contains('[') {
        let told = shown(Path::new(OsStr::from_bytes(name)));
        let name: Vec<char> = told.chars().collect();
        let pattern: Vec<char> = pattern.chars().collect();
        assert_eq!(found, plainly(&pattern, &name));
    }
});
