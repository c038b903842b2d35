//! Line ends: `\n`, `\r\n` or `\r`, what a text uses, and the same text with plain ones.

use memchr::{memchr, memchr_iter, memchr2};

/// The text with `\n` for every `\r\n` and `\r`.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\r', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        plain.push('\n');
        rest = &rest[at + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    plain.push_str(rest);
    plain
}

/// The first line end in `text`.
pub(super) fn ending_of(text: &str) -> Option<&'static str> {
    let at = memchr2(b'\n', b'\r', text.as_bytes())?;
    Some(match &text.as_bytes()[at..] {
        [b'\n', ..] => "\n",
        [b'\r', b'\n', ..] => "\r\n",
        _ => "\r",
    })
}

/// The line end that `text` uses most.
pub(super) fn usual(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    let returns = memchr_iter(b'\r', bytes).count();
    if returns == 0 {
        return "\n";
    }
    let both = memchr_iter(b'\r', bytes)
        .filter(|at| bytes.get(at + 1) == Some(&b'\n'))
        .count();
    let plain = memchr_iter(b'\n', bytes).count() - both;
    if plain >= both && plain >= returns - both {
        "\n"
    } else if both >= returns - both {
        "\r\n"
    } else {
        "\r"
    }
}

/// Adds `text` with `ending` for every `\n` that has no `\r` before it.
pub(super) fn push(result: &mut String, text: &str, ending: &str) {
    let mut before = '\0';
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(bare) if bare.chars().next_back().unwrap_or(before) != '\r' => {
                result.push_str(bare);
                result.push_str(ending);
            }
            _ => result.push_str(line),
        }
        before = '\n';
    }
}

/// Finds places of the plain text in the text itself, from the beginning on.
pub(super) struct Endings<'a> {
    text: &'a [u8],
    /// How far it has come in the text, and in the plain one.
    here: usize,
    plain: usize,
}

impl<'a> Endings<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            here: 0,
            plain: 0,
        }
    }

    /// Where byte `at` of the plain text is; `at` may not become less from call to call.
    pub(super) fn at(&mut self, at: usize) -> usize {
        while self.plain < at {
            let left = at - self.plain;
            let next = &self.text[self.here..];
            if let Some(before) = memchr(b'\r', &next[..left.min(next.len())]) {
                let both = next.get(before + 1) == Some(&b'\n');
                self.here += before + 1 + usize::from(both);
                self.plain += before + 1;
            } else {
                self.here += left;
                self.plain = at;
            }
        }
        self.here
    }
}
