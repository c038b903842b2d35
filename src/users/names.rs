//! Names of accounts, made from ids that may hold anything.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Error;

/// The longest id, in bytes.
const LONGEST_ID: usize = 256;

/// The longest prefix, in characters.
const LONGEST_PREFIX: usize = 16;

/// The longest name, in characters (useradd(8)).
const LONGEST_NAME: usize = 32;

/// How many characters of an id a name shows.
const SHOWN: usize = 8;

/// With fewer usable characters than these, an id is told by its digest.
const FEWEST: usize = 4;

/// The most names that are tried for an id.
const MOST: usize = 10_000;

/// Names that mean something on one system or another, whether or not this one has them.
const RESERVED: [&str; 46] = [
    "adm",
    "admin",
    "administrator",
    "audio",
    "backup",
    "bin",
    "cdrom",
    "daemon",
    "dialout",
    "disk",
    "docker",
    "floppy",
    "ftp",
    "games",
    "gnats",
    "halt",
    "input",
    "irc",
    "kmem",
    "kvm",
    "list",
    "lp",
    "lxd",
    "mail",
    "man",
    "messagebus",
    "news",
    "nobody",
    "nogroup",
    "operator",
    "plugdev",
    "proxy",
    "render",
    "root",
    "shadow",
    "shutdown",
    "sshd",
    "staff",
    "sudo",
    "sync",
    "sys",
    "tty",
    "uucp",
    "video",
    "wheel",
    "www-data",
];

/// What the comment (GECOS) of our accounts begins with.
const MARK: &str = "open-terminal ";

/// Refuses what is no id.
pub(super) fn check_id(id: &str) -> Result<(), Error> {
    if id.trim().is_empty() {
        Err(Error::Id("is blank"))
    } else if id.len() > LONGEST_ID {
        Err(Error::Id("is too long"))
    } else if id.contains(char::is_control) {
        Err(Error::Id("has control characters in it"))
    } else {
        Ok(())
    }
}

/// Refuses what no name can begin with.
pub(super) fn check_prefix(prefix: &str) -> Result<(), Error> {
    if prefix.is_empty() || (prefix.len() <= LONGEST_PREFIX && is_legal(prefix)) {
        Ok(())
    } else {
        Err(Error::Prefix(prefix.to_owned()))
    }
}

/// Whether an account can be called so.
pub(super) fn is_legal(name: &str) -> bool {
    let first = |c: char| c.is_ascii_lowercase() || c == '_';
    let other = |c: char| first(c) || c.is_ascii_digit() || c == '-';
    name.len() <= LONGEST_NAME && name.starts_with(first) && name.chars().all(other)
}

/// Whether a name is never given away.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The name that an id leads to, as clients know it from other servers.
pub(super) fn name_for(id: &str, prefix: &str) -> String {
    let lower = id.to_lowercase();
    let usable = lower
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let mut shown: String = usable.take(SHOWN).collect();
    if shown.len() < FEWEST {
        shown = digest(id, SHOWN);
    }
    let name = format!("{prefix}{shown}");
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("u{name}")
    } else {
        name
    }
}

/// The name, then the same with 2, 3 and so on behind it.
pub(super) fn candidates(name: &str) -> impl Iterator<Item = String> {
    let numbered = (2..=MOST).map(move |number| format!("{name}{number}"));
    std::iter::once(name.to_owned()).chain(numbered)
}

/// The comment by which the account of an id is known when the map is lost.
pub(super) fn mark(id: &str) -> String {
    format!("{MARK}{}", digest(id, 16))
}

/// Whether a comment is a mark.
pub(super) fn is_mark(comment: &str) -> bool {
    comment.starts_with(MARK)
}

/// The first hexadecimal digits of the SHA-256 of an id.
fn digest(id: &str, digits: usize) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(id.as_bytes()) {
        write!(hex, "{byte:02x}").ok();
    }
    hex.truncate(digits);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_on_the_wire() {
        for (id, prefix, name) in [
            ("alice", "", "alice"),
            ("Alice.Smith@example.org", "", "alicesmi"),
            ("123e4567-e89b-12d3-a456-426614174000", "", "u123e4567"),
            ("123e4567-e89b-12d3-a456-426614174000", "ot-", "ot-123e4567"),
            ("abcd", "", "abcd"),
            // The first 8 digits of the SHA-256 of the id.
            ("abc", "", "ba7816bf"),
            ("a", "x", "xca978112"),
            ("b", "", "u3e23e816"),
            ("\u{212a}elvin", "", "kelvin"),
        ] {
            assert_eq!(name_for(id, prefix), name, "{id}");
        }
    }

    #[test]
    fn names_are_legal_whatever_the_id() {
        for id in ["a", "ß", "日本語", "-- --", "0000", "_", "…x…y…"] {
            for prefix in ["", "u_", "abcdefghijklmnop"] {
                let name = name_for(id, prefix);
                assert!(is_legal(&name), "{name}");
                let last = candidates(&name).last().unwrap();
                assert!(is_legal(&last) && last.ends_with("10000"), "{last}");
            }
        }
    }

    #[test]
    fn ids_that_are_none_are_refused() {
        let long = "x".repeat(257);
        for id in [
            "",
            "  ",
            "\u{3000}",
            "a\nb",
            "a\u{85}b",
            "\0",
            long.as_str(),
        ] {
            assert!(matches!(check_id(id), Err(Error::Id(_))), "{id:?}");
        }
        for id in ["a", " a ", &long[1..], "日本"] {
            assert!(check_id(id).is_ok());
        }
    }

    #[test]
    fn prefixes_begin_names() {
        for prefix in ["", "a", "_", "ot-", "abcdefghijklmnop"] {
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
        for prefix in [
            "-a",
            "1",
            "A",
            "a b",
            "a:",
            "a/",
            "ä",
            "abcdefghijklmnopq",
            "a\n",
        ] {
            assert!(check_prefix(prefix).is_err(), "{prefix}");
        }
    }

    #[test]
    fn candidates_are_numbered_from_2() {
        let first: Vec<String> = candidates("ab").take(3).collect();
        assert_eq!(first, ["ab", "ab2", "ab3"]);
    }

    #[test]
    fn reserved_names_are_in_order() {
        assert!(RESERVED.is_sorted());
    }
}
