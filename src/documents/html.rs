//! HTML as books and mail have it: its text, without what a browser does not show.
//!
//! Spaces and line breaks stay as they are in the file. Where elements stand that a browser puts on lines of their own
//! and the file has no line break, one is added.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::memmem;

/// So many bytes on one line are taken as they are, without line breaks between paragraphs.
const SHORT: usize = 1000;

/// Elements whose content is no text, and whose content is no markup either.
const UNSEEN: [&str; 5] = ["script", "style", "title", "template", "noscript"];

/// The text of a page as it is being read.
#[derive(Debug)]
struct Page<'a> {
    rest: &'a str,
    out: String,
    /// Whether paragraphs get lines of their own.
    paragraphs: bool,
    /// Line breaks that are due before the next text.
    breaks: usize,
    row: Row,
    /// Whether the page's end was seen.
    over: bool,
    /// Elements of [`UNSEEN`] that do not end any more.
    endless: [bool; UNSEEN.len()],
}

/// Where in a row of a table the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Outside,
    Inside,
    /// Before the text of a cell that is not the first.
    Tab,
}

/// The text of a page.
pub(super) fn text_of(html: &str) -> String {
    let body = memmem::find(html.as_bytes(), b"<body").unwrap_or(0);
    let content = html[body..].trim_end();
    let mut page = Page {
        rest: html,
        out: String::with_capacity(html.len() / 2),
        paragraphs: content.len() > SHORT || content.contains('\n'),
        breaks: 0,
        row: Row::Outside,
        over: false,
        endless: [false; UNSEEN.len()],
    };
    page.read();
    page.out
}

/// A page as text: by its byte order mark, what it says itself, or else UTF-8 or Windows-1252, whichever fits.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode(bytes).0;
    }
    let head = &bytes[..bytes.len().min(1024)];
    let said = ["encoding=", "charset="].iter().find_map(|word| {
        let at = memmem::find(head, word.as_bytes())? + word.len();
        let name = head[at..].trim_ascii_start();
        let name = name
            .strip_prefix(b"\"")
            .or(name.strip_prefix(b"'"))
            .unwrap_or(name);
        let end = name.iter().position(|byte| b"\"' ;/>?".contains(byte))?;
        Encoding::for_label(&name[..end])
    });
    match said {
        Some(encoding) if encoding != UTF_8 && encoding.is_ascii_compatible() => {
            encoding.decode_without_bom_handling(bytes).0
        }
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) if said.is_some() => String::from_utf8_lossy(bytes),
            Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        },
    }
}

impl<'a> Page<'a> {
    fn read(&mut self) {
        while let Some(at) = memchr::memchr(b'<', self.rest.as_bytes()) {
            let (text, markup) = self.rest.split_at(at);
            self.text(text);
            self.rest = markup;
            self.markup();
        }
        self.text(self.rest);
    }

    /// Goes on behind the mark-up that comes next.
    fn markup(&mut self) {
        let rest = self.rest;
        if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let (text, behind) = inside.split_once("]]>").unwrap_or((inside, ""));
            self.plain(text);
            self.rest = behind;
        } else if rest.starts_with("<!--") {
            self.skip("-->");
        } else if rest.starts_with("<?") {
            self.skip(">");
        } else if rest.starts_with("<!") {
            let end = memchr::memchr2(b'>', b'[', rest.as_bytes());
            let subset = end.is_some_and(|end| rest.as_bytes()[end] == b'[');
            self.skip(if subset { "]>" } else { ">" });
        } else {
            self.tag();
        }
    }

    fn skip(&mut self, end: &str) {
        let at = memmem::find(self.rest.as_bytes(), end.as_bytes());
        self.rest = at.map_or("", |at| &self.rest[at + end.len()..]);
    }

    fn tag(&mut self) {
        let inside = &self.rest[1..];
        let closing = inside.starts_with('/');
        let name = inside.trim_start_matches('/');
        let length = name
            .bytes()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b":-_".contains(&byte)));
        let name = &name[..length.unwrap_or(name.len())];
        let end = end_of_tag(inside.as_bytes());
        let (Some(end), false) = (end, name.is_empty()) else {
            // A sign that means "less than".
            self.plain("<");
            self.rest = inside;
            return;
        };
        let empty = inside[..end].ends_with('/');
        self.rest = &inside[end + 1..];
        let name = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
        if closing && matches!(&*name, "body" | "html") {
            self.over = true;
        } else if !closing && name == "body" {
            self.out.clear();
            (self.breaks, self.row) = (0, Row::Outside);
        } else if closing || empty || !self.unseen(&name) {
            self.layout(&name, closing);
        }
    }

    /// Goes on behind the end of an element that is not shown.
    fn unseen(&mut self, name: &str) -> bool {
        let Some(which) = UNSEEN.iter().position(|unseen| *unseen == name) else {
            return false;
        };
        if self.endless[which] {
            return true;
        }
        let bytes = self.rest.as_bytes();
        let end = memmem::find_iter(bytes, b"</").find(|at| {
            let found = bytes.get(at + 2..at + 2 + name.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        });
        match end {
            Some(end) => {
                self.rest = &self.rest[end..];
                self.skip(">");
            }
            None => self.endless[which] = true,
        }
        true
    }

    fn layout(&mut self, name: &str, closing: bool) {
        match name {
            "br" if !closing => self.breaks += 1,
            "tr" | "li" | "dt" | "dd" | "hr" => {
                self.breaks = self.breaks.max(1);
                self.row = Row::Outside;
            }
            "td" | "th" if !closing => {
                self.row = match self.row {
                    Row::Outside => Row::Inside,
                    Row::Inside | Row::Tab => Row::Tab,
                };
            }
            "p" | "div" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "dl"
            | "table" | "section" | "article" | "header" | "footer" | "blockquote" | "pre"
            | "figure" | "figcaption" | "nav" | "aside" | "address" | "main" | "caption"
                if self.paragraphs && self.row == Row::Outside =>
            {
                self.breaks = self.breaks.max(1);
            }
            "table" if closing => self.row = Row::Outside,
            _ => {}
        }
    }

    /// Adds text with references in it.
    fn text(&mut self, text: &'a str) {
        if text.is_empty() || (self.over && text.trim_ascii().is_empty()) {
            return;
        }
        if memchr::memchr2(b'&', b'\r', text.as_bytes()).is_none() {
            self.plain(text);
            return;
        }
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = memchr::memchr2(b'&', b'\r', rest.as_bytes()) {
            whole.push_str(&rest[..at]);
            if let Some(behind) = rest[at..].strip_prefix('\r') {
                if !behind.starts_with('\n') {
                    whole.push('\n');
                }
                rest = behind;
                continue;
            }
            rest = &rest[at + 1..];
            // No name is longer than 32 bytes.
            let end = rest.bytes().take(40).position(|byte| byte == b';');
            match end.and_then(|end| resolve(&rest[..end])) {
                Some(characters) => {
                    whole.push_str(&characters);
                    rest = &rest[end.unwrap_or(0) + 1..];
                }
                None => whole.push('&'),
            }
        }
        whole.push_str(rest);
        self.plain(&whole);
    }

    /// Adds text as it is, with what is due before it.
    fn plain(&mut self, text: &str) {
        let behind = text.trim_start_matches([' ', '\t', '\n']);
        let space = &text[..text.len() - behind.len()];
        if self.breaks > 0 {
            let there = usize::from(self.out.trim_end_matches([' ', '\t']).ends_with('\n'))
                + usize::from(space.contains('\n'));
            if behind.is_empty() && there == 0 {
                // Space between two elements is no text.
                return;
            }
            if !self.out.is_empty() {
                let missing = self.breaks.saturating_sub(there);
                self.out.extend(std::iter::repeat_n('\n', missing));
            }
            self.breaks = 0;
        } else if self.row == Row::Tab {
            if behind.is_empty() {
                return;
            }
            self.out
                .truncate(self.out.trim_end_matches([' ', '\n', '\t']).len());
            self.out.push('\t');
            self.row = Row::Inside;
            self.out.push_str(behind);
            return;
        }
        self.out.push_str(text);
    }
}

/// Where a tag ends, quoted values left out of account.
fn end_of_tag(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr3(b'>', b'"', b'<', inside.get(at..)?)?;
        match inside[at] {
            b'>' => return Some(at),
            b'<' => return None,
            _ => match memchr::memchr(b'"', inside.get(at + 1..)?) {
                Some(length) => at += length + 2,
                None => return memchr::memchr(b'>', inside),
            },
        }
    }
}

/// What a reference stands for, without its signs at the beginning and end.
fn resolve(name: &str) -> Option<Cow<'static, str>> {
    let Some(number) = name.strip_prefix('#') else {
        return quick_xml::escape::resolve_html5_entity(name).map(Cow::Borrowed);
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    }
    .ok()?;
    match u8::try_from(number) {
        // Browsers take these numbers as those of Windows-1252.
        Ok(byte @ 0x80..=0x9f) => {
            let bytes = [byte];
            let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes);
            Some(Cow::Owned(text.into_owned()))
        }
        Ok(0) => None,
        _ => char::from_u32(number).map(|character| Cow::Owned(character.to_string())),
    }
}

#[cfg(test)]
mod tests;
