//! Documents shown as PDF: by a stand-in for the office program, and by the real one where it is installed.

use std::fs;
use std::io::{Cursor, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use crate::support::files::{names, target};
use crate::support::wire::Wire;
use crate::support::{Answer, Home, Server, eventually, processes, seconds, variables};

/// What every stand-in begins with: it finds its document and where the PDF belongs, and notes that it was called.
const BEGINNING: &str = r#"#!/bin/sh
while [ $# -gt 1 ]; do
  case "$1" in --outdir) out=$2; shift ;; -env:*) profile=${1#*file://} ;; esac
  shift
done
mkdir -p "$profile/registry" && echo "$1" >>"$HOME/calls"
pdf="$out/$(basename "${1%.*}").pdf"
"#;

/// A server whose commands find this as `soffice`.
fn server(script: &str) -> Server {
    let home = Home::new();
    let directory = home.path().join("bin");
    fs::create_dir(&directory).expect("the home is writable");
    let program = directory.join("soffice");
    fs::write(&program, format!("{BEGINNING}{script}")).expect("the home is writable");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = variables::get("PATH").expect("PATH is set");
    let path = format!("{}:{path}", directory.display());
    let server = Server::builder().home(&home).env("PATH", &path).start();
    for name in ["a.docx", "b.pptx", "c.xlsx", "ü d.DOCX"] {
        server.put(name, format!("contents of {name}"));
    }
    server
}

fn look(server: &Server, name: &str) -> Answer {
    server.look("view", &[("path", name), ("preview", "true")])
}

/// A request for a preview, under way.
fn asking(server: &Server) -> Wire {
    let path = target("view", &[("path", "a.docx"), ("preview", "true")]);
    Wire::open(server, "GET", &path, &[])
}

fn calls(server: &Server) -> usize {
    let calls = fs::read_to_string(server.home.path().join("calls"));
    calls.unwrap_or_default().lines().count()
}

#[track_caller]
fn nothing_is_left(server: &Server) {
    let directory = server.home.path().join("tmp");
    eventually("nothing is left", seconds(5), || {
        names(&directory).is_empty()
    });
}

const GOOD: &str = r#"printf '%%PDF-1.4 of %s' "$(cat "$1")" >"$pdf""#;

#[test]
fn documents_come_as_pdf_and_leave_nothing_behind() {
    let server = server(GOOD);
    for name in ["a.docx", "b.pptx", "ü d.DOCX"] {
        let answer = look(&server, name).expect(200);
        assert_eq!(answer.header("content-type"), Some("application/pdf"));
        assert_eq!(answer.text(), format!("%PDF-1.4 of contents of {name}"));
        nothing_is_left(&server);
    }
    assert_eq!(
        look(&server, "c.xlsx").expect(200).text(),
        "contents of c.xlsx"
    );
    let plain = server.look("view", &[("path", "a.docx")]).expect(200);
    assert_eq!(plain.text(), "contents of a.docx");
    look(&server, "none.docx").expect(404);
    assert_eq!(
        names(server.home.work()),
        ["a.docx", "b.pptx", "c.xlsx", "ü d.DOCX"]
    );
}

#[test]
fn who_asks_again_gets_the_same_until_the_document_changes() {
    let server = server(GOOD);
    let first = look(&server, "a.docx").expect(200);
    let etag = first.header("etag").expect("it has one").to_owned();
    assert_eq!(look(&server, "a.docx").header("etag"), Some(etag.as_str()));
    let query = [("path", "a.docx"), ("preview", "true")];
    let part = server
        .files("GET", "view", &query)
        .header("range", "bytes=1-3");
    assert_eq!(part.send().expect(206).text(), "PDF");
    assert_eq!(calls(&server), 1);
    server.put("a.docx", "something new");
    assert_eq!(look(&server, "a.docx").text(), "%PDF-1.4 of something new");
    assert_eq!(calls(&server), 2);
}

#[test]
fn without_a_pdf_the_file_itself_is_shown() {
    for script in [
        "exit 3",
        "exit 0",
        "echo 'no PDF' >\"$pdf\"",
        "ln -s /etc/passwd \"$pdf\"",
        "kill -9 $$",
    ] {
        let server = server(script);
        let answer = look(&server, "a.docx").expect(200);
        assert_eq!(answer.text(), "contents of a.docx", "{script}");
        assert_ne!(answer.header("content-type"), Some("application/pdf"));
        nothing_is_left(&server);
    }
    let server = Server::builder().env("PATH", "/none").start();
    server.put("a.docx", "contents");
    assert_eq!(look(&server, "a.docx").expect(200).text(), "contents");
}

#[test]
fn what_the_program_leaves_running_is_ended() {
    let server = server(&format!(
        "setsid sleep 1000 & echo $! >\"$HOME/left\"\n{GOOD}"
    ));
    assert_eq!(
        look(&server, "a.docx").header("content-type"),
        Some("application/pdf")
    );
    let left = fs::read_to_string(server.home.path().join("left")).expect("it was written");
    let left = left.trim().parse().expect("it is a pid");
    eventually("it is gone", seconds(5), || !processes::alive(left));
}

#[test]
fn a_client_that_goes_away_ends_the_program() {
    let server = server("echo $$ >\"$HOME/running\"; sleep 1000");
    let wire = asking(&server);
    let file = server.home.path().join("running");
    let pid = || -> Option<i32> { fs::read_to_string(&file).ok()?.trim().parse().ok() };
    eventually("it runs", seconds(20), || pid().is_some());
    drop(wire);
    let pid = pid().expect("it was there");
    eventually("it is gone", seconds(10), || !processes::alive(pid));
    nothing_is_left(&server);
}

#[test]
fn two_are_made_at_once_and_others_wait() {
    let server = server(&format!(
        "echo + >>\"$HOME/turns\"; sleep 0.3; echo - >>\"$HOME/turns\"\n{GOOD}"
    ));
    for n in 0..5 {
        server.put(format!("{n}.docx"), "x");
    }
    std::thread::scope(|scope| {
        for n in 0..5 {
            let server = &server;
            scope.spawn(move || {
                let answer = look(server, &format!("{n}.docx"));
                assert_eq!(answer.header("content-type"), Some("application/pdf"));
            });
        }
    });
    let turns = fs::read_to_string(server.home.path().join("turns")).expect("they ran");
    let mut now = 0;
    let most = turns.lines().map(|line| {
        now += if line == "+" { 1 } else { -1 };
        now
    });
    assert_eq!(most.max(), Some(2), "{turns}");
}

#[test]
fn what_is_made_already_waits_for_no_turn() {
    let server = server(&format!(
        "case \"$1\" in *slow*) touch \"$HOME/$(basename \"$1\")\"; sleep 1000 ;; esac\n{GOOD}"
    ));
    look(&server, "a.docx").expect(200);
    let slow = ["slow1.docx", "slow2.docx"].map(|name| {
        server.put(name, "x");
        let path = target("view", &[("path", name), ("preview", "true")]);
        (name, Wire::open(&server, "GET", &path, &[]))
    });
    for (name, _) in &slow {
        let running = server.home.path().join(name);
        eventually("both turns are taken", seconds(20), || running.exists());
    }
    let began = Instant::now();
    let again = look(&server, "a.docx").expect(200);
    assert_eq!(again.header("content-type"), Some("application/pdf"));
    assert!(began.elapsed() < seconds(10), "{:?}", began.elapsed());
    assert_eq!(calls(&server), 3);
}

#[test]
fn the_end_of_the_server_does_not_wait_for_a_preview() {
    let mut server = server("echo $$ >\"$HOME/running\"; sleep 1000");
    let _wire = asking(&server);
    let file = server.home.path().join("running");
    eventually("it runs", seconds(20), || file.exists());
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed() < seconds(5), "{:?}", began.elapsed());
    nothing_is_left(&server);
}

#[test]
fn the_real_program_makes_a_pdf_of_a_real_document() {
    if !needs_office() {
        return;
    }
    let server = Server::spawn();
    server.put("letter.docx", docx(&[]));
    let began = Instant::now();
    let answers = std::thread::scope(|scope| {
        server.put("other.docx", docx(&[]));
        let other = scope.spawn(|| look(&server, "other.docx"));
        [
            look(&server, "letter.docx"),
            other.join().expect("it answers"),
        ]
    });
    println!("two real previews: {:?}", began.elapsed());
    for answer in answers {
        assert_eq!(answer.header("content-type"), Some("application/pdf"));
        assert!(answer.body.starts_with(b"%PDF-"));
    }
    nothing_is_left(&server);
    assert_eq!(names(server.home.work()), ["letter.docx", "other.docx"]);
    assert_eq!(names(server.home.path().join("config")), ["open-terminal"]);
}

#[test]
fn the_real_program_fetches_nothing_that_a_document_only_links_to() {
    if !needs_office() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("it is ours");
    let port = listener.local_addr().expect("it listens").port();
    let relations = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="i" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="http://127.0.0.1:{port}/a.png" TargetMode="External"/></Relationships>"#
    );
    let server = Server::spawn();
    let linked = docx(&[
        ("word/document.xml", LINKED),
        ("word/_rels/document.xml.rels", &relations),
    ]);
    server.put("linked.docx", linked);
    let answer = look(&server, "linked.docx");
    assert_eq!(answer.header("content-type"), Some("application/pdf"));
    let nobody = listener.accept().expect_err("it was fetched");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

/// Whether `LibreOffice` is installed; says on stderr when not.
fn needs_office() -> bool {
    let installed = ["/usr/bin/soffice", "/usr/bin/libreoffice"]
        .iter()
        .any(|path| Path::new(path).exists());
    if !installed {
        eprintln!("skipped: LibreOffice is not installed");
    }
    installed
}

/// A small document of Word, with these parts added or in place of its own.
fn docx(parts: &[(&str, &str)]) -> Vec<u8> {
    let own = DOCX
        .into_iter()
        .filter(|(name, _)| !parts.iter().any(|(other, _)| other == name));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in own.chain(parts.iter().copied()) {
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        archive.start_file(name, stored).expect("memory takes it");
        archive.write_all(text.as_bytes()).expect("memory takes it");
    }
    archive.finish().expect("memory takes it").into_inner()
}

/// The parts of a small document of Word.
const DOCX: [(&str, &str); 3] = [
    (
        "[Content_Types].xml",
        r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#,
    ),
    (
        "word/document.xml",
        r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Dear reader</w:t></w:r></w:p></w:body></w:document>"#,
    ),
];

/// The text of a document with a picture that is elsewhere.
const LINKED: &str = r#"<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><w:body><w:p><w:r><w:drawing><wp:inline><wp:extent cx="914400" cy="914400"/><wp:docPr id="1" name="p"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="p"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:link="i"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="914400" cy="914400"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p></w:body></w:document>"#;
