//! Making the accounts of all who wait in one go: the locks taken once, and each file written once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::accounts::Inner;
use super::database::Database;
use super::edit::{self, New};
use super::map::{Held, Record};
use super::standing::{Missing, missing};
use super::{Account, Error, allocate, names, programs};

/// The shells of new accounts, the better first.
const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];

/// How often another name or number is chosen when somebody else takes it first.
const AGAIN: usize = 20;

/// Somebody who waits for the account of an id.
#[derive(Debug)]
pub(super) struct Ticket {
    id: String,
    answer: OnceLock<Result<Account, Error>>,
}

/// An id on its way to an account.
struct Making {
    id: String,
    record: Record,
    /// Whether it was on record before, so that somebody has been told of it.
    had: bool,
}

/// What came of each id.
type Made = HashMap<String, Result<Account, Error>>;

/// What is wrong with one of them alone, by id.
type Apart<'a> = RefCell<HashMap<&'a str, Error>>;

impl Inner {
    /// The account of an id but for its home, made with those of all who wait as well.
    pub(super) fn together(&self, id: &str) -> Result<Account, Error> {
        let ticket = Arc::new(Ticket {
            id: id.to_owned(),
            answer: OnceLock::new(),
        });
        lock(&self.waiting).push(Arc::clone(&ticket));
        let _turn = lock(&self.turn);
        if let Some(answer) = ticket.answer.get() {
            return answer.clone();
        }
        let held = self.state.hold();
        let mut all = std::mem::take(&mut *lock(&self.waiting));
        // Unless whoever took it along has panicked, it is among them.
        if !all.iter().any(|other| Arc::ptr_eq(other, &ticket)) {
            all.push(Arc::clone(&ticket));
        }
        let mut ids: Vec<String> = Vec::new();
        for Ticket { id, .. } in all.iter().map(|ticket| &**ticket) {
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        let mut made = match held {
            Ok(held) => self.round(ids, held),
            Err(error) => ids.into_iter().map(|id| (id, Err(error.clone()))).collect(),
        };
        let lost = || Err(Error::Unknown(id.to_owned()));
        for other in all.iter().filter(|other| !Arc::ptr_eq(other, &ticket)) {
            let answer = made.get(&other.id).cloned();
            other.answer.get_or_init(|| answer.unwrap_or_else(lost));
        }
        made.remove(id).unwrap_or_else(lost)
    }

    /// An answer for each id.
    fn round(&self, mut ids: Vec<String>, mut held: Held) -> Made {
        self.learn(&held);
        let mut made = Made::new();
        ids.retain(|id| match self.known(id, held.stamp) {
            Some(account) => {
                made.insert(id.clone(), Ok(account));
                false
            }
            None => true,
        });
        for left in (0..AGAIN).rev() {
            let making = self.records(std::mem::take(&mut ids), &mut held, &mut made);
            let answers = self.accounts(&making);
            for (Making { id, had, .. }, answer) in making.into_iter().zip(answers) {
                // Somebody else took the name or number after it was chosen, and nobody has been told of it yet.
                if matches!(answer, Err(Error::Taken { .. })) && !had && left > 0 {
                    held.map.users.remove(&id);
                    ids.push(id);
                } else {
                    made.insert(id, answer);
                }
            }
            if ids.is_empty() {
                break;
            }
        }
        self.learn(&held);
        made
    }

    /// The names and numbers of ids, on record before anything is made of them.
    fn records(&self, ids: Vec<String>, held: &mut Held, made: &mut Made) -> Vec<Making> {
        let before = held.map.clone();
        let (mut making, mut homes) = (Vec::new(), None);
        let database = Database::read(&self.settings.etc);
        for id in ids {
            let old = held.map.users.get(&id).cloned();
            let old = old.or_else(|| held.map.revive(&id));
            let had = old.is_some();
            let record = match old {
                Some(record) => Ok(record),
                None => database.as_ref().map_err(Clone::clone).and_then(|found| {
                    allocate::choose(&id, &self.settings, &held.map, found, &mut homes)
                }),
            };
            match record {
                Ok(record) => {
                    held.map.users.insert(id.clone(), record.clone());
                    making.push(Making { id, record, had });
                }
                Err(error) => drop(made.insert(id, Err(error))),
            }
        }
        if held.map != before
            && let Err(error) = held.save()
        {
            // Those that the file has already need no writing.
            held.map = before;
            let there = |each: &Making| held.map.users.contains_key(&each.id);
            let (kept, failed): (Vec<Making>, Vec<Making>) = making.into_iter().partition(there);
            making = kept;
            made.extend(failed.into_iter().map(|each| (each.id, Err(error.clone()))));
        }
        making
    }

    /// The accounts of records, in their order, with what was missing of them.
    fn accounts(&self, all: &[Making]) -> Vec<Result<Account, Error>> {
        let etc = &self.settings.etc;
        let apart = Apart::default();
        let database = Database::read(etc).and_then(|database| {
            let lacking = lacking(all, &database, &apart);
            if lacking.is_empty() {
                return Ok(database);
            }
            let Err(error) = self.make(all, &apart) else {
                return Database::read(etc);
            };
            let failed = lacking.iter().map(|(each, _)| (&*each.id, error.clone()));
            apart.borrow_mut().extend(failed);
            Ok(database)
        });
        let account = |each: &Making| {
            if let Some(problem) = apart.borrow_mut().remove(&*each.id) {
                return Err(problem);
            }
            self.look_up(each, database.as_ref().map_err(Clone::clone)?)
        };
        all.iter().map(account).collect()
    }

    /// Makes what is missing of some accounts.
    fn make<'a>(&self, all: &'a [Making], apart: &Apart<'a>) -> Result<(), Error> {
        let etc = &self.settings.etc;
        let homes = &self.settings.homes;
        let words = |each: &Making| {
            let home = homes.join(&each.record.name);
            (names::mark(&each.id), home.to_string_lossy().into_owned())
        };
        self.edit(
            || {
                let lacking = lacking(all, &Database::read(etc)?, apart);
                let words: Vec<_> = lacking.iter().map(|(each, _)| words(each)).collect();
                let new = lacking.iter().zip(&words);
                let new = new.map(|((each, missing), words)| (new_of(each, words), *missing));
                Ok(edit::add(etc, &new.collect::<Vec<_>>()))
            },
            |problem| {
                for (each, _) in lacking(all, &Database::read(etc)?, apart) {
                    let missing = missing(&each.id, &each.record, &Database::read(etc)?);
                    let added = missing.and_then(|missing| {
                        programs::add(etc, &new_of(each, &words(each)), missing, problem)
                    });
                    if let Err(error) = added {
                        apart.borrow_mut().insert(&each.id, error);
                    }
                }
                Ok(())
            },
        )
    }

    /// The account of a record that was made.
    fn look_up(&self, each: &Making, database: &Database) -> Result<Account, Error> {
        let Record { name, uid, gid, .. } = &each.record;
        if missing(&each.id, &each.record, database)?.account {
            return Err(Error::Database {
                path: self.settings.etc.join("passwd"),
                problem: format!("the account {name:?} is not there after it was made"),
            });
        }
        let shell = database.account(name).map(|found| found.shell.clone());
        let shell = shell.filter(|shell| !shell.as_os_str().is_empty());
        Ok(Account {
            home: self.settings.homes.join(name),
            name: name.clone(),
            uid: *uid,
            gid: *gid,
            groups: database.groups_of(name, *gid),
            shell: shell.unwrap_or_else(|| PathBuf::from(usual_shell())),
        })
    }
}

/// Those of which something is missing. Whose account is another's is told apart, and is not made any more.
fn lacking<'a>(
    all: &'a [Making],
    database: &Database,
    apart: &Apart<'a>,
) -> Vec<(&'a Making, Missing)> {
    let mut apart = apart.borrow_mut();
    let look = |each: &'a Making| {
        if apart.contains_key(&*each.id) {
            return None;
        }
        match missing(&each.id, &each.record, database) {
            Ok(missing) => missing.anything().then_some((each, missing)),
            Err(error) => {
                apart.insert(&each.id, error);
                None
            }
        }
    };
    all.iter().filter_map(look).collect()
}

fn new_of<'a>(each: &'a Making, (mark, home): &'a (String, String)) -> New<'a> {
    New {
        name: &each.record.name,
        uid: each.record.uid,
        gid: each.record.gid,
        comment: mark,
        home,
        shell: usual_shell(),
    }
}

/// Waits for a lock, also one whose last holder has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The best shell that is here.
fn usual_shell() -> &'static str {
    let there = |shell: &&&str| std::path::Path::new(shell).exists();
    SHELLS.iter().find(there).copied().unwrap_or(SHELLS[1])
}
