//! Names in JSON: every name comes back, and no two are told alike.
#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use open_terminal::workspace::{meant, shown, shown_name};

fuzz_target!(|names: (&[u8], &[u8])| {
    let [one, other] = [names.0, names.1].map(OsStr::from_bytes);
    let told = shown(Path::new(one));
    assert_eq!(told, shown_name(one));
    assert_eq!(meant(&told).as_os_str(), one);
    assert_eq!(told == shown(Path::new(other)), one == other);
    if let Some(text) = other.to_str() {
        // Any text names something.
        let path = meant(text).into_owned();
        assert_eq!(meant(&shown(&path)), path);
    }
});
