//! Removing a user: in an order that can be broken off anywhere and done again.

use std::io;
use std::sync::PoisonError;

use super::accounts::Inner;
use super::database::Database;
use super::home::{self, Found};
use super::map::{Map, Record, Tombstone};
use super::{Entry, Error, Users, edit, processes, programs};

impl Users {
    /// Removes the account of an id or name, and unless `keep_home` its home and what it has logged elsewhere. The
    /// number is never given to another; the id gets it back while the home is there. Returns what was removed. Blocks.
    pub fn remove(&self, id_or_name: &str, keep_home: bool) -> Result<Entry, Error> {
        let inner = &*self.0;
        let _turn = inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = inner.state.hold()?;
        inner.learn(&held);
        let id = find(&held.map, id_or_name)?;
        let kept = |t: &Tombstone| t.home_kept && t.id == id;
        let grave = held.map.removed.iter().position(kept);
        let record = match grave {
            Some(index) => held.map.removed[index].record.clone(),
            None => held.map.users[&id].clone(),
        };
        // Who makes it may have been told of the account before it is removed.
        let _home = inner.state.hold_home(record.uid)?;
        let database = Database::read(&inner.settings.etc)?;
        let entry = inner.entry(&id, &record, grave.is_some(), Some(&database));
        if !keep_home {
            inner.check_home(&record)?;
        }
        refuse_busy(&record)?;
        // From here on nobody is let in by this record. Until the home has gone, it stays the id's.
        held.map.users.remove(&id);
        let index = grave.unwrap_or_else(|| {
            held.map.removed.push(Tombstone {
                id,
                home_kept: true,
                record: record.clone(),
            });
            held.map.removed.len() - 1
        });
        held.save()?;
        inner.learn(&held);
        inner.unmake(&record)?;
        // Started while the account was still there.
        refuse_busy(&record)?;
        if !keep_home {
            inner.remove_logs(&record)?;
            home::remove_whole(&entry.home).map_err(|problem| Error::Home {
                path: entry.home.clone(),
                problem: format!("it cannot be removed: {problem}"),
            })?;
            held.map.removed[index].home_kept = false;
            held.save()?;
            inner.learn(&held);
        }
        Ok(entry)
    }
}

/// The id that is meant.
fn find(map: &Map, word: &str) -> Result<String, Error> {
    let users = map.users.iter().map(|(id, record)| (id, &record.name));
    let kept = map.kept().map(|t| (&t.id, &t.record.name));
    let all: Vec<(&String, &String)> = users.chain(kept).collect();
    let by_id = all.iter().find(|(id, _)| *id == word);
    let by_name = all.iter().find(|(_, name)| *name == word);
    match (by_id, by_name) {
        (Some((id, name)), Some((other, _))) if id != other => Err(Error::Ambiguous {
            word: word.to_owned(),
            by_id: (*name).clone(),
            by_name: (*other).clone(),
        }),
        (Some((id, _)), _) | (None, Some((id, _))) => Ok((*id).clone()),
        (None, None) => Err(Error::Unknown(word.to_owned())),
    }
}

fn refuse_busy(record: &Record) -> Result<(), Error> {
    let pids = processes::of(record.uid).map_err(|problem| Error::Database {
        path: "/proc".into(),
        problem: problem.to_string(),
    })?;
    if pids.is_empty() {
        return Ok(());
    }
    Err(Error::Busy {
        name: record.name.clone(),
        pids,
    })
}

impl Inner {
    /// Refuses a home that is not the account's to remove.
    fn check_home(&self, record: &Record) -> Result<(), Error> {
        let path = self.settings.homes.join(&record.name);
        let problem = match home::look(&path) {
            Ok(Found::Nothing) => return Ok(()),
            Ok(Found::Directory(uid)) if uid == record.uid => return Ok(()),
            Ok(Found::Directory(uid)) => format!("it belongs to uid {uid}"),
            Ok(Found::Other) => "it is a link or no directory".to_owned(),
            Err(problem) => problem.to_string(),
        };
        Err(Error::Home {
            path,
            problem: format!("{problem}; keep it (--keep-home), or remove it yourself first"),
        })
    }

    /// Removes the directory for logs that an account has beside its home. What is in its place and is not the
    /// account's is nothing that it could have made.
    fn remove_logs(&self, record: &Record) -> Result<(), Error> {
        let path = self.settings.logs.join(&record.name);
        let removed = match home::look(&path) {
            Ok(Found::Directory(uid)) if uid == record.uid => home::remove_whole(&path),
            Ok(_) => Ok(()),
            // There are no such directories at all.
            Err(problem) if problem.kind() == io::ErrorKind::NotADirectory => Ok(()),
            Err(problem) => Err(problem),
        };
        removed.map_err(|problem| Error::Logs {
            path,
            problem: problem.to_string(),
        })
    }

    /// Takes the account out of the system's files, where it is there and the record's.
    fn unmake(&self, record: &Record) -> Result<(), Error> {
        let etc = &self.settings.etc;
        let Record { name, uid, gid, .. } = record;
        let is_ours = |database: &Database| {
            let account = database.account(name);
            let another = account.is_some_and(|account| account.uid != *uid);
            let group = database.group(name).is_some_and(|group| group.gid == *gid);
            let there = account.is_some() || group || database.is_member(name);
            (there && !another, group)
        };
        if !is_ours(&Database::read(etc)?).0 {
            return Ok(());
        }
        self.edit(
            || {
                let (ours, group) = is_ours(&Database::read(etc)?);
                Ok(if ours {
                    edit::remove(etc, name, group)
                } else {
                    Ok(())
                })
            },
            |problem| {
                let has_group = || Database::read(etc).is_ok_and(|found| is_ours(&found).1);
                programs::remove(etc, name, has_group, problem)
            },
        )
    }
}
