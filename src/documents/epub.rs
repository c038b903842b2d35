//! Books: the chapters in reading order.
//!
//! EPUB 3.3: the container names the package document, and its spine the chapters.

use std::borrow::Cow;
use std::collections::HashMap;

use super::package::{Package, Piece, Xml};
use super::{Problem, Text, html};

/// Ways to make fonts hard to copy, which leave the text alone.
const FOR_FONTS: [&str; 2] = [
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
];

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Pictures, links and the look of the text are not compared.");
    let package = Package::open(bytes)?;
    let main = main(&package)?;
    let encrypted = encrypted(&package)?;
    let mut first = true;
    for chapter in chapters(&package, &main)? {
        if encrypted.contains(&chapter) {
            return Err(Problem::Encrypted);
        }
        let Some(content) = package.part(&chapter)? else {
            text.gap(format!("its chapter \"{chapter}\" is not in the file"));
            continue;
        };
        if !std::mem::take(&mut first) {
            text.push("\n\n")?;
        }
        text.push(html::text_of(&html::decode(&content)).trim())?;
    }
    Ok(())
}

/// The name of the package document.
fn main(package: &Package<'_>) -> Result<String, Problem> {
    const CONTAINER: &str = "META-INF/container.xml";
    let content = package.needed_xml(CONTAINER)?;
    let mut xml = Xml::new(CONTAINER, &content);
    while let Some(piece) = xml.next()? {
        if let Piece::Start(element) = piece
            && element.name() == "rootfile"
            && let Some(path) = element.attribute("full-path")
        {
            return Ok(path.into_owned());
        }
    }
    Err(Problem::Damaged(format!(
        "its {CONTAINER} names no package document"
    )))
}

/// The names of the chapters' parts, in reading order. What the spine names and nobody knows has its id for a name.
fn chapters(package: &Package<'_>, main: &str) -> Result<Vec<String>, Problem> {
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let content = package.needed_xml(main)?;
    let mut items = HashMap::new();
    let mut spine = Vec::new();
    let mut xml = Xml::new(main, &content);
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        let word = |name| element.attribute(name).unwrap_or_default().into_owned();
        match element.name() {
            "item" => {
                let kind = word("media-type");
                let picture = kind.starts_with("image/") && !kind.ends_with("xml");
                items.insert(word("id"), (word("href"), picture));
            }
            "itemref" => spine.push(word("idref")),
            _ => {}
        }
    }
    Ok(spine
        .into_iter()
        .filter_map(|id| match items.get(&id) {
            Some((_, true)) => None,
            Some((href, false)) => Some(part(package, folder, href)),
            None => Some(id),
        })
        .collect())
}

/// The name of the part that a reference stands for.
fn part(package: &Package<'_>, folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let plain = join(folder, href);
    if package.has(&plain) {
        return plain;
    }
    join(folder, &unquoted(href))
}

fn join(folder: &str, href: &str) -> String {
    let mut path: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in href.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.join("/")
}

/// A reference without its `%20` and the like (RFC 3986, clause 2.1).
fn unquoted(href: &str) -> Cow<'_, str> {
    if !href.contains('%') {
        return Cow::Borrowed(href);
    }
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let code = behind
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) if *byte == b'%' => {
                bytes.push(code);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The names of the parts that cannot be read without a licence.
fn encrypted(package: &Package<'_>) -> Result<Vec<String>, Problem> {
    const LIST: &str = "META-INF/encryption.xml";
    let mut parts = Vec::new();
    let Some(content) = package.xml(LIST)? else {
        return Ok(parts);
    };
    let mut xml = Xml::new(LIST, &content);
    let mut font = false;
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        match element.name() {
            "EncryptedData" => font = false,
            "EncryptionMethod" => {
                let method = element.attribute("Algorithm").unwrap_or_default();
                font |= FOR_FONTS.contains(&&*method);
            }
            "CipherReference" if !font => {
                let part = element.attribute("URI").unwrap_or_default();
                parts.push(join("", &unquoted(&part)));
            }
            _ => {}
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
