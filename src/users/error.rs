//! Why there is no account for an id.

use std::path::PathBuf;

/// Why there is no account for an id, or why it cannot be removed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The server has not the right to make accounts.
    #[error(
        "accounts for users need a server of root: start it as root, or unset multi_user (--multi-user=false)"
    )]
    NotRoot,
    /// No name can begin so.
    #[error(
        "user_prefix is {0:?}: it may have 16 characters of a-z, 0-9, _ and -, the first of them a letter or _"
    )]
    Prefix(String),
    /// The state directory is not fit for the map.
    #[error("the state directory {} cannot be used: {problem}", .path.display())]
    State {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The map is not what this server writes.
    #[error(
        "the map of users {} cannot be read: {problem}; put a good copy back, or move it away to begin a new one", .path.display()
    )]
    Map {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// No user has such an id.
    #[error(
        "the user id {0}: send 1 to 256 bytes that are not all blank, without control characters"
    )]
    Id(&'static str),
    /// The id would get the name of an account of the system.
    #[error(
        "the user id leads to the name {0:?}, which is the system's own: use another id, or set user_prefix"
    )]
    Reserved(String),
    /// The account of an id has become another's.
    #[error(
        "the account {name:?} (uid {uid}, gid {gid}) of user id {id:?} is taken: {other}; give that one another name and number, or remove it"
    )]
    Taken {
        /// The client's id.
        id: String,
        /// The name on record.
        name: String,
        /// The number on record.
        uid: u32,
        /// The group's number on record.
        gid: u32,
        /// What is in its place.
        other: String,
    },
    /// There are no more.
    #[error("there is no {0} left for another account: remove accounts that are not used")]
    Exhausted(&'static str),
    /// Others hold a lock for too long.
    #[error(
        "{} is locked by another process for more than {seconds} s: see who holds it (lslocks), and try again", .path.display()
    )]
    Locked {
        /// The lock's file.
        path: PathBuf,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The accounts of the system cannot be read or locked.
    #[error("{} cannot be used: {problem}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// Neither way of changing the accounts works.
    #[error(
        "the account {name:?} cannot be {what}: {problem}, and {tried}; let passwd, shadow, group and gshadow be plain files on a writable file system, neither links nor mounted one by one"
    )]
    Uneditable {
        /// Its name.
        name: String,
        /// What was to be done: "made" or "removed".
        what: &'static str,
        /// Why the files cannot be replaced.
        problem: String,
        /// What the programs said that were tried then.
        tried: String,
    },
    /// A home directory cannot be used.
    #[error("the home directory {} cannot be used: {problem}", .path.display())]
    Home {
        /// The directory.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A directory for logs cannot be removed.
    #[error(
        "the directory for logs {} cannot be removed: {problem}; remove it yourself, or see to that and try again", .path.display()
    )]
    Logs {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        problem: String,
    },
    /// There is no such user.
    #[error("there is no user with the id or name {0:?}; open-terminal users list shows them all")]
    Unknown(String),
    /// Two users could be meant.
    #[error(
        "{word:?} is the id of the user named {by_id:?} and the name of the user with the id {by_name:?}: say which by the name {by_id:?} or the id {by_name:?}"
    )]
    Ambiguous {
        /// What was asked for.
        word: String,
        /// The name of the one with that id.
        by_id: String,
        /// The id of the one with that name.
        by_name: String,
    },
    /// Somebody still works there.
    #[error(
        "the account {name:?} has running processes ({}): end them first", readable(.pids)
    )]
    Busy {
        /// Its name.
        name: String,
        /// The processes.
        pids: Vec<i32>,
    },
    /// There is no such account.
    #[error("there is no account named {0:?}: make it (useradd), or name another")]
    NoAccount(String),
}

/// The first of many processes.
fn readable(pids: &[i32]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = pids.iter().take(SHOWN).map(i32::to_string).collect();
    let more = pids.len().saturating_sub(SHOWN);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("pid {}{more}", shown.join(", "))
}
