//! What real programs wrote, cut anywhere. `recordings/record.py` made them.

use super::judge::shown;
use super::{Checkpoint, Size, draw, repaint, state};

const SIZE: Size = Size { cols: 80, rows: 24 };

const RECORDINGS: [(&str, &[u8]); 6] = [
    ("bash", include_bytes!("recordings/bash.bin")),
    ("less", include_bytes!("recordings/less.bin")),
    ("progress", include_bytes!("recordings/progress.bin")),
    ("tmux", include_bytes!("recordings/tmux.bin")),
    ("top", include_bytes!("recordings/top.bin")),
    ("vim", include_bytes!("recordings/vim.bin")),
];

/// Positions all over a stream, also within sequences and characters.
fn cuts(stream: &[u8], number: usize) -> impl Iterator<Item = usize> {
    (0..stream.len()).step_by(stream.len() / number + 1)
}

#[test]
fn programs_go_on_after_a_repaint() {
    for (name, stream) in RECORDINGS {
        let wanted = state(0, SIZE, b"", stream, &[]);
        for at in cuts(stream, 20) {
            let (before, after) = stream.split_at(at);
            let painted = draw(&Checkpoint::fresh(SIZE), before, &[], 0);
            let went_on = state(0, SIZE, &painted, after, &[]);
            assert_eq!(went_on, wanted, "{name}, cut at {at}");
        }
    }
}

#[test]
fn another_emulator_shows_programs_the_same() {
    for (name, stream) in RECORDINGS {
        let wanted = shown(SIZE, &[stream]);
        for at in cuts(stream, 20) {
            let (before, after) = stream.split_at(at);
            let painted = repaint(&Checkpoint::fresh(SIZE), before, &[]);
            let went_on = shown(SIZE, &[&painted, after]);
            assert_eq!(went_on, wanted, "{name}, cut at {at}");
        }
    }
}

#[test]
fn programs_are_folded_bit_by_bit() {
    for (name, stream) in RECORDINGS {
        let wanted = state(0, SIZE, b"", stream, &[]);
        for length in [7, 500, 4000] {
            let chunks = stream.chunks(length);
            let fold = |checkpoint: Checkpoint, chunk: &[u8]| checkpoint.follow(chunk, &[]);
            let checkpoint = chunks.fold(Checkpoint::fresh(SIZE), fold);
            let painted = draw(&checkpoint, b"", &[], 0);
            let folded = state(0, SIZE, &painted, b"", &[]);
            assert_eq!(folded, wanted, "{name}, by {length} bytes");
        }
    }
}
