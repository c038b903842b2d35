//! What a file has besides its content: owner, mode, extended attributes and access lists.

use std::ffi::{CStr, CString};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use rustix::fs::{XattrFlags, flistxattr, fremovexattr, fsetxattr, lgetxattr, llistxattr};
use rustix::io::Errno;

/// The longest list of attribute names, and the longest attribute, that are carried over, in bytes
/// (`xattr(7)`: the kernel's own bounds).
const MOST: usize = 64 << 10;
/// The access list: a directory can give one to every new file in it.
const ACCESS_LIST: &CStr = c"system.posix_acl_access";

/// Gives `new` what the file at `path` has. An error means that it cannot be done in full.
///
/// The bits that run a program as another user are not kept, nor are capabilities: as with write(2), what
/// was trusted is not the new content.
pub(super) fn carry_over(new: &File, path: &Path, old: &Metadata) -> io::Result<()> {
    let made = new.metadata()?;
    let uid = Some(old.uid()).filter(|uid| *uid != made.uid());
    let gid = Some(old.gid()).filter(|gid| *gid != made.gid());
    if uid.is_some() || gid.is_some() {
        fchown(new, uid, gid)?;
    }
    copy_attributes(new, path)?;
    // Also after the access list, whose mask the group's bits are.
    new.set_permissions(Permissions::from_mode(old.mode() & 0o1777))
}

/// Gives `new` the extended attributes and the access list of the file at `path`.
pub(in crate::files) fn copy_attributes(new: &File, path: &Path) -> io::Result<()> {
    let wanted = names(|buffer| llistxattr(path, buffer))?;
    let given = names(|buffer| flistxattr(new, buffer))?;
    if given.iter().any(|name| name.as_c_str() == ACCESS_LIST)
        && !wanted.iter().any(|name| name.as_c_str() == ACCESS_LIST)
    {
        fremovexattr(new, ACCESS_LIST)?;
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let mut value = vec![0; MOST];
    for name in wanted {
        if name.as_bytes().starts_with(b"security.") {
            // Labels come from the system's policy, capabilities are not kept.
            continue;
        }
        let size = lgetxattr(path, &name, &mut value[..])?;
        fsetxattr(new, &name, &value[..size], XattrFlags::empty())?;
    }
    Ok(())
}

/// The names that `list` writes, each ended by a NUL; none where the file system has no attributes.
fn names(list: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> io::Result<Vec<CString>> {
    let mut short = [0; 1024];
    let mut long = Vec::new();
    let mut buffer = &mut short[..];
    let size = match list(buffer) {
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(Vec::new()),
        Err(Errno::RANGE) => {
            long.resize(MOST, 0);
            buffer = &mut long;
            list(buffer)?
        }
        size => size?,
    };
    let names = buffer[..size].split_inclusive(|byte| *byte == 0);
    let names = names.filter_map(|name| CStr::from_bytes_with_nul(name).ok());
    Ok(names.map(CStr::to_owned).collect())
}
