//! What a server takes of the machine while something goes on: memory at its peak, and the processor.

use std::fs;
use std::time::Duration;

use super::{Server, eventually, processes};

/// KiB that the server may grow by, whatever the size of what goes through it.
pub(crate) const GROWTH: u64 = 16 * 1024;

/// The memory of a server from now on.
pub(crate) struct Peak {
    pid: i32,
    before: u64,
}

impl Peak {
    /// Starts to watch: what it has now is the measure.
    pub(crate) fn of(server: &Server) -> Self {
        Self::of_process(server.pid)
    }

    /// The same for any process.
    pub(crate) fn of_process(pid: i32) -> Self {
        let reset = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        reset.expect("the peak of one's own process can be reset");
        let before = processes::figure(pid, "VmRSS");
        Self { pid, before }
    }

    /// KiB that its peak is above what it had.
    pub(crate) fn growth(&self) -> u64 {
        processes::figure(self.pid, "VmHWM").saturating_sub(self.before)
    }

    /// Fails when it has grown by more than `most` KiB.
    #[track_caller]
    pub(crate) fn expect_below(&self, most: u64) {
        let growth = self.growth();
        assert!(growth < most, "it grew by {growth} KiB");
    }
}

/// Ticks of processor time that a server has used, its children not counted.
pub(crate) fn ticks(server: &Server) -> u64 {
    ticks_of(server.pid)
}

/// The same for any process.
pub(crate) fn ticks_of(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, rest) = text.rsplit_once(") ").expect("the name is in brackets");
    let fields = rest.split(' ').skip(11).take(2);
    fields
        .map(|field| field.parse::<u64>().expect("times are numbers"))
        .sum()
}

/// Waits until a server works.
pub(crate) fn becomes_busy(server: &Server) {
    let start = ticks(server);
    eventually("it works", Duration::from_secs(10), || {
        ticks(server) > start + 5
    });
}

/// Waits until a server has nothing to do: no more than a fiftieth of one processor.
///
/// Its children's work does not count, nor what other processes do.
#[track_caller]
pub(crate) fn becomes_quiet(server: &Server, limit: Duration) {
    eventually("nothing goes on in it", limit, || {
        let before = ticks(server);
        std::thread::sleep(Duration::from_millis(500));
        ticks(server) <= before + 1
    });
}
