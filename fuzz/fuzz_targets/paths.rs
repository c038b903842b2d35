//! Paths as clients write them: what comes of them is absolute and plain, and stays so.
#![no_main]

use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use open_terminal::workspace::{fuzz::resolve, meant, shown};

fuzz_target!(|path: &str| {
    let base = Path::new("/home/user");
    let plain = resolve(base, path);
    assert!(plain.is_absolute());
    let mut parts = plain.components();
    assert_eq!(parts.next(), Some(Component::RootDir));
    assert!(parts.all(|part| matches!(part, Component::Normal(_))));
    assert_eq!(resolve(base, &shown(&plain)), plain, "it names itself");
    let meant = meant(path);
    if meant.is_absolute() {
        assert_eq!(
            resolve(Path::new("/"), path),
            plain,
            "the base does not matter"
        );
    } else if !meant.components().any(|part| part == Component::ParentDir) {
        assert!(plain.starts_with(base), "without `..` nothing leads out");
    }
});
