//! The memory that this process shows as its own.

use std::ffi::c_void;
use std::io;

use nix::libc;

/// Pages of files that are mapped here now, such as the program's own (proc(5), `/proc/PID/statm`).
pub fn mapped_pages() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let shared = text.split(' ').nth(2).and_then(|word| word.parse().ok());
    shared.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Unmaps the pages of the program's code: what is needed again comes back from the kernel's cache of files in some
/// microseconds (madvise(2), `MADV_DONTNEED`).
///
/// The kernel maps 16 pages for each that is needed. What only a start needs would count as this process's for ever.
pub fn let_go_of_code() -> io::Result<()> {
    for range in code(&std::fs::read_to_string("/proc/self/maps")?) {
        let length = range.end - range.start;
        let start = std::ptr::with_exposed_provenance_mut::<c_void>(range.start);
        // SAFETY: the range is a file's and nobody can write there, so that nothing is lost: each page is read again
        // from the file. Code is unmapped by nobody meanwhile, as no library is loaded or closed while we run.
        if unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Where the code of files is, by the lines of `/proc/PID/maps` (proc(5)).
fn code(maps: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    maps.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (range, mode) = (words.next()?, words.next()?);
        let path = words.nth(3)?;
        let (start, end) = range.split_once('-')?;
        let address = |text: &str| usize::from_str_radix(text, 16).ok();
        let range = address(start)?..address(end)?;
        (mode == "r-xp" && path.starts_with('/') && !range.is_empty()).then_some(range)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_let_go() {
        let maps = "\
1000-3000 r-xp 00001000 08:01 5 /usr/bin/a program
3000-4000 r--p 00003000 08:01 5 /usr/bin/a program
4000-5000 rwxp 00004000 08:01 5 /usr/bin/a program
5000-6000 rw-p 00000000 00:00 0 [heap]
6000-7000 r-xp 00000000 00:00 0
7000-8000 r-xp 00000000 00:00 0 [vdso]
8000-9000 r-xs 00000000 08:01 6 /shared
";
        assert_eq!(code(maps).collect::<Vec<_>>(), [0x1000..0x3000]);
    }

    #[test]
    fn code_runs_on_when_it_was_let_go_and_takes_less_meanwhile() {
        // Other tests of this process map pages at the same time.
        let less = (0..50).any(|_| {
            let before = mapped_pages().unwrap();
            let_go_of_code().unwrap();
            mapped_pages().unwrap() < before
        });
        assert!(less);
    }
}
