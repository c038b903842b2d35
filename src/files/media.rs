//! Media types: what a file is by its name, as Python's `mimetypes` would say on this host.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

use crate::workspace::open_regular;

mod table;
#[cfg(test)]
mod tests;

/// What a file is when its name does not say.
const UNKNOWN: &str = "application/octet-stream";

/// Where hosts keep their own tables, in the order they are read; a later one wins.
const HOST_TABLES: [&str; 8] = [
    "/etc/mime.types",
    "/etc/httpd/mime.types",
    "/etc/httpd/conf/mime.types",
    "/etc/apache/mime.types",
    "/etc/apache2/mime.types",
    "/usr/local/etc/httpd/conf/mime.types",
    "/usr/local/lib/netscape/mime.types",
    "/usr/local/etc/mime.types",
];

/// No host's table is longer than so many bytes; what follows is not read.
const HOST_TABLE_BOUND: u64 = 4 << 20;

/// Extensions that stand for two, in lower case.
const SUFFIXES: [(&str, &str, &str); 6] = [
    ("svgz", "svg", "gz"),
    ("taz", "tar", "gz"),
    ("tbz2", "tar", "bz2"),
    ("tgz", "tar", "gz"),
    ("txz", "tar", "xz"),
    ("tz", "tar", "gz"),
];

/// Extensions that say how a file is packed; here case matters.
const ENCODINGS: [(&str, &str); 5] = [
    ("Z", "compress"),
    ("br", "br"),
    ("bz2", "bzip2"),
    ("gz", "gzip"),
    ("xz", "xz"),
];

/// The media type of a file by its name, and how it is packed: `a.tar.gz` is a tar file in `gzip`.
///
/// The type is `application/octet-stream` when the name says none.
pub fn media_type(path: &Path) -> (String, Option<&'static str>) {
    static TYPES: OnceLock<Types> = OnceLock::new();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let types = TYPES.get_or_init(|| Types::of_host(&HOST_TABLES.map(Path::new)));
    let (found, encoding) = types.of(&name);
    (found.unwrap_or(UNKNOWN).to_owned(), encoding)
}

/// What the header `Content-Type` says of a file: its media type, for text with its characters' encoding.
pub fn content_type(path: &Path) -> String {
    let (media_type, _) = media_type(path);
    if media_type.starts_with("text/") {
        format!("{media_type}; charset=utf-8")
    } else {
        media_type
    }
}

/// Media types by extension.
struct Types(HashMap<String, String>);

impl Types {
    /// What Python knows, and what the host's tables say over that; those that cannot be read say nothing.
    fn of_host(tables: &[&Path]) -> Self {
        let known = table::TYPES
            .iter()
            .flat_map(|(media_type, extensions)| extensions.iter().map(move |e| (*e, *media_type)));
        let mut types = Self(
            known
                .map(|(extension, media_type)| (extension.to_owned(), media_type.to_owned()))
                .collect(),
        );
        for table in tables {
            let Ok((file, _)) = open_regular(table) else {
                continue;
            };
            let mut text = Vec::new();
            if file.take(HOST_TABLE_BOUND).read_to_end(&mut text).is_ok() {
                types.add(&String::from_utf8_lossy(&text));
            }
        }
        types
    }

    /// Adds the lines of a table: a media type and its extensions; `#` begins a comment.
    fn add(&mut self, table: &str) {
        for line in table.lines() {
            let mut words = line
                .split_whitespace()
                .take_while(|word| !word.starts_with('#'));
            // What goes into a header has to be fit for it.
            let Some(media_type) = words
                .next()
                .filter(|word| word.contains('/') && word.bytes().all(|b| b.is_ascii_graphic()))
            else {
                continue;
            };
            for extension in words {
                self.0.insert(extension.to_owned(), media_type.to_owned());
            }
        }
    }

    /// The media type of a file of this name, if it says one, and how it is packed.
    fn of(&self, name: &str) -> (Option<&str>, Option<&'static str>) {
        let (base, mut extension) = split_extension(name);
        let mut packed = None;
        let lower = extension.to_lowercase();
        if let Some((_, inner, outer)) = SUFFIXES.iter().find(|(short, ..)| *short == lower) {
            extension = inner;
            packed = Some(*outer);
        } else if ENCODINGS.iter().any(|(packed, _)| *packed == extension) {
            packed = Some(extension);
            // Only at the very end do short forms count: `a.tgz.gz` says no type.
            (_, extension) = split_extension(base);
        }
        let encoding = ENCODINGS
            .iter()
            .find(|(ending, _)| Some(*ending) == packed)
            .map(|(_, encoding)| *encoding);
        // A table's extensions with capital letters are never found, as in Python.
        let found = self.0.get(&extension.to_lowercase());
        (found.map(String::as_str), encoding)
    }
}

/// A name's extension, without the dot, and what is before it. Dots at the beginning begin no extension.
fn split_extension(name: &str) -> (&str, &str) {
    let dots = name.len() - name.trim_start_matches('.').len();
    match name[dots..].rfind('.') {
        Some(at) => (&name[..dots + at], &name[dots + at + 1..]),
        None => (name, ""),
    }
}
