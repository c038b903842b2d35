//! Telling: what a cell gives, on its way to a client that listens while the cell runs.
//!
//! A client may read slowly or not at all, and the cell does not wait for it; so only so much is kept for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::output::Piece;

/// Bytes kept for a client that reads more slowly than the cell prints.
const MOST: usize = 64 << 20;

/// The cell's end.
#[derive(Debug)]
pub struct Teller {
    sender: UnboundedSender<(usize, Piece)>,
    kept: Arc<AtomicUsize>,
    missed: bool,
}

/// The client's end.
#[derive(Debug)]
pub struct Pieces {
    receiver: UnboundedReceiver<(usize, Piece)>,
    kept: Arc<AtomicUsize>,
}

/// Both ends.
pub fn telling() -> (Teller, Pieces) {
    let (sender, receiver) = unbounded_channel();
    let kept = Arc::new(AtomicUsize::new(0));
    let teller = Teller {
        sender,
        kept: Arc::clone(&kept),
        missed: false,
    };
    (teller, Pieces { receiver, kept })
}

impl Teller {
    /// Tells of a piece. One for which there is no room is left out; [`Piece::Missed`] comes in its place as soon
    /// as there is.
    pub(super) fn tell(&mut self, piece: Piece) {
        let size = piece.size();
        if self.kept.load(Ordering::Relaxed) + size > MOST {
            self.missed = true;
            return;
        }
        if std::mem::take(&mut self.missed) {
            self.send(Piece::Missed);
        }
        self.send(piece);
    }

    fn send(&self, piece: Piece) {
        let size = piece.size();
        self.kept.fetch_add(size, Ordering::Relaxed);
        // Who has hung up gets nothing more; the cell goes on.
        self.sender.send((size, piece)).ok();
    }
}

impl Pieces {
    /// Waits for the next piece; none when there will be no more. Loses nothing when dropped half-way.
    pub async fn next(&mut self) -> Option<Piece> {
        let (size, piece) = self.receiver.recv().await?;
        self.kept.fetch_sub(size, Ordering::Relaxed);
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notebooks::Output;

    fn printed(bytes: usize) -> Piece {
        Piece::Output(Output::Stream {
            name: "stdout".to_owned(),
            text: "x".repeat(bytes),
        })
    }

    #[tokio::test]
    async fn for_who_does_not_read_only_so_much_is_kept() {
        let (mut teller, mut pieces) = telling();
        for _ in 0..100 {
            teller.tell(printed(1 << 20));
        }
        let kept = teller.kept.load(Ordering::Relaxed);
        assert!((60 << 20..=64 << 20).contains(&kept), "{kept}");
        for _ in 0..10 {
            pieces.next().await.unwrap();
        }
        teller.tell(printed(1));
        drop(teller);
        let mut rest = Vec::new();
        while let Some(piece) = pieces.next().await {
            rest.push(piece);
        }
        assert!(matches!(rest.last(), Some(Piece::Output(_))));
        let missed = rest
            .iter()
            .rposition(|piece| matches!(piece, Piece::Missed));
        assert_eq!(missed, Some(rest.len() - 2));
        assert_eq!(pieces.kept.load(Ordering::Relaxed), 0);
    }
}
