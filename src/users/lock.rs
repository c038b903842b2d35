//! Locks between processes: that of the system's accounts, and that of the map.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use super::Error;

/// How long a lock is waited for, as lckpwdf(3) does.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// The kernel's constants in the width of its structure.
#[expect(clippy::cast_possible_truncation, reason = "they are 1 and 0")]
const WRITE: libc::c_short = libc::F_WRLCK as libc::c_short;
#[expect(clippy::cast_possible_truncation, reason = "they are 1 and 0")]
const START: libc::c_short = libc::SEEK_SET as libc::c_short;

/// A lock that is held until it is dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Lock {
    #[expect(dead_code, reason = "closing it gives the lock back")]
    file: File,
}

impl Lock {
    /// That of passwd(5) and its like in `etc`, as taken by lckpwdf(3) and so by useradd(8).
    ///
    /// It belongs to the descriptor (fcntl(2), `F_OFD_SETLK`), which keeps out the locks of other processes as the
    /// older kind does, and cannot be lost when another thread closes the same file.
    pub(super) fn of_accounts(etc: &Path, patience: Duration) -> Result<Self, Error> {
        let path = etc.join(".pwd.lock");
        let file = open(&path).map_err(|problem| Error::Database {
            path: path.clone(),
            problem: problem.to_string(),
        })?;
        Self::of_part(&path, file, (0, 0), patience)
    }

    /// That of the home of a number: one byte of a file of our own that has a place for each.
    pub(super) fn of_home(path: &Path, uid: u32, patience: Duration) -> Result<Self, Error> {
        let file = open(path).map_err(|problem| Error::State {
            path: path.to_owned(),
            problem: problem.to_string(),
        })?;
        Self::of_part(path, file, (uid.into(), 1), patience)
    }

    /// That of some bytes of a file, from a start and as many; none are all.
    fn of_part(
        path: &Path,
        file: File,
        part: (libc::off_t, libc::off_t),
        patience: Duration,
    ) -> Result<Self, Error> {
        let part = libc::flock {
            l_type: WRITE,
            l_whence: START,
            l_start: part.0,
            l_len: part.1,
            l_pid: 0,
        };
        wait(path, patience, || {
            match fcntl(&file, FcntlArg::F_OFD_SETLK(&part)) {
                Ok(_) => Ok(true),
                Err(Errno::EAGAIN | Errno::EACCES | Errno::EINTR) => Ok(false),
                Err(problem) => Err(problem.into()),
            }
        })?;
        Ok(Self { file })
    }

    /// That of a file of our own (flock(2)).
    pub(super) fn of_file(path: &Path, patience: Duration) -> Result<Self, Error> {
        let file = open(path).map_err(|problem| Error::State {
            path: path.to_owned(),
            problem: problem.to_string(),
        })?;
        wait(path, patience, || match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(problem)) => Err(problem),
        })?;
        Ok(Self { file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

/// Tries until it is taken.
fn wait(
    path: &Path,
    patience: Duration,
    mut attempt: impl FnMut() -> io::Result<bool>,
) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        match attempt() {
            Ok(true) => return Ok(()),
            Ok(false) if start.elapsed() < patience => std::thread::sleep(PAUSE),
            Ok(false) => {
                return Err(Error::Locked {
                    path: path.to_owned(),
                    seconds: patience.as_secs(),
                });
            }
            Err(problem) => {
                return Err(Error::Database {
                    path: path.to_owned(),
                    problem: problem.to_string(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_is_told_in_the_end() {
        type Take = fn(&Path, Duration) -> Result<Lock, Error>;
        let take_file: Take = |etc, patience| Lock::of_file(&etc.join("lock"), patience);
        let take_home: Take = |etc, patience| Lock::of_home(&etc.join("homes"), 10_000, patience);
        for take in [Lock::of_accounts as Take, take_file, take_home] {
            let etc = tempfile::tempdir().unwrap();
            let held = take(etc.path(), Duration::ZERO).unwrap();
            let refused = take(etc.path(), Duration::from_millis(50));
            assert!(matches!(refused, Err(Error::Locked { .. })));
            let start = Instant::now();
            let waited = std::thread::scope(|scope| {
                let second = scope.spawn(|| {
                    let lock = take(etc.path(), PATIENCE);
                    (lock.is_ok(), start.elapsed())
                });
                std::thread::sleep(Duration::from_millis(150));
                drop(held);
                second.join().unwrap()
            });
            assert!(
                waited.0 && waited.1 >= Duration::from_millis(150),
                "{waited:?}"
            );
        }
    }

    #[test]
    fn homes_of_others_are_not_waited_for() {
        let etc = tempfile::tempdir().unwrap();
        let path = etc.path().join("homes");
        let _one = Lock::of_home(&path, 10_000, Duration::ZERO).unwrap();
        let _other = Lock::of_home(&path, 10_001, Duration::ZERO).unwrap();
        assert!(Lock::of_home(&path, 10_000, Duration::ZERO).is_err());
    }

    #[test]
    fn the_lock_of_another_program_is_respected() {
        let etc = tempfile::tempdir().unwrap();
        let path = etc.path().join(".pwd.lock");
        let script = "import fcntl,sys\nf=open(sys.argv[1],'w')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()";
        let child = std::process::Command::new("python3")
            .args(["-c", script])
            .arg(&path)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: there is no python3 to hold a lock");
            return;
        };
        let mut said = [0; 5];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        let refused = Lock::of_accounts(etc.path(), Duration::from_millis(50));
        assert!(matches!(refused, Err(Error::Locked { .. })));
        drop(child.stdin.take());
        assert!(Lock::of_accounts(etc.path(), PATIENCE).is_ok());
        child.wait().unwrap();
    }
}
