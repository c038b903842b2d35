//! The name that an uploaded file gets.

use std::path::PathBuf;

use crate::workspace::meant;

/// The last part of the name that a client gave its file, or none when that names no file.
///
/// Only slashes divide, but of a name as Windows has it in full (`C:\…`, `\\…`) the last part after a
/// backslash counts. A client that gives an empty name gets "upload". What comes out never leaves a
/// directory: it has no slash and is neither `.` nor `..`; an encoded slash (`%2f`) stays as it is.
pub fn base_name(filename: &str) -> Option<PathBuf> {
    let bytes = filename.as_bytes();
    let from_windows = bytes.starts_with(br"\\") || bytes.get(1..3) == Some(br":\");
    let filename = match filename.rsplit_once('\\') {
        Some((_, last)) if from_windows => last,
        _ => filename,
    };
    if filename.is_empty() {
        return Some(PathBuf::from("upload"));
    }
    let (_, last) = filename.rsplit_once('/').unwrap_or(("", filename));
    // Stand-ins for bytes are never slashes, so the name stays one name.
    match last {
        "" | "." | ".." => None,
        _ if last.contains('\0') => None,
        _ => Some(meant(last).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn the_last_part_of_a_name_is_the_file() {
        for (given, name) in [
            ("a.txt", "a.txt"),
            ("../../evil.txt", "evil.txt"),
            ("/etc/evil.txt", "evil.txt"),
            (r"C:\dir\evil.txt", "evil.txt"),
            (r"\\host\share\y.txt", "y.txt"),
            (r"a\b.txt", r"a\b.txt"),
            ("a/b\\c", "b\\c"),
            ("C:/q/r.txt", "r.txt"),
            ("..%2fq.txt", "..%2fq.txt"),
            (" ", " "),
            ("", "upload"),
            ("x:\\", "upload"),
            (".hidden", ".hidden"),
            ("caf\u{efe9}", "caf\u{efe9}"),
        ] {
            assert_eq!(
                base_name(given).as_deref(),
                Some(meant(name).as_ref()),
                "{given}"
            );
        }
    }

    #[test]
    fn what_names_no_file_is_none() {
        for given in [".", "..", "a/", "a/..", "/", "a/.", "a\0b", r"\\x\.."] {
            assert_eq!(base_name(given), None, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_never_leaves_its_directory(given in r"([a./\\:%\x00é\u{efae}\u{efaf}]|\PC){0,12}") {
            if let Some(name) = base_name(&given) {
                let joined = Path::new("/home").join(&name);
                let parts: Vec<_> = name.components().collect();
                prop_assert!(matches!(parts[..], [Component::Normal(_)]), "{:?}", name);
                prop_assert_eq!(joined.parent(), Some(Path::new("/home")));
            }
        }
    }
}
