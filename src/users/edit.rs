//! Lines of passwd(5), shadow(5), group(5) and gshadow(5): put in and taken out, the others left as they are.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::libc;

use super::standing::Missing;

/// An account to be made.
#[derive(Clone, Debug)]
pub(super) struct New<'a> {
    pub(super) name: &'a str,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) comment: &'a str,
    pub(super) home: &'a str,
    pub(super) shell: &'a str,
}

/// The files, in the order in which they are changed: an account shows when all else is there.
const FILES: [&str; 4] = ["group", "gshadow", "shadow", "passwd"];

/// Adds what is missing of some accounts, each file in one go, under the lock. A failure says why; what was added until
/// then does no harm.
pub(super) fn add(etc: &Path, all: &[(New, Missing)]) -> Result<(), String> {
    check(etc)?;
    let groups = || all.iter().filter(|(_, missing)| missing.group);
    let accounts = || all.iter().filter(|(_, missing)| missing.account);
    change(etc, "group", |text| {
        for (New { name, gid, .. }, _) in groups() {
            append(text, &format!("{name}:x:{gid}:"));
        }
    })?;
    change(etc, "gshadow", |text| {
        for (New { name, .. }, _) in groups() {
            *text = without(text, name);
            append(text, &format!("{name}:!::"));
        }
    })?;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let days = since.as_ref().map_or(0, Duration::as_secs) / 86_400;
    change(etc, "shadow", |text| {
        for (New { name, .. }, _) in accounts() {
            // What an older account of that name left would be a password.
            *text = without(text, name);
            append(text, &format!("{name}:!:{days}:0:99999:7:::"));
        }
    })?;
    change(etc, "passwd", |text| {
        for (new, _) in accounts() {
            let New { name, uid, gid, .. } = new;
            let (comment, home, shell) = (new.comment, new.home, new.shell);
            append(
                text,
                &format!("{name}:x:{uid}:{gid}:{comment}:{home}:{shell}"),
            );
        }
    })
}

/// Takes out an account, its group where `group` says that it is its own, and its name from the members of others.
pub(super) fn remove(etc: &Path, name: &str, group: bool) -> Result<(), String> {
    check(etc)?;
    for file in ["passwd", "shadow"] {
        change(etc, file, |text| *text = without(text, name))?;
    }
    for file in ["group", "gshadow"] {
        change(etc, file, |text| {
            if group {
                *text = without(text, name);
            }
            *text = without_member(text, name);
        })?;
    }
    Ok(())
}

/// Gives an account another number and another primary group, which becomes its own group's number where `own_group`
/// says so, under the lock.
pub(super) fn renumber(
    etc: &Path,
    name: &str,
    uid: u32,
    gid: u32,
    own_group: bool,
) -> Result<(), String> {
    check(etc)?;
    if own_group {
        change(etc, "group", |text| *text = with(text, name, &[(2, gid)]))?;
    }
    change(etc, "passwd", |text| {
        *text = with(text, name, &[(2, uid), (3, gid)]);
    })
}

/// All lines, with other numbers in some fields of those of a name.
fn with(text: &[u8], name: &str, numbers: &[(usize, u32)]) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let changed = |line: &[u8]| {
        let mut fields: Vec<Vec<u8>> = line.split(|b| *b == b':').map(<[u8]>::to_vec).collect();
        if fields[0] == name.as_bytes() && fields.len() > 3 {
            for (field, number) in numbers {
                fields[*field] = number.to_string().into_bytes();
            }
        }
        fields.join(&b":"[..])
    };
    lines.flat_map(changed).collect()
}

/// Refuses links before anything is changed.
fn check(etc: &Path) -> Result<(), String> {
    for file in FILES {
        let path = etc.join(file);
        match path.symlink_metadata() {
            Ok(found) if found.is_file() => {}
            Ok(found) if found.is_symlink() => {
                return Err(format!("{} is a symbolic link", path.display()));
            }
            Ok(_) => return Err(format!("{} is no regular file", path.display())),
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => {}
            Err(problem) => return Err(format!("{}: {problem}", path.display())),
        }
    }
    Ok(())
}

fn change(etc: &Path, file: &str, edit: impl FnOnce(&mut Vec<u8>)) -> Result<(), String> {
    let path = etc.join(file);
    let failed = |problem: io::Error| format!("{} cannot be replaced: {problem}", path.display());
    let old = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(&path);
    let mut old = match old {
        // There need be no shadow files.
        Err(problem) if problem.kind() == io::ErrorKind::NotFound && file.contains("shadow") => {
            return Ok(());
        }
        old => old.map_err(failed)?,
    };
    let mut before = Vec::new();
    old.read_to_end(&mut before).map_err(failed)?;
    let mut after = before.clone();
    edit(&mut after);
    if after == before {
        return Ok(());
    }
    replace(etc, file, &old, &after).map_err(failed)
}

/// Puts a new file of the same owner and mode in the place of the old one.
fn replace(etc: &Path, file: &str, old: &File, text: &[u8]) -> io::Result<()> {
    let like = old.metadata()?;
    // The name that shadow-utils use, who hold the same lock: what is there was left behind.
    let path = etc.join(format!("{file}+"));
    match std::fs::remove_file(&path) {
        Err(problem) if problem.kind() != io::ErrorKind::NotFound => return Err(problem),
        _ => {}
    }
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let written = (|| {
        new.write_all(text)?;
        fchown(&new, Some(like.uid()), Some(like.gid()))?;
        new.set_permissions(like.permissions())?;
        new.sync_all()?;
        std::fs::rename(&path, etc.join(file))
    })();
    if written.is_err() {
        std::fs::remove_file(&path).ok();
    }
    written?;
    File::open(etc)?.sync_all()
}

/// Puts a line at the end, also where the last one was not ended.
fn append(text: &mut Vec<u8>, line: &str) {
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
}

/// All lines but those of a name.
fn without(text: &[u8], name: &str) -> Vec<u8> {
    let own = |line: &&[u8]| line.split(|byte| *byte == b':').next() == Some(name.as_bytes());
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !own(line)).flatten().copied().collect()
}

/// All lines, without a name among the members that their last field lists, or the administrators before it.
fn without_member(text: &[u8], name: &str) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| dismissed(line, name)).collect()
}

fn dismissed(line: &[u8], name: &str) -> Vec<u8> {
    let (body, end) = match line.strip_suffix(b"\n") {
        Some(body) => (body, &b"\n"[..]),
        None => (line, &b""[..]),
    };
    let mut fields: Vec<Vec<u8>> = body.split(|b| *b == b':').map(<[u8]>::to_vec).collect();
    if fields.len() != 4 {
        return line.to_vec();
    }
    for field in &mut fields[2..] {
        let members: Vec<&[u8]> = field.split(|byte| *byte == b',').collect();
        if members.contains(&name.as_bytes()) {
            let others = members.into_iter().filter(|m| *m != name.as_bytes());
            *field = others.collect::<Vec<_>>().join(&b","[..]);
        }
    }
    [&fields.join(&b":"[..])[..], end].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: New = New {
        name: "abc",
        uid: 10_000,
        gid: 10_001,
        comment: "c",
        home: "/home/abc",
        shell: "/bin/sh",
    };
    const BOTH: Missing = Missing {
        account: true,
        group: true,
    };

    #[test]
    fn other_lines_are_kept_byte_for_byte() {
        let etc = tempfile::tempdir().unwrap();
        let at = |name: &str| etc.path().join(name);
        let odd = b"root:x:0:0\n\n# note\n\xff\xfe:::\nabcd:x:1:1::/:/bin/sh\n+nis::";
        let groups = b"abcd:x:1:\n\xff\nsudo:x:27:x,abc,y\nabc2:x:2:abc";
        std::fs::write(at("passwd"), odd).unwrap();
        std::fs::write(at("group"), groups).unwrap();
        std::fs::write(at("shadow"), "abc:secret:1::::::\nroot:*:1::::::\n").unwrap();
        add(etc.path(), &[(NEW, BOTH)]).unwrap();
        let passwd = std::fs::read(at("passwd")).unwrap();
        let line = b"\nabc:x:10000:10001:c:/home/abc:/bin/sh\n";
        assert_eq!(passwd, [&odd[..], line].concat());
        let group = std::fs::read(at("group")).unwrap();
        assert_eq!(group, [&groups[..], b"\nabc:x:10001:\n"].concat());
        let shadow = std::fs::read_to_string(at("shadow")).unwrap();
        assert!(
            shadow.starts_with("root:*:1::::::\nabc:!:2") && shadow.ends_with(":0:99999:7:::\n")
        );
        assert!(!at("gshadow").exists() && !at("passwd+").exists());
        remove(etc.path(), "abc", true).unwrap();
        let passwd = std::fs::read(at("passwd")).unwrap();
        assert_eq!(passwd, [&odd[..], b"\n"].concat());
        let group = std::fs::read(at("group")).unwrap();
        assert_eq!(group, b"abcd:x:1:\n\xff\nsudo:x:27:x,y\nabc2:x:2:\n");
    }

    #[test]
    fn mode_and_links_are_kept() {
        use std::os::unix::fs::PermissionsExt as _;
        let etc = tempfile::tempdir().unwrap();
        let at = |name: &str| etc.path().join(name);
        std::fs::write(at("group"), "").unwrap();
        std::fs::write(at("real"), "").unwrap();
        std::os::unix::fs::symlink("real", at("passwd")).unwrap();
        let problem = add(etc.path(), &[(NEW, BOTH)]).unwrap_err();
        assert!(problem.contains("passwd is a symbolic link"), "{problem}");
        assert_eq!(std::fs::read(at("group")).unwrap(), b"");
        std::fs::rename(at("real"), at("passwd")).unwrap();
        let mode = std::fs::Permissions::from_mode(0o604);
        std::fs::set_permissions(at("passwd"), mode).unwrap();
        add(etc.path(), &[(NEW, BOTH)]).unwrap();
        assert_eq!(at("passwd").metadata().unwrap().mode() & 0o7777, 0o604);
    }
}
