//! Threads that compress blocks, each block for itself.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Builder, Scope};

use crc32fast::Hasher;
use flate2::{Compress, CompressError, Compression, FlushCompress, Status};

/// As zlib's default: what others make an archive with.
const LEVEL: u32 = 6;
/// How many buffers of each kind wait for their next use.
const SPARE: usize = 64;

/// The threads and the way to them. They end when it is dropped.
pub(super) struct Packer {
    jobs: mpsc::Sender<Job>,
    /// Buffers for the next blocks.
    spare: Vec<Vec<u8>>,
    spare_compressed: Vec<Vec<u8>>,
}

/// A block on its way.
pub(super) struct Packed(Receiver<Result<Block, CompressError>>);

/// A compressed block.
pub(super) struct Block {
    /// The compressed data; on a byte's border, so that another block can follow.
    pub(super) compressed: Vec<u8>,
    /// The checksum of the data.
    pub(super) crc: Hasher,
    /// The size of the data in bytes.
    pub(super) size: u64,
    bytes: Vec<u8>,
}

struct Job {
    bytes: Vec<u8>,
    from: usize,
    last: bool,
    compressed: Vec<u8>,
    done: SyncSender<Result<Block, CompressError>>,
}

impl Packer {
    /// Starts up to `threads` threads; an error when there can be none.
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        threads: usize,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for started in 0..threads.max(1) {
            let queue = Arc::clone(&queue);
            let thread = Builder::new().name("archive".to_owned());
            match thread.spawn_scoped(scope, move || work(&queue)) {
                Err(problem) if started == 0 => return Err(problem),
                // Fewer do it as well.
                Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok(Self {
            jobs,
            spare: Vec::new(),
            spare_compressed: Vec::new(),
        })
    }

    /// An empty buffer for `size` bytes.
    pub(super) fn buffer(&mut self, size: u64) -> Vec<u8> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        // One more, so that reading sees the end without growing it.
        buffer.reserve(usize::try_from(size).unwrap_or(0) + 1);
        buffer
    }

    /// Has `bytes[from..]` compressed; what is before `from` came right before it. The `last` block ends the
    /// compressed data of its file.
    pub(super) fn pack(&mut self, bytes: Vec<u8>, from: usize, last: bool) -> Packed {
        let (done, packed) = sync_channel(1);
        let job = Job {
            bytes,
            from,
            last,
            compressed: self.spare_compressed.pop().unwrap_or_default(),
            done,
        };
        // When all threads are gone the answer is missing, and that is told then.
        drop(self.jobs.send(job));
        Packed(packed)
    }

    /// Takes the buffers of a block that has been used.
    pub(super) fn recycle(&mut self, mut block: Block) {
        if self.spare.len() < SPARE {
            block.bytes.clear();
            self.spare.push(block.bytes);
        }
        if self.spare_compressed.len() < SPARE {
            block.compressed.clear();
            self.spare_compressed.push(block.compressed);
        }
    }
}

impl Packed {
    /// The block, once it is compressed.
    pub(super) fn wait(self) -> io::Result<Block> {
        let block = self
            .0
            .recv()
            .map_err(|_| io::Error::other("the thread that compressed it ended early"))?;
        block.map_err(io::Error::other)
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    let mut state = Compress::new(Compression::new(LEVEL), false);
    loop {
        // A statement of its own, so that the lock is free while the work is done.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        let done = job.done.clone();
        let block = compress(&mut state, job);
        // Nobody may be waiting any more.
        drop(done.send(block));
    }
}

fn compress(state: &mut Compress, job: Job) -> Result<Block, CompressError> {
    let Job {
        bytes,
        from,
        last,
        mut compressed,
        ..
    } = job;
    let (window, data) = bytes.split_at(from);
    state.reset();
    if !window.is_empty() {
        state.set_dictionary(window)?;
    }
    let flush = if last {
        FlushCompress::Finish
    } else {
        FlushCompress::Sync
    };
    compressed.reserve(data.len() + data.len() / 1000 + 64);
    // What was only referred to counts as read.
    let before = state.total_in();
    loop {
        let read = usize::try_from(state.total_in() - before).expect("less than a block");
        let status = state.compress_vec(&data[read..], &mut compressed, flush)?;
        // With room left, everything is out.
        if status == Status::StreamEnd || (!last && compressed.len() < compressed.capacity()) {
            break;
        }
        compressed.reserve(data.len() / 2 + 64);
    }
    let mut crc = Hasher::new();
    crc.update(data);
    let size = data.len() as u64;
    Ok(Block {
        compressed,
        crc,
        size,
        bytes,
    })
}
