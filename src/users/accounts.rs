//! The accounts of users: looked up, and made where they are missing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use nix::unistd::geteuid;

use super::database::Database;
use super::home::{self, Found};
use super::lock::{Lock, PATIENCE};
use super::map::{Held, Map, Record, Stamp, State};
use super::round::Ticket;
use super::{Account, Entry, Error, Settings, names};

/// How often an account is made that is removed meanwhile.
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
    /// Who waits for an account: the next who has the turn makes all.
    pub(super) waiting: Mutex<Vec<Arc<Ticket>>>,
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
            waiting: Mutex::default(),
            known,
        })))
    }

    /// The account of an id, the same whenever it is asked for; what is missing of it is made, together with what others
    /// wait for. Blocks, but for an account that was found whole before, when it only looks whether the map is still the
    /// same file.
    pub fn account(&self, id: &str) -> Result<Account, Error> {
        names::check_id(id)?;
        let inner = &*self.0;
        if let Some(account) = inner.known(id, inner.state.stamp()) {
            return Ok(account);
        }
        for _ in 0..AGAIN {
            let account = inner.together(id)?;
            if inner.settle(id, &account)? {
                return Ok(account);
            }
        }
        Err(Error::Unknown(id.to_owned()))
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
    pub(super) fn known(&self, id: &str, stamp: Option<Stamp>) -> Option<Account> {
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

    /// Sees to the home of an account, while nobody else waits for it but who wants the same. It is false when the user
    /// was removed meanwhile.
    pub(super) fn settle(&self, id: &str, account: &Account) -> Result<bool, Error> {
        let _lock = self.state.hold_home(account.uid)?;
        let theirs = |map: &Map| {
            let record = map.users.get(id);
            record.is_some_and(|record| record.name == account.name && record.uid == account.uid)
        };
        if !theirs(&self.state.read()?.0) {
            return Ok(false);
        }
        home::ensure(&self.settings, &account.name, account.uid, account.gid)?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if theirs(&known.map) {
            known.accounts.insert(id.to_owned(), account.clone());
        }
        Ok(true)
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
