//! Files as a client asks for them: the calls under `/files`, and what a test puts on the disk itself.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Ask, Builder, Home, Server, binary};

impl Server {
    /// Prepares a call under `/files` with a query.
    pub(crate) fn files(&self, method: &str, what: &str, query: &[(&str, &str)]) -> Ask {
        self.ask(method, &target(what, query))
    }

    /// Gets something under `/files`.
    pub(crate) fn look(&self, what: &str, query: &[(&str, &str)]) -> Answer {
        self.files("GET", what, query).send()
    }

    /// Gets something under `/files` that is there, as JSON.
    #[track_caller]
    pub(crate) fn seen(&self, what: &str, query: &[(&str, &str)]) -> Value {
        self.look(what, query).expect(200).json()
    }

    /// Posts a body to something under `/files`.
    pub(crate) fn post(&self, what: &str, body: &Value) -> Answer {
        self.files("POST", what, &[]).json(body).send()
    }

    /// Asks for a file's text to become `content`.
    pub(crate) fn write(&self, path: &str, content: &str) -> Answer {
        self.post("write", &json!({ "path": path, "content": content }))
    }

    /// Puts a file into the working directory, with the directories above it; the answer is its path.
    #[track_caller]
    pub(crate) fn put(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.work().join(name);
        let above = path.parent().expect("it is below the working directory");
        fs::create_dir_all(above).expect("the home is writable");
        fs::write(&path, content).expect("the home is writable");
        path
    }

    /// The path of a name in the working directory, as text.
    pub(crate) fn at(&self, name: &str) -> String {
        self.home.work().join(name).display().to_string()
    }
}

/// The request target of a call under `/files`.
pub(crate) fn target(what: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    format!("/files/{what}?{}", pairs.join("&"))
}

/// A text as it is written in a URL; slashes stay.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("a string takes all");
        }
        url
    })
}

/// The SHA-256 of bytes in lower-case hex, as `content_hash` gives it.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// So many bytes that cannot be compressed, for each seed others.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// How a name of a file is shown to clients: a byte of no character as U+EF80 to U+EFFF.
pub(crate) fn shown(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text += chunk.valid();
        let odd = chunk.invalid().iter();
        text.extend(odd.map(|&byte| char::from_u32(0xEF00 + u32::from(byte)).expect("it is one")));
    }
    text
}

/// The members of an array that each entry has, as texts.
#[track_caller]
pub(crate) fn texts(list: &Value, member: &str) -> Vec<String> {
    let list = list.as_array().expect("it is a list");
    let text = |entry: &Value| entry[member].as_str().map(str::to_owned);
    list.iter()
        .map(|entry| text(entry).unwrap_or_else(|| panic!("no {member} in {entry}")))
        .collect()
}

/// The names in a directory, in order; hidden ones too.
#[track_caller]
pub(crate) fn names(directory: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let mut names: Vec<String> = entries
        .map(|entry| shown(&entry.expect("it can be listed").file_name()))
        .collect();
    names.sort();
    names
}

/// A server that has no rights beyond those of an ordinary user.
///
/// When we are root it runs as `nobody`, as a copy of the program that `nobody` can reach.
pub(crate) fn unprivileged(home: &Home) -> Builder {
    let builder = Server::builder().home(home);
    if !nix::unistd::geteuid().is_root() {
        return builder;
    }
    let program = home.path().join("open-terminal");
    fs::copy(binary(), &program).expect("the home is writable");
    builder.program(&program).under(&[
        "setpriv",
        "--reuid",
        "65534",
        "--regid",
        "65534",
        "--clear-groups",
    ])
}
