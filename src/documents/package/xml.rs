//! XML as the readers of documents see it: elements by their local names, and text.
//!
//! Prefixes are not looked at: within the parts that are read, elements of the same local name mean the same. Entities
//! are not expanded beyond the five of XML and characters by number.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::documents::Problem;

/// How deeply elements may be nested.
const DEEPEST: usize = 4096;

/// The reader of a part.
#[derive(Debug)]
pub(in crate::documents) struct Xml<'a> {
    part: &'a str,
    reader: Reader<&'a [u8]>,
    depth: usize,
}

/// What the reader meets next. An empty element has a start and an end.
#[derive(Debug)]
pub(in crate::documents) enum Piece<'a> {
    /// An element begins.
    Start(Element<'a>),
    /// The element ends that began last and has not ended.
    End,
    /// Characters, their references resolved; text may come in many pieces.
    Text(Cow<'a, str>),
}

/// The beginning of an element.
#[derive(Debug)]
pub(in crate::documents) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// Its name without the prefix.
    pub(in crate::documents) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// Its name as it is written, with the prefix.
    pub(in crate::documents) fn full_name(&self) -> &str {
        self.0.name().into_inner()
    }

    /// The value of an attribute, named without its prefix.
    pub(in crate::documents) fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut all = self.0.attributes();
        let attribute = all
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.local_name().into_inner() == name)?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok()
    }

    /// The value of an attribute that has a prefix, as those that refer to other parts have.
    pub(in crate::documents) fn prefixed_attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut all = self.0.attributes();
        let attribute = all.with_checks(false).flatten().find(|attribute| {
            attribute.key.prefix().is_some() && attribute.key.local_name().into_inner() == name
        })?;
        attribute.normalized_value(XmlVersion::Implicit1_0).ok()
    }
}

impl<'a> Xml<'a> {
    /// Reads a part of this name from its beginning.
    pub(in crate::documents) fn new(part: &'a str, content: &'a str) -> Self {
        let mut reader = Reader::from_str(content);
        reader.config_mut().expand_empty_elements = true;
        Self {
            part,
            reader,
            depth: 0,
        }
    }

    /// What comes next; none at the end.
    pub(in crate::documents) fn next(&mut self) -> Result<Option<Piece<'a>>, Problem> {
        loop {
            let event = self.reader.read_event();
            return Ok(Some(
                match event.map_err(|problem| self.broken(&problem))? {
                    Event::Start(element) => {
                        self.depth += 1;
                        if self.depth > DEEPEST {
                            return Err(self.broken(&"it is nested too deeply"));
                        }
                        Piece::Start(Element(element))
                    }
                    Event::End(_) => {
                        self.depth -= 1;
                        Piece::End
                    }
                    Event::Text(text) => Piece::Text(text.xml10_content()),
                    Event::CData(text) => Piece::Text(text.xml10_content()),
                    Event::GeneralRef(reference) => Piece::Text(self.resolve(&reference)?),
                    Event::Eof if self.depth > 0 => return Err(self.broken(&"it ends too early")),
                    Event::Eof => return Ok(None),
                    Event::Empty(_)
                    | Event::Comment(_)
                    | Event::Decl(_)
                    | Event::PI(_)
                    | Event::DocType(_) => continue,
                },
            ));
        }
    }

    /// Goes on behind the end of the element that began last.
    pub(in crate::documents) fn skip(&mut self) -> Result<(), Problem> {
        let until = self.depth;
        while self.depth >= until {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn resolve(
        &self,
        reference: &quick_xml::events::BytesRef<'a>,
    ) -> Result<Cow<'a, str>, Problem> {
        let number = reference.resolve_char_ref();
        if let Some(character) = number.map_err(|problem| self.broken(&problem))? {
            return Ok(Cow::Owned(character.to_string()));
        }
        quick_xml::escape::resolve_predefined_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| self.broken(&"it refers to an entity, which none of its kind does"))
    }

    fn broken(&self, problem: &dyn std::fmt::Display) -> Problem {
        Problem::Damaged(format!(
            "the XML of its part {} is broken ({problem})",
            self.part
        ))
    }
}

/// A part as text, by its byte order mark or what its first line says.
pub(super) fn decode(part: &str, bytes: Vec<u8>) -> Result<String, Problem> {
    let encoding = match Encoding::for_bom(&bytes) {
        Some((encoding, _)) => encoding,
        None => declared(&bytes).unwrap_or(UTF_8),
    };
    if encoding == UTF_8 {
        return String::from_utf8(bytes).map_err(|problem| {
            Problem::Damaged(format!(
                "its part {part} is not UTF-8 ({})",
                problem.utf8_error()
            ))
        });
    }
    let (text, _, _) = encoding.decode(&bytes);
    Ok(text.into_owned())
}

/// The encoding that the XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(200)];
    let head = head.strip_prefix(b"<?xml")?;
    let head = head.split(|byte| *byte == b'>').next()?;
    let at = memchr::memmem::find(head, b"encoding")?;
    let mut quoted = head[at..].split(|byte| matches!(byte, b'"' | b'\''));
    Encoding::for_label(quoted.nth(1)?)
}

/// Whether a manifest of `OpenDocument` says that this part is encrypted.
pub(super) fn encrypts(manifest: &[u8], part: &str) -> bool {
    let Ok(manifest) = std::str::from_utf8(manifest) else {
        return false;
    };
    let mut xml = Xml::new("META-INF/manifest.xml", manifest);
    let mut of_it = false;
    while let Ok(Some(piece)) = xml.next() {
        let Piece::Start(element) = piece else {
            continue;
        };
        match element.name() {
            "file-entry" => of_it = element.attribute("full-path").as_deref() == Some(part),
            "encryption-data" if of_it => return true,
            _ => {}
        }
    }
    false
}
