//! Glob: files and directories whose name or path below the root a shell pattern means.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use super::fnmatch::Fnmatch;
use super::walk::{Entry, Kind, Walk, modified};
use super::{Error, Wanted};

/// What to look for, and where.
#[derive(Debug)]
pub struct GlobRequest {
    /// The pattern; one that fits the name or the path below `path` is enough.
    pub pattern: String,
    /// The directory to look in, at any depth.
    pub path: PathBuf,
    /// Patterns of what is left out. What is below a directory left out is still looked at.
    pub exclude: Vec<String>,
    /// What is wanted.
    pub wanted: Wanted,
    /// How many entries are given, at most.
    pub max_results: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Globbed {
    /// The first matches, sorted by the components of their paths.
    pub matches: Vec<GlobMatch>,
    /// Whether the limit was reached; there may be more.
    pub truncated: bool,
}

/// A file or directory that was found.
#[derive(Debug, PartialEq)]
pub struct GlobMatch {
    /// Its path below the directory that was looked in.
    pub path: PathBuf,
    /// Whether it is a directory or a link to one.
    pub directory: bool,
    /// Bytes.
    pub size: u64,
    /// When its content was last changed: seconds since 1970.
    pub modified: f64,
}

/// Looks for files and directories by a pattern.
///
/// Links to directories are found but not entered, broken links are not found.
pub fn glob(request: &GlobRequest, stop: &AtomicBool) -> Result<Globbed, Error> {
    let pattern = Fnmatch::new(&request.pattern);
    let exclude: Vec<Fnmatch> = request
        .exclude
        .iter()
        .map(|text| Fnmatch::new(text))
        .collect();
    let walk = Walk {
        root: &request.path,
        hidden: true,
        gitignore: false,
        enough: request.max_results,
        stop,
    };
    let named = |entry: &Entry<'_>| {
        let fits = |pattern: &Fnmatch| {
            pattern.matches(entry.name()) || pattern.matches(entry.relative().as_os_str())
        };
        fits(&pattern) && !exclude.iter().any(fits)
    };
    let (matches, _) = walk.run(
        || (),
        |(), entry| {
            // What is certain of the kind is told without asking the system.
            let possible = match (request.wanted, entry.kind()) {
                (Wanted::Directories, kind) => matches!(kind, Kind::Directory | Kind::Link),
                (Wanted::Files, kind) => kind != Kind::Directory,
                (Wanted::All, _) => true,
            };
            let found = (possible && named(entry)).then(|| found(entry)).flatten();
            Ok(found
                .filter(|found| request.wanted.takes(found.directory))
                .into_iter()
                .collect())
        },
    )?;
    let truncated = matches.len() >= request.max_results;
    Ok(Globbed { matches, truncated })
}

fn found(entry: &Entry<'_>) -> Option<GlobMatch> {
    let metadata = entry.metadata()?;
    Some(GlobMatch {
        path: entry.relative().to_owned(),
        directory: metadata.is_dir(),
        size: metadata.len(),
        modified: modified(&metadata),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn found(
        path: &std::path::Path,
        pattern: &str,
        exclude: &[&str],
        wanted: Wanted,
        most: usize,
    ) -> (Vec<String>, bool) {
        let request = GlobRequest {
            pattern: pattern.into(),
            path: path.to_owned(),
            exclude: exclude.iter().map(ToString::to_string).collect(),
            wanted,
            max_results: most,
        };
        let globbed = glob(&request, &AtomicBool::new(false)).unwrap();
        let names = globbed
            .matches
            .iter()
            .map(|found| found.path.to_str().unwrap().to_owned());
        (names.collect(), globbed.truncated)
    }

    #[test]
    fn names_and_paths_are_matched_and_links_are_told_for_what_they_are() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::create_dir_all(at("src/lib")).unwrap();
        for name in ["a.py", "src/b.py", "src/lib/c.py", "src/d.txt", ".e.py"] {
            fs::write(at(name), "text").unwrap();
        }
        symlink("src", at("linked.py")).unwrap();
        symlink("none", at("broken.py")).unwrap();
        let all = |pattern: &str| found(home.path(), pattern, &[], Wanted::All, 500).0;
        assert_eq!(
            all("*.py"),
            [".e.py", "a.py", "linked.py", "src/b.py", "src/lib/c.py"]
        );
        assert_eq!(
            all("src/*"),
            ["src/b.py", "src/d.txt", "src/lib", "src/lib/c.py"]
        );
        let files = found(home.path(), "*.py", &["src/l*"], Wanted::Files, 500).0;
        assert_eq!(files, [".e.py", "a.py", "src/b.py"]);
        let directories = found(home.path(), "*", &["src"], Wanted::Directories, 500).0;
        assert_eq!(directories, ["linked.py", "src/lib"]);
        let first = found(home.path(), "*.py", &[], Wanted::All, 2);
        assert_eq!(first, (vec![".e.py".into(), "a.py".into()], true));
    }

    #[test]
    fn size_and_time_are_told_as_python_tells_them() {
        let home = tempfile::tempdir().unwrap();
        let file = fs::File::create(home.path().join("file")).unwrap();
        file.set_len(12).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_700_000_078, 123_456_700);
        file.set_modified(time).unwrap();
        let request = GlobRequest {
            pattern: "file".into(),
            path: home.path().to_owned(),
            exclude: Vec::new(),
            wanted: Wanted::All,
            max_results: 2,
        };
        let globbed = glob(&request, &AtomicBool::new(false)).unwrap();
        assert_eq!(globbed.matches[0].size, 12);
        assert_eq!(
            globbed.matches[0].modified.to_string(),
            "1700000078.1234567"
        );
        assert!(!globbed.truncated);
    }
}
