//! Documents made to do harm: each ends in bounded time, and the server neither grows nor waits.

/// Nesting, sheets without end, chapters again and again.
mod endless;
/// What is inside a ZIP archive: bombs and entities.
mod packages;
/// PDF that refers to itself, claims too much, or unpacks to too much.
mod paper;
/// Damaged documents, wrong endings, and what is no file.
mod places;
/// RTF and mail, which have no package round them.
mod text;
/// Values and fonts of PDF.
mod values;
/// ZIP archives and deflated data made by hand, so that they can lie.
mod zipped;

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Answer, Server, busy, processes, seconds};
use packages::{SHEET, XLSX_TAIL, xlsx, xlsx_head};
use zipped::Deflated;

/// A reader is given 30 s; the rest is for a busy machine.
const LONGEST: Duration = seconds(40);

/// How much more memory the server may have had at its worst, in KiB.
const GROWTH: u64 = 32 << 10;

/// How long `/health` may take while a document is read; a debug build on a busy machine is slow.
const HEALTH: Duration = seconds(5);

/// A sheet of five million rows, which takes some seconds.
pub(super) fn slow_sheet() -> Vec<u8> {
    let rows = Deflated::repeated(
        xlsx_head("A1:A5000000").as_bytes(),
        b"<row><c><v>1</v></c></row>",
        5_000_000,
        XLSX_TAIL.as_bytes(),
    );
    xlsx(1).deflated(SHEET, &rows).bytes()
}

/// A server to which documents are given that are made to do harm.
struct Siege {
    server: Server,
    before: u64,
    _busy: File,
}

impl Siege {
    /// Starts a server, and has it read a document, so that it is warm.
    fn new() -> Self {
        let busy = busy();
        let server = Server::spawn();
        // Without the byte that is no UTF-8 it would be plain text.
        server.put("warm.rtf", b"{\\rtf1{\\*\\rough \xe4}warm}");
        server.look("read", &[("path", "warm.rtf")]).expect(200);
        let before = processes::figure(server.pid, "VmHWM");
        Self {
            server,
            before,
            _busy: busy,
        }
    }

    /// Has a document read. The answer is its text, or says what is wrong with it.
    #[track_caller]
    fn reads(&self, name: &str, document: impl AsRef<[u8]>) -> Answer {
        self.server.put(name, document);
        self.looks(name)
    }

    /// Has a path read that is there already.
    #[track_caller]
    fn looks(&self, name: &str) -> Answer {
        let began = Instant::now();
        let answer = self.watched(|| self.server.look("read", &[("path", name)]));
        let took = began.elapsed();
        assert!(took < LONGEST, "{name}: answered after {took:?}");
        match answer.status {
            200 => {}
            400 | 404 | 413 | 415 | 422 => {
                let detail = answer.detail();
                assert!(detail.len() > 10, "{name}: {detail:?}");
            }
            status => panic!("{name}: status {status}: {}", answer.text()),
        }
        let grown = processes::figure(self.server.pid, "VmHWM").saturating_sub(self.before);
        assert!(grown < GROWTH, "{name}: the server grew by {grown} KiB");
        answer
    }

    /// Has a document read that must be refused with these words in the detail.
    #[track_caller]
    fn refuses(&self, name: &str, document: impl AsRef<[u8]>, words: &[&str]) {
        let answer = self.reads(name, document).expect(422);
        let detail = answer.detail();
        assert!(
            words.iter().any(|word| detail.contains(word)),
            "{name}: {detail}"
        );
    }

    /// Asks for `/health` all the while.
    #[track_caller]
    fn watched<T>(&self, work: impl FnOnce() -> T) -> T {
        let over = AtomicBool::new(false);
        let asked = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    self.server.get("/health").expect(200);
                    assert!(began.elapsed() < HEALTH, "the server waits");
                    asked.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(50));
                }
            });
            let done = work();
            over.store(true, Ordering::Relaxed);
            done
        })
    }
}

impl Drop for Siege {
    fn drop(&mut self) {
        if !thread::panicking() {
            let left = processes::descendants(self.server.pid)
                .into_iter()
                .map(processes::cmdline)
                .filter(|line| line.windows(9).any(|part| part == b"extractor"))
                .count();
            assert_eq!(left, 0, "readers are left");
        }
    }
}
