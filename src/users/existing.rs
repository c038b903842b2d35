//! Accounts that somebody else has made.

use super::{Account, Error};
use crate::config::Passwd;

/// The account of that name, with all its groups. Blocks.
pub fn existing(name: &str) -> Result<Account, Error> {
    let found = Passwd::of_name(name).ok_or_else(|| Error::NoAccount(name.to_owned()))?;
    Ok(Account {
        groups: found.groups(),
        name: found.name,
        uid: found.uid,
        gid: found.gid,
        home: found.home,
        shell: found.shell,
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
