//! Names of uploads: one name in the directory, or none.
#![no_main]

use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use open_terminal::files::base_name;

fuzz_target!(|filename: &str| {
    let Some(name) = base_name(filename) else {
        return;
    };
    let mut parts = name.components();
    assert!(matches!(parts.next(), Some(Component::Normal(_))));
    assert_eq!(parts.next(), None);
    assert_eq!(Path::new("/d").join(&name).parent(), Some(Path::new("/d")));
    assert!(!name.as_os_str().as_encoded_bytes().contains(&0));
});
