//! A workspace: the home directory requests act in, whose they are, and the directory each chat session is at.

#[cfg(fuzzing)]
pub mod fuzz;
mod names;
mod open;
mod paths;
mod root;
mod session_dirs;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use names::{meant, shown, shown_name};
pub use open::{Unopened, open_regular};
pub use root::Root;
use session_dirs::SessionDirs;

use crate::config::Config;

/// Why a directory cannot be worked in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing at that path, or it is no directory.
    #[error("there is no directory {}; name one that exists, or make it first", .0.display())]
    NoDirectory(PathBuf),
    /// It is in the home of another user, whether there is one or not.
    #[error("{} is in the home of another user: yours is {}", .path.display(), .home.display())]
    Foreign {
        /// What was asked for.
        path: PathBuf,
        /// The caller's own home.
        home: PathBuf,
    },
    /// It is there, but could not be looked at.
    #[error("the directory {} cannot be used: {problem}", .path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        problem: std::io::Error,
    },
}

/// Who a command or a terminal belongs to: the user and the chat session that started it.
///
/// Both come from the client (`X-User-Id`, `X-Session-Id`); an empty one is the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The user id, when the client named one.
    pub user: Option<Arc<str>>,
    /// The session (chat) id, when the client named one.
    pub session: Option<Arc<str>>,
}

/// Where requests act. Cheap to clone; all clones are the same workspace.
#[derive(Clone, Debug)]
pub struct Workspace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    home: PathBuf,
    root: Option<Root>,
    sessions: SessionDirs,
    /// Whether the homes of [`USUAL`] mean this one.
    for_many: bool,
}

/// Where clients made for a container of one user expect that one's home.
const USUAL: [&str; 2] = ["/home/user", "/home/usr"];

impl Workspace {
    /// The workspace that `config` describes.
    pub fn new(config: &Config) -> Self {
        Self(Arc::new(Shared {
            home: config.cwd.clone(),
            root: Root::parse(&config.file_browser_root, &config.cwd),
            sessions: SessionDirs::new(config.session_cwd_ttl),
            for_many: config.multi_user,
        }))
    }

    /// The home directory, where everything starts.
    pub fn home(&self) -> &Path {
        &self.0.home
    }

    /// The top of the file browser; none when that is the whole file system.
    pub fn root(&self) -> Option<&Root> {
        self.0.root.as_ref()
    }

    /// Where `session` is: the directory it set, else the home directory. Asking keeps it remembered.
    pub fn directory(&self, session: Option<&str>) -> PathBuf {
        session
            .and_then(|session| self.0.sessions.get(session))
            .unwrap_or_else(|| self.0.home.clone())
    }

    /// `path` as `session` means it: seen from its directory; the empty path is the home directory.
    pub fn resolve(&self, session: Option<&str>, path: &str) -> Result<PathBuf, Error> {
        if path.is_empty() {
            return Ok(self.0.home.clone());
        }
        self.own(paths::resolve(&self.directory(session), path))
    }

    /// `path` as it is seen from the top of the file system, without `.` and `..`.
    pub fn from_top(&self, path: &Path) -> Result<PathBuf, Error> {
        self.own(paths::normalise(&Path::new("/").join(path)))
    }

    /// The path itself; where there are many users, the caller's home in place of the one that clients know.
    ///
    /// That a path is in another's home is only said here, so that all requests say it alike: it is the kernel that
    /// keeps others out, however a path is written.
    fn own(&self, path: PathBuf) -> Result<PathBuf, Error> {
        if !self.0.for_many {
            return Ok(path);
        }
        let home = &self.0.home;
        let below = |usual| path.strip_prefix(usual).ok().map(Path::to_owned);
        if let Some(rest) = USUAL.into_iter().find_map(below) {
            // Without a slash at the end, as it was written.
            return Ok(home.components().chain(rest.components()).collect());
        }
        let of_others = |homes: &Path| path.starts_with(homes) && path != homes;
        if !path.starts_with(home) && home.parent().is_some_and(of_others) {
            let home = home.clone();
            return Err(Error::Foreign { path, home });
        }
        Ok(path)
    }

    /// Moves `session` to `path`, which is seen from the home directory and must be a directory; returns it in full.
    /// Without a session the path is only checked. Blocks on the file system.
    pub fn enter(&self, session: Option<&str>, path: &str) -> Result<PathBuf, Error> {
        let path = self.own(paths::resolve(&self.0.home, path))?;
        if !is_directory(&path)? {
            return Err(Error::NoDirectory(path));
        }
        if let Some(session) = session {
            self.0.sessions.set(session, &path);
        }
        Ok(path)
    }
}

/// Whether `path` is a directory. A path that cannot exist, such as one with a NUL, is none.
fn is_directory(path: &Path) -> Result<bool, Error> {
    use std::io::ErrorKind;
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.is_dir()),
        Err(problem) => match problem.kind() {
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::InvalidInput
            | ErrorKind::InvalidFilename => Ok(false),
            _ => Err(Error::Unusable {
                path: path.to_owned(),
                problem,
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(home: &Path) -> Workspace {
        Workspace(Arc::new(Shared {
            home: home.to_owned(),
            root: None,
            sessions: SessionDirs::new(std::time::Duration::from_mins(1)),
            for_many: false,
        }))
    }

    #[test]
    fn the_home_that_clients_know_is_the_callers_where_there_are_many() {
        let of = |for_many| {
            Workspace(Arc::new(Shared {
                home: "/home/u1".into(),
                root: None,
                sessions: SessionDirs::new(std::time::Duration::from_mins(1)),
                for_many,
            }))
        };
        for (path, meant) in [
            ("/home/user", "/home/u1"),
            ("/home/user/", "/home/u1"),
            ("/home/usr/a/b", "/home/u1/a/b"),
            ("/home/x/../user/a", "/home/u1/a"),
            ("/home", "/home"),
            ("/etc/x", "/etc/x"),
            ("a", "/home/u1/a"),
        ] {
            let found = of(true).resolve(None, path).unwrap();
            assert_eq!(found, Path::new(meant), "{path}");
        }
        let served = of(true).from_top(Path::new("home/user/x")).unwrap();
        assert_eq!(served, Path::new("/home/u1/x"));
        for foreign in ["/home/username/a", "/home/u2", "../u2/x", "/home/u1x"] {
            let found = of(true).resolve(None, foreign);
            assert!(matches!(found, Err(Error::Foreign { .. })), "{foreign}");
        }
        let found = of(false).resolve(None, "/home/user/a").unwrap();
        assert_eq!(found, Path::new("/home/user/a"));
    }

    #[test]
    fn a_session_stays_where_it_went() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("a/b")).unwrap();
        let place = workspace(home.path());
        assert_eq!(place.directory(Some("s")), home.path());
        assert_eq!(place.enter(Some("s"), "a").unwrap(), home.path().join("a"));
        assert_eq!(place.directory(Some("s")), home.path().join("a"));
        assert_eq!(place.directory(Some("t")), home.path());
        assert_eq!(place.directory(None), home.path());
    }

    #[test]
    fn entering_is_seen_from_home_and_resolving_from_the_session() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("a/b")).unwrap();
        let place = workspace(home.path());
        place.enter(Some("s"), "a").unwrap();
        assert!(
            matches!(place.enter(Some("s"), "b"), Err(Error::NoDirectory(path)) if path == home.path().join("b"))
        );
        assert_eq!(
            place.resolve(Some("s"), "b/../c").unwrap(),
            home.path().join("a/c")
        );
        assert_eq!(place.resolve(Some("s"), "").unwrap(), home.path());
    }

    #[test]
    fn only_directories_can_be_entered_and_the_old_one_is_kept() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("d")).unwrap();
        std::fs::write(home.path().join("f"), "x").unwrap();
        let place = workspace(home.path());
        place.enter(Some("s"), "d").unwrap();
        for path in ["f", "none", "f/x", "a\0b", &"x".repeat(300)] {
            assert!(
                matches!(place.enter(Some("s"), path), Err(Error::NoDirectory(_))),
                "{path:?}"
            );
        }
        assert_eq!(place.directory(Some("s")), home.path().join("d"));
    }

    #[test]
    fn going_nowhere_without_a_session_is_only_a_check() {
        let home = tempfile::tempdir().unwrap();
        let place = workspace(home.path());
        assert_eq!(place.enter(None, "/").unwrap(), Path::new("/"));
        assert_eq!(place.directory(None), home.path());
    }
}
