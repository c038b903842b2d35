//! Paths as clients write them: relative or absolute, with `.` and `..`, made plain without a look at the disk.

use std::path::{Component, Path, PathBuf};

use super::names;

/// `path` seen from `base`, normalised. Nothing is looked up, so a link stays as it was written;
/// `~` means nothing here.
pub(super) fn resolve(base: &Path, path: &str) -> PathBuf {
    normalise(&base.join(names::meant(path)))
}

/// `path` without `.`, `..` and doubled slashes. `..` takes back the name before it, and at the root nothing.
pub(super) fn normalise(path: &Path) -> PathBuf {
    let mut plain = PathBuf::with_capacity(path.as_os_str().len());
    for part in path.components() {
        match part {
            Component::Prefix(_) | Component::CurDir => {}
            Component::RootDir => plain.push("/"),
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            Component::ParentDir if plain.has_root() => {}
            Component::ParentDir => plain.push(".."),
            Component::Normal(name) => plain.push(name),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_made_plain() {
        for (base, path, plain) in [
            ("/home/u", "a", "/home/u/a"),
            ("/home/u", "", "/home/u"),
            ("/home/u", "./a/../b//", "/home/u/b"),
            ("/home/u", "..", "/home"),
            ("/home/u", "../../../..", "/"),
            ("/home/u", "/etc/./x/", "/etc/x"),
            ("/home/u", "//etc", "/etc"),
            ("/home/u", "missing/../sub", "/home/u/sub"),
            ("/home/u", "~", "/home/u/~"),
            ("/home/u", "...", "/home/u/..."),
        ] {
            assert_eq!(
                resolve(Path::new(base), path).to_str(),
                Some(plain),
                "{path:?} from {base}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_plain_path_is_absolute_and_stays_as_it_is(path in "[a./]{0,30}") {
            let plain = resolve(Path::new("/x/y"), &path);
            prop_assert!(plain.is_absolute());
            prop_assert!(!plain.components().any(|part| part == Component::ParentDir));
            prop_assert_eq!(normalise(&plain), plain);
        }
    }
}
