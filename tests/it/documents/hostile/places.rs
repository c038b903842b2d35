//! Damaged documents, those under a wrong ending, and paths that only look like documents.

use std::fs::{self, File};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::Siege;
use crate::documents::corpus;
use crate::support::files::noise;

const ENDINGS: [&str; 11] = [
    "docx", "eml", "epub", "odp", "ods", "odt", "pdf", "pptx", "rtf", "xls", "xlsx",
];

#[test]
fn documents_cut_off_at_each_tenth_are_answered() {
    let siege = Siege::new();
    for path in corpus::files() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("it has a name");
        let whole = fs::read(&path).expect("it is there");
        for tenth in 0..10 {
            siege.reads(
                &format!("{tenth}-{name}"),
                &whole[..whole.len() * tenth / 10],
            );
        }
    }
}

#[test]
fn documents_with_rubbish_in_them_are_answered() {
    let siege = Siege::new();
    for path in corpus::files() {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("it has a name");
        let whole = fs::read(&path).expect("it is there");
        for seed in 0..4_u64 {
            let mut damaged = whole.clone();
            for pair in noise(256, seed + 1).chunks_exact(8) {
                let number = u64::from_le_bytes(pair.try_into().expect("there are eight"));
                let at = usize::try_from(number >> 8).expect("it is 64 bits wide") % damaged.len();
                damaged[at] = pair[0];
            }
            siege.reads(&format!("{seed}-{name}"), &damaged);
        }
    }
}

#[test]
fn rubbish_behind_each_beginning_is_answered() {
    let siege = Siege::new();
    let magics: [&[u8]; 7] = [
        b"",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"%PDF-1.7\n",
        b"{\\rtf1",
        b"From: a\r\n\r\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ];
    for ending in ENDINGS {
        for (number, magic) in magics.iter().enumerate() {
            let document = [magic, &noise(20_000, 7)[..]].concat();
            siege.reads(&format!("{number}.{ending}"), document);
        }
        siege.reads(&format!("empty.{ending}"), "");
        siege.reads(&format!("zeroes.{ending}"), [0; 5000]);
    }
}

#[test]
fn every_format_under_every_other_ending_is_answered() {
    let siege = Siege::new();
    for path in corpus::files() {
        let whole = fs::read(&path).expect("it is there");
        for ending in ENDINGS {
            siege.reads(&format!("wrong.{ending}"), &whole);
        }
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let siege = Siege::new();
    for ending in ENDINGS {
        let directory = siege.server.home.work().join(format!("directory.{ending}"));
        fs::create_dir(&directory).expect("the home is writable");
        let status = siege.looks(&format!("directory.{ending}")).status;
        assert!(matches!(status, 400 | 404), "{ending}: {status}");
        let fifo = siege.server.home.work().join(format!("fifo.{ending}"));
        mkfifo(&fifo, Mode::S_IRWXU).expect("a FIFO can be made");
        siege.looks(&format!("fifo.{ending}")).expect(400);
        siege.looks(&format!("missing.{ending}")).expect(404);
    }
}

#[test]
fn documents_of_more_than_200_mib_are_refused() {
    let siege = Siege::new();
    for ending in ENDINGS {
        let path = siege.server.home.work().join(format!("large.{ending}"));
        // Not all zeroes, which would be plain text.
        fs::write(&path, b"\xff\xfe\xff").expect("the home is writable");
        let file = File::options().write(true).open(&path);
        let file = file.expect("it is ours");
        file.set_len(201 << 20).expect("holes cost nothing");
        let answer = siege.looks(&format!("large.{ending}"));
        assert!(
            matches!(answer.status, 413 | 422),
            "{ending}: {}",
            answer.status
        );
    }
}

#[test]
fn encrypted_documents_say_so() {
    let siege = Siege::new();
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/encrypted");
    let mut seen = 0;
    for entry in fs::read_dir(directory).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("it has a name");
        siege.refuses(
            name,
            fs::read(&path).expect("it can be read"),
            &["encrypted"],
        );
        seen += 1;
    }
    assert!(seen >= 4, "{seen} encrypted documents");
}
