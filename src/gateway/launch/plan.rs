//! The plan of a workspace: where it acts, what it writes, and what it must not see.

use std::path::{Path, PathBuf};

use super::{Launcher, Whose, account};
use crate::users::Account;
use crate::walls::{Identity, Plan};

/// Where the secrets of containers are.
const SECRETS: &str = "/run/secrets";
/// Where the homes of people are.
const HOMES: [&str; 2] = ["/home", "/root"];

impl Launcher {
    /// Where requests act: the account's home, unless somebody has said another place for the one workspace.
    pub(super) fn directory(&self, account: Option<&Account>) -> PathBuf {
        match account {
            Some(account) if self.per_user() || !self.startup.loaded.directory_given => {
                real(&account.home)
            }
            _ => self.config().cwd.clone(),
        }
    }

    /// Looks at what workspaces will write in, while nobody but the server can have changed it. Fails when it is not fit.
    pub(super) fn look_at_directories(&mut self) -> Result<(), String> {
        let config = &self.startup.loaded.config;
        if matches!(self.whose, Whose::Own) {
            // Walls are built round what is there. Where it cannot be made, the commands' answers say why.
            std::fs::create_dir_all(&config.log_dir).ok();
            let named = account::directories(&self.startup.env);
            let own = [
                config.cwd.clone(),
                config.log_dir.clone(),
                self.startup.env.home(),
            ];
            self.own = own.iter().chain(&named).map(|path| real(path)).collect();
        } else if self.is_set("log_dir") {
            account::check_log_dir(&config.log_dir, self.per_user())?;
        }
        Ok(())
    }

    /// The directory of the logs, made for its owner; none is the usual one in the account's home.
    pub(super) fn log_dir(&self, account: Option<&Account>) -> std::io::Result<Option<PathBuf>> {
        let config = self.config();
        let Some(account) = account else {
            return Ok(Some(config.log_dir.clone()));
        };
        if !self.is_set("log_dir") {
            return Ok(None);
        }
        let directory = if self.per_user() {
            config.log_dir.join(&account.name)
        } else {
            config.log_dir.clone()
        };
        account::make_own(&directory, account)?;
        Ok(Some(directory))
    }

    pub(super) fn plan(
        &self,
        account: Option<&Account>,
        directory: &Path,
        log_dir: Option<&Path>,
        cgroups: Vec<PathBuf>,
    ) -> Plan {
        let config = self.config();
        let identity = account.map(|account| Identity {
            // With its number, for another may have the name one day.
            name: format!("{}.{}", account.name, account.uid),
            uid: account.uid,
            gid: account.gid,
            groups: account.groups.clone(),
        });
        let home = match account {
            Some(account) => account.home.clone(),
            None => self.startup.env.home(),
        };
        let mut hidden = self.startup.loaded.files.clone();
        hidden.push(config.state_dir.clone());
        if account.is_some() {
            hidden.push(SECRETS.into());
        }
        if self.per_user() {
            hidden.push(config.log_dir.clone());
        }
        let homes = if account.is_some() { &HOMES[..] } else { &[] };
        Plan {
            identity,
            private: account.is_some(),
            demands: self.demands,
            home: directory.to_owned(),
            writable: match account {
                Some(_) => log_dir.map(real).into_iter().chain([real(&home)]).collect(),
                None => self.own.clone(),
            },
            hidden,
            homes: homes.iter().map(PathBuf::from).collect(),
            temporary: self.temporary.as_ref().map(|kept| kept.path().to_owned()),
            cgroups,
        }
    }
}

/// A path without links in it, as far as it leads anywhere.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
