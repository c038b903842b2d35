//! Accounts that somebody else has made, looked up as the C library does.

use std::ffi::CString;

use nix::unistd::{User, getgrouplist};

use super::{Account, Error};

/// The account of that name, with all its groups (getpwnam(3), getgrouplist(3)). Blocks.
pub fn existing(name: &str) -> Result<Account, Error> {
    let missing = || Error::NoAccount(name.to_owned());
    let failed = |problem: nix::errno::Errno| Error::Database {
        path: "/etc/passwd".into(),
        problem: problem.to_string(),
    };
    let user = User::from_name(name).map_err(failed)?.ok_or_else(missing)?;
    let c_name = CString::new(user.name.as_bytes()).map_err(|_| missing())?;
    let gid = user.gid.as_raw();
    let mut groups = vec![gid];
    for group in getgrouplist(&c_name, user.gid).map_err(failed)? {
        if !groups.contains(&group.as_raw()) {
            groups.push(group.as_raw());
        }
    }
    Ok(Account {
        name: user.name,
        uid: user.uid.as_raw(),
        gid,
        groups,
        home: user.dir,
        shell: user.shell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_or_named() {
        let root = existing("root").unwrap();
        assert_eq!((root.uid, root.gid, root.groups[0]), (0, 0, 0));
        let error = existing("no-such-account").unwrap_err().to_string();
        assert!(error.contains("\"no-such-account\""), "{error}");
        assert!(existing("a\0b").is_err());
    }
}
