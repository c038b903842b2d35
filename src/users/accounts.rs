//! The accounts of users: looked up, and made where they are missing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use nix::unistd::geteuid;

use super::database::Database;
use super::edit::{self, New};
use super::home::{self, Found};
use super::lock::{Lock, PATIENCE};
use super::map::{Held, Map, Record, Stamp, State};
use super::standing::{Missing, missing};
use super::{Account, Entry, Error, Settings, allocate, names, programs};

/// The shells of new accounts, the better first.
const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];

/// How often another name or number is chosen when somebody else takes it first.
const AGAIN: usize = 20;

/// The users of this server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Users(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) state: State,
    /// Held by who changes anything, so that threads do not all wait for the locks between processes.
    pub(super) turn: Mutex<()>,
    known: RwLock<Known>,
}

/// What was seen with the map as it is.
#[derive(Debug)]
struct Known {
    stamp: Option<Stamp>,
    map: Map,
    /// Accounts that were found whole in this run, by id.
    accounts: HashMap<String, Account>,
}

impl Users {
    /// Reads the map. Needs root, and a state directory that nobody else can write to; blocks.
    pub fn open(settings: Settings) -> Result<Self, Error> {
        names::check_prefix(&settings.prefix)?;
        if !geteuid().is_root() {
            return Err(Error::NotRoot);
        }
        let state = State::open(&settings.state_dir)?;
        let (map, stamp) = state.read()?;
        let known = RwLock::new(Known {
            stamp,
            map,
            accounts: HashMap::new(),
        });
        Ok(Self(Arc::new(Inner {
            settings,
            state,
            turn: Mutex::new(()),
            known,
        })))
    }

    /// The account of an id, the same whenever it is asked for; what is missing of it is made. Blocks, but for an
    /// account that was found whole before, when it only looks whether the map is still the same file.
    pub fn account(&self, id: &str) -> Result<Account, Error> {
        names::check_id(id)?;
        let inner = &*self.0;
        if let Some(account) = inner.known(id, inner.state.stamp()) {
            return Ok(account);
        }
        let _turn = inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = inner.state.hold()?;
        inner.learn(&held);
        if let Some(account) = inner.known(id, held.stamp) {
            return Ok(account);
        }
        let mut more = 0..AGAIN;
        let account = loop {
            let had = held.map.users.contains_key(id);
            let record = inner.record(id, &mut held)?;
            match inner.account(id, &record) {
                // Somebody else took the name or number after it was chosen, and nobody has been told of it yet.
                Err(Error::Taken { .. }) if !had && more.next().is_some() => {
                    held.map.users.remove(id);
                    held.save()?;
                }
                made => break made?,
            }
        };
        inner.learn(&held);
        let mut known = inner.known.write().unwrap_or_else(PoisonError::into_inner);
        known.accounts.insert(id.to_owned(), account.clone());
        Ok(account)
    }

    /// Why no account can be given, if so: the map cannot be read. Blocks.
    pub fn problem(&self) -> Option<String> {
        let read = self.0.state.read();
        read.err().map(|error| error.to_string())
    }

    /// All users by id, then those of whom only the home is left.
    pub fn list(&self) -> Vec<Entry> {
        let inner = &*self.0;
        let map = match inner.state.read() {
            Ok((map, _)) => map,
            Err(problem) => {
                tracing::warn!(%problem, "the map of users as it was read last is shown");
                let known = inner.known.read().unwrap_or_else(PoisonError::into_inner);
                known.map.clone()
            }
        };
        let database = Database::read(&inner.settings.etc).ok();
        let users = map.users.iter().map(|(id, record)| (id, record, false));
        let kept = map.kept().map(|t| (&t.id, &t.record, true));
        users
            .chain(kept)
            .map(|(id, record, removed)| inner.entry(id, record, removed, database.as_ref()))
            .collect()
    }
}

impl Inner {
    /// An account that was found whole while the map was this one.
    fn known(&self, id: &str, stamp: Option<Stamp>) -> Option<Account> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let same = known.stamp == stamp;
        known.accounts.get(id).filter(|_| same).cloned()
    }

    /// Forgets what the map says otherwise, as after a removal by another process.
    pub(super) fn learn(&self, held: &Held) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.stamp == held.stamp {
            return;
        }
        let users = &held.map.users;
        known.accounts.retain(|id, account| {
            let same = |record: &Record| record.name == account.name && record.uid == account.uid;
            users.get(id).is_some_and(same)
        });
        known.stamp = held.stamp;
        known.map = held.map.clone();
    }

    /// The name and numbers of an id, on record before anything is made of them.
    fn record(&self, id: &str, held: &mut Held) -> Result<Record, Error> {
        if let Some(record) = held.map.users.get(id) {
            return Ok(record.clone());
        }
        if let Some(record) = held.map.revive(id) {
            held.save()?;
            return Ok(record);
        }
        let database = Database::read(&self.settings.etc)?;
        let record = allocate::choose(id, &self.settings, &held.map, &database)?;
        held.map.users.insert(id.to_owned(), record.clone());
        held.save()?;
        Ok(record)
    }

    /// The account of a record, with what was missing of it.
    fn account(&self, id: &str, record: &Record) -> Result<Account, Error> {
        let mut database = Database::read(&self.settings.etc)?;
        if missing(id, record, &database)?.anything() {
            self.make(id, record)?;
            database = Database::read(&self.settings.etc)?;
            if missing(id, record, &database)?.account {
                return Err(Error::Database {
                    path: self.settings.etc.join("passwd"),
                    problem: format!(
                        "the account {:?} is not there after it was made",
                        record.name
                    ),
                });
            }
        }
        let Record { name, uid, gid, .. } = record;
        let shell = database.account(name).map(|found| found.shell.as_str());
        let shell = shell.filter(|shell| !shell.is_empty()).map(PathBuf::from);
        Ok(Account {
            home: home::ensure(&self.settings, name, *uid, *gid)?,
            name: name.clone(),
            uid: *uid,
            gid: *gid,
            groups: database.groups_of(name, *gid),
            shell: shell.unwrap_or_else(|| PathBuf::from(usual_shell())),
        })
    }

    /// Makes what is missing of an account.
    fn make(&self, id: &str, record: &Record) -> Result<(), Error> {
        let etc = &self.settings.etc;
        let home = self.settings.homes.join(&record.name);
        let new = New {
            name: &record.name,
            uid: record.uid,
            gid: record.gid,
            comment: &names::mark(id),
            home: &home.to_string_lossy(),
            shell: usual_shell(),
        };
        let look = || missing(id, record, &Database::read(etc)?);
        self.edit(
            || {
                let lacking: Missing = look()?;
                Ok(edit::add(etc, &new, lacking))
            },
            |problem| programs::add(etc, &new, look()?, problem),
        )
    }

    /// Changes the files under their lock, or lets programs do it that take the lock themselves.
    pub(super) fn edit(
        &self,
        directly: impl FnOnce() -> Result<Result<(), String>, Error>,
        otherwise: impl FnOnce(&str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let edited = match Lock::of_accounts(&self.settings.etc, PATIENCE) {
            Ok(_lock) => directly()?,
            Err(Error::Database { path, problem }) => {
                Err(format!("{} cannot be used: {problem}", path.display()))
            }
            Err(error) => return Err(error),
        };
        edited.or_else(|problem| otherwise(&problem))
    }

    pub(super) fn entry(
        &self,
        id: &str,
        record: &Record,
        removed: bool,
        database: Option<&Database>,
    ) -> Entry {
        let home = self.settings.homes.join(&record.name);
        let account = database.and_then(|database| database.account(&record.name));
        Entry {
            id: id.to_owned(),
            name: record.name.clone(),
            uid: record.uid,
            has_account: account.is_some_and(|account| account.uid == record.uid),
            has_home: matches!(home::look(&home), Ok(Found::Directory(_))),
            home,
            removed,
        }
    }
}

/// The best shell that is here.
fn usual_shell() -> &'static str {
    let there = |shell: &&&str| std::path::Path::new(shell).exists();
    SHELLS.iter().find(there).copied().unwrap_or(SHELLS[1])
}
