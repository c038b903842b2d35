//! Search: by content, by name, by both; in a stable order, in bounded time, stopped when nobody waits.

/// Searching by content.
mod grep;
/// Searching names and contents at once.
mod matches;
/// Searching by name: patterns, and ranked.
mod names;
/// Patterns that would take for ever, or more memory than there is.
mod patterns;
/// Trees with everything in them that a search must get past.
mod trees;

use crate::support::Server;

/// A tree of text files: `t/D/E/FFF.txt`, each with `needle` on every tenth of its lines.
fn tree(server: &Server, files: usize) {
    for n in 0..files {
        let lines = (0..40).map(|line| match line % 10 {
            3 => format!("needle {n} at {line}\n"),
            _ => format!("hay {n} {line}\n"),
        });
        let name = format!("t/{}/{}/{n:03}.txt", n % 7, n % 11);
        server.put(name, lines.collect::<String>());
    }
}
