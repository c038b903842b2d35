//! ZIP archives as an independent reader sees them: Python's `zipfile`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Tests every member, and says of each its name, size and SHA-256.
const READER: &str = r"
import hashlib, io, json, sys, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
bad = archive.testzip()
assert bad is None, bad
members = []
for info in archive.infolist():
    members.append([info.filename, info.file_size, hashlib.sha256(archive.read(info)).hexdigest(), info.compress_type, list(info.date_time)])
print(json.dumps(members))
";

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Its name, with the directories above it.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// The SHA-256 of its content.
    pub(crate) hash: String,
    /// The year of its date.
    pub(crate) year: u64,
}

/// The members of an archive in its order; fails when it is not whole and right.
#[track_caller]
pub(crate) fn members(archive: &[u8]) -> Vec<Member> {
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 is installed");
    let mut stdin = python.stdin.take().expect("it is a pipe");
    stdin.write_all(archive).ok();
    drop(stdin);
    let output = python.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "no good archive: {errors}");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    rows.iter()
        .map(|row| Member {
            name: text(&row[0]),
            size: row[1].as_u64().expect("a size is a number"),
            hash: text(&row[2]),
            year: row[4][0].as_u64().expect("a year is a number"),
        })
        .collect()
}

/// The names of the members, in order.
#[track_caller]
pub(crate) fn names(archive: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = members(archive)
        .into_iter()
        .map(|member| member.name)
        .collect();
    names.sort();
    names
}
