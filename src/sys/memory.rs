//! The memory that this process shows as its own.

use std::ffi::c_void;
use std::io;
use std::ops::Range;

use nix::libc;

/// Pages of files that are mapped here now, such as the program's own (proc(5), `/proc/PID/statm`).
pub fn mapped_pages() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let shared = text.split(' ').nth(2).and_then(|word| word.parse().ok());
    shared.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// What is mapped of the program and its libraries, and never written to.
#[derive(Debug)]
pub struct Program(Vec<Range<usize>>);

impl Program {
    /// Looks at it. To be called while there is one thread: what is mapped then stays mapped.
    pub fn mapped() -> io::Result<Self> {
        let smaps = std::fs::read_to_string("/proc/self/smaps")?;
        Ok(Self(unchanged(&smaps)))
    }

    /// Unmaps its pages: what is needed again comes back from the kernel's cache of files in some microseconds
    /// (madvise(2), `MADV_DONTNEED`).
    ///
    /// The kernel maps 16 pages for each that is needed. What only a start needs would count as this process's for
    /// ever.
    pub fn let_go(&self) -> io::Result<()> {
        for range in &self.0 {
            let length = range.end - range.start;
            let start = std::ptr::with_exposed_provenance_mut::<c_void>(range.start);
            // SAFETY: the range is a file's and as it is there, and nobody can write to it, so that nothing is lost:
            // each page is read again from the file. It was mapped when the program was loaded, and is until its end.
            if unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }
}

/// Where files are mapped privately that nobody can write to and of which no page has been changed, by the text of
/// `/proc/PID/smaps` (proc(5)).
fn unchanged(smaps: &str) -> Vec<Range<usize>> {
    let mut current = None;
    let mut all = Vec::new();
    for line in smaps.lines() {
        if let Some(size) = line.strip_prefix("Anonymous:") {
            all.extend(current.take().filter(|_| size.trim() == "0 kB"));
        } else if !line
            .split(' ')
            .next()
            .is_some_and(|word| word.ends_with(':'))
        {
            current = of_a_file(line);
        }
    }
    all
}

/// The range of a mapping, by its line.
fn of_a_file(line: &str) -> Option<Range<usize>> {
    let mut words = line.split_ascii_whitespace();
    let (range, mode) = (words.next()?, words.next()?);
    let path = words.nth(3)?;
    let (start, end) = range.split_once('-')?;
    let address = |text: &str| usize::from_str_radix(text, 16).ok();
    let range = address(start)?..address(end)?;
    let fits = matches!(mode, "r-xp" | "r--p") && path.starts_with('/') && !range.is_empty();
    fits.then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_as_in_its_file_is_let_go() {
        let all = [
            ("1000-3000 r-xp 00001000 08:01 5 /usr/bin/a program", 0),
            ("3000-4000 r--p 00003000 08:01 5 /usr/bin/a program", 0),
            ("4000-5000 r--p 00004000 08:01 5 /usr/bin/a program", 4),
            ("5000-6000 r-xp 00005000 08:01 5 /usr/bin/a program", 4),
            ("6000-7000 rw-p 00006000 08:01 5 /usr/bin/a program", 0),
            ("7000-8000 rwxp 00007000 08:01 5 /usr/bin/a program", 0),
            ("8000-9000 r--s 00000000 08:01 6 /shared", 0),
            ("9000-a000 rw-p 00000000 00:00 0 [heap]", 0),
            ("a000-b000 r--p 00000000 00:00 0", 0),
            ("b000-c000 r-xp 00000000 00:00 0 [vdso]", 0),
        ];
        let lines = all.map(|(line, size)| {
            format!("{line}\nSize: 4 kB\nAnonymous:      {size} kB\nVmFlags: rd mr\n")
        });
        let smaps = lines.concat();
        assert_eq!(unchanged(&smaps), [0x1000..0x3000, 0x3000..0x4000]);
    }

    #[test]
    fn the_program_runs_on_and_takes_less_meanwhile() {
        // Other tests of this process map pages at the same time.
        let less = (0..50).any(|_| {
            let before = mapped_pages().unwrap();
            Program::mapped().unwrap().let_go().unwrap();
            mapped_pages().unwrap() < before
        });
        assert!(less);
    }
}
