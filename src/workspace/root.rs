//! The root: the directory at the top of a client's file browser.

use std::path::{Path, PathBuf};

use super::paths;

/// Where a file browser starts, and what it calls that place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The directory, absolute and normalised.
    pub path: PathBuf,
    /// A short name for people: `Home`, or the directory's own.
    pub label: String,
}

impl Root {
    /// The root a setting means: `home` (or nothing), `filesystem`, `~/x`, `{{home}}/x`, or a path, seen from `home`.
    /// None is the whole file system, without a top of its own.
    pub(super) fn parse(setting: &str, home: &Path) -> Option<Self> {
        let setting = setting.trim();
        if setting.eq_ignore_ascii_case("filesystem") {
            return None;
        }
        let path = if setting.eq_ignore_ascii_case("home") {
            home.to_owned()
        } else {
            paths::resolve(home, below_home(setting))
        };
        let label = label(&path, home);
        Some(Self { path, label })
    }
}

/// The part of `setting` below the home directory, when it names that; else all of it.
fn below_home(setting: &str) -> &str {
    ["~", "{{home}}"]
        .iter()
        .filter_map(|home| setting.strip_prefix(home))
        .find(|rest| rest.is_empty() || rest.starts_with('/'))
        .map_or(setting, |rest| rest.trim_start_matches('/'))
}

fn label(path: &Path, home: &Path) -> String {
    if path == home {
        return "Home".to_owned();
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_names_a_directory() {
        for (setting, path, label) in [
            ("home", "/h/u", "Home"),
            ("", "/h/u", "Home"),
            ("  HOME ", "/h/u", "Home"),
            ("~", "/h/u", "Home"),
            ("{{home}}", "/h/u", "Home"),
            ("~/projects", "/h/u/projects", "projects"),
            ("{{home}}/fx", "/h/u/fx", "fx"),
            ("/h/u/./w/", "/h/u/w", "w"),
            ("/", "/", "/"),
            ("sub", "/h/u/sub", "sub"),
            ("~other", "/h/u/~other", "~other"),
        ] {
            let root = Root::parse(setting, Path::new("/h/u")).expect("a directory");
            assert_eq!(
                (root.path.to_str(), root.label.as_str()),
                (Some(path), label),
                "{setting:?}"
            );
        }
    }

    #[test]
    fn the_whole_file_system_has_no_root() {
        assert_eq!(Root::parse("FileSystem", Path::new("/h/u")), None);
    }
}
