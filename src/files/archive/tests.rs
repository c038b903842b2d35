//! Tests of archives: what is in them, and that other programs can read them.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use proptest::prelude::*;

use super::*;

/// Reads an archive with Python: for each member its name, and what the reader finds in it.
const READER: &str = "
import sys, zipfile, hashlib, json
z = zipfile.ZipFile(sys.argv[1])
print(json.dumps([[i.filename, hashlib.sha256(z.read(i)).hexdigest(), i.file_size, list(i.date_time),
                   i.external_attr >> 16, i.compress_type] for i in z.infolist()]))
";

type Row = (String, String, u64, Vec<u32>, u32, u32);

fn zip(paths: &[PathBuf]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let take = |piece: Vec<u8>| {
        bytes.extend_from_slice(&piece);
        true
    };
    archive(paths, take, &AtomicBool::new(false)).unwrap();
    bytes
}

/// What Python reads in an archive, after `unzip` has found it sound.
fn rows(bytes: &[u8]) -> Vec<Row> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let tested = Command::new("unzip").arg("-tqq").arg(file.path()).output();
    let tested = tested.unwrap();
    // 1 is the warning about an archive without members.
    assert!(matches!(tested.status.code(), Some(0 | 1)), "{tested:?}");
    let read = Command::new("python3")
        .args(["-c", READER])
        .arg(file.path())
        .output();
    let read = read.unwrap();
    assert!(
        read.status.success(),
        "{}",
        String::from_utf8_lossy(&read.stderr)
    );
    serde_json::from_slice(&read.stdout).unwrap()
}

fn members(bytes: &[u8]) -> Vec<String> {
    rows(bytes).into_iter().map(|row| row.0).collect()
}

fn home() -> (tempfile::TempDir, impl Fn(&str) -> PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_owned();
    (home, move |name: &str| path.join(name))
}

fn hash(bytes: &[u8]) -> String {
    let mut bytes = bytes;
    super::super::write::hash_from(&mut bytes).unwrap()
}

#[test]
fn files_are_archived_with_hidden_ones_and_those_links_name() {
    let (_home, at) = home();
    fs::create_dir_all(at("d/sub/empty")).unwrap();
    fs::write(at("d/.hidden"), "h").unwrap();
    fs::write(at("d/sub/ü 日本 😀"), "y").unwrap();
    fs::write(at("d/none"), "").unwrap();
    symlink("sub/ü 日本 😀", at("d/filelink")).unwrap();
    symlink("sub", at("d/dirlink")).unwrap();
    symlink("nowhere", at("d/dangling")).unwrap();
    symlink("loop", at("d/loop")).unwrap();
    symlink("/dev/zero", at("d/zero")).unwrap();
    nix::unistd::mkfifo(&at("d/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    drop(std::os::unix::net::UnixListener::bind(at("d/socket")).unwrap());
    let odd = OsStr::from_bytes(b"d/caf\xe9");
    fs::write(at("").join(odd), "o").unwrap();
    let names = members(&zip(&[at("d")]));
    assert_eq!(
        names,
        [
            "d/.hidden",
            "d/caf\u{efe9}",
            "d/filelink",
            "d/none",
            "d/sub/ü 日本 😀"
        ]
    );
    assert_eq!(members(&zip(&[at("d/sub/empty")])), [""; 0]);
    assert_eq!(
        members(&zip(&[at("d/dirlink")])),
        ["dirlink/ü 日本 😀"],
        "a link that is named itself is followed"
    );
}

#[test]
fn times_and_modes_are_told_and_all_is_deflated() {
    let (_home, at) = home();
    let times = [
        (1_700_000_002, 0o755),
        (100_000, 0o640),
        (9_999_999_999, 0o600),
    ];
    for (index, (time, mode)) in times.into_iter().enumerate() {
        let path = at(&index.to_string());
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(time);
        File::open(&path).unwrap().set_modified(time).unwrap();
    }
    let rows = rows(&zip(&[at("")]));
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.3.clone(), row.4, row.5))
        .collect();
    assert_eq!(
        told,
        [
            (vec![2023, 11, 14, 22, 13, 22], 0o100_755, 8),
            (vec![1980, 1, 1, 0, 0, 0], 0o100_640, 8),
            (vec![2107, 12, 31, 23, 59, 58], 0o100_600, 8),
        ]
    );
}

#[test]
fn names_in_an_archive_are_all_different() {
    let (_home, at) = home();
    for directory in ["a", "b", "c"] {
        fs::create_dir(at(directory)).unwrap();
        fs::write(at(directory).join("f.txt"), directory).unwrap();
    }
    let paths = ["a/f.txt", "b/f.txt", "a/f.txt", "a", "c/f.txt"].map(&at);
    assert_eq!(
        members(&zip(&paths)),
        ["f.txt", "f (2).txt", "a/f.txt", "f (3).txt"]
    );
    assert_eq!(top_name(Path::new("/")), "root");
}

#[test]
fn what_cannot_be_archived_is_told_beforehand() {
    let (_home, at) = home();
    fs::write(at("x.tar.gz"), "x").unwrap();
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(check(&[at("x.tar.gz")]).unwrap(), "x.tar.gz.zip");
    assert_eq!(check(&[at("x.tar.gz"), at("")]).unwrap(), "download.zip");
    assert!(matches!(check(&[]), Err(Error::Unfit(_))));
    let missing = check(&[at("x.tar.gz"), at("none")]);
    assert!(matches!(missing, Err(Error::NotFound(_))));
    assert!(matches!(check(&[at("pipe")]), Err(Error::Special { .. })));
    assert!(matches!(
        check(&[PathBuf::from("/proc/self")]),
        Err(Error::Unfit(_))
    ));
}

#[test]
fn nobody_to_read_it_ends_the_work() {
    let (_home, at) = home();
    fs::write(at("big"), vec![7; 1 << 20]).unwrap();
    let gone = archive(&[at("big")], |_| false, &AtomicBool::new(false));
    assert!(matches!(gone, Err(Error::Stopped)));
    let stopped = archive(&[at("big")], |_| true, &AtomicBool::new(true));
    assert!(matches!(stopped, Err(Error::Stopped)));
}

#[test]
fn files_that_say_they_are_empty_are_read() {
    let found = rows(&zip(&[PathBuf::from("/proc/self/status")]));
    assert_eq!(found[0].0, "status");
    assert!(found[0].2 > 100);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_archived_as_read() {
    let (_home, at) = home();
    let write = |size: usize| fs::write(at("f"), vec![b'a'; size]);
    write(4 << 20).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut size = 0;
            while !done.load(Ordering::Relaxed) {
                size = (size + 777_777) % (8 << 20);
                write(size).unwrap();
            }
        });
        for _ in 0..4 {
            let found = rows(&zip(&[at("f")]));
            assert!(found[0].2 <= 16 << 20);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn more_entries_than_short_fields_count_are_read() {
    let mut zip = Zip::new();
    for number in 0..70_000 {
        let member = Member {
            name: format!("{number:05}"),
            modified: 0,
            mode: 0o100_644,
            size: 0,
        };
        zip.whole(member, &crc32fast::Hasher::new(), 0, b"\x03\0");
    }
    let mut directory = zip.directory();
    while zip.list(&mut directory) {}
    let names = members(&zip.take());
    assert_eq!(names.len(), 70_000);
    assert!(names.is_sorted());
}

#[test]
#[ignore = "takes half a minute: for changes to sizes"]
fn a_file_over_four_gigabytes_is_archived() {
    let (_home, at) = home();
    let file = File::create(at("sparse")).unwrap();
    file.set_len(5 << 30).unwrap();
    let out = tempfile::NamedTempFile::new().unwrap();
    let mut sink = out.as_file();
    let take = |piece: Vec<u8>| std::io::Write::write_all(&mut sink, &piece).is_ok();
    archive(&[at("sparse")], take, &AtomicBool::new(false)).unwrap();
    let tested = Command::new("unzip").arg("-tqq").arg(out.path()).status();
    assert!(tested.unwrap().success());
    let script = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).infolist()[0].file_size)";
    let read = Command::new("python3")
        .args(["-c", script])
        .arg(out.path())
        .output();
    assert_eq!(read.unwrap().stdout, b"5368709120\n");
}

/// Content that neither repeats itself whole nor is all chance.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let sizes = prop_oneof![
        0..2000usize,
        (1..5usize, -2..=2isize)
            .prop_map(|(blocks, off)| (blocks * BLOCK).saturating_add_signed(off)),
        0..300_000usize,
    ];
    (sizes, any::<u64>(), 1..200u32).prop_map(|(size, seed, kinds)| {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u32::try_from(state >> 40).unwrap()
        };
        (0..size)
            .map(|_| (next() % kinds).to_le_bytes()[0])
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_tree_comes_back(
        files in proptest::collection::btree_map("([a-c]/){0,3}[a-zé '\"\\\\\n]{1,8}", content(), 0..12)
    ) {
        let (_home, at) = home();
        let top = at("t");
        fs::create_dir(&top).unwrap();
        let mut expected = BTreeMap::new();
        for (name, content) in files {
            let path = top.join(&name);
            // A file may be where another wants a directory.
            if fs::create_dir_all(path.parent().unwrap()).is_ok() && fs::write(&path, &content).is_ok() {
                expected.insert(format!("t/{name}"), hash(&content));
            }
        }
        let found: BTreeMap<_, _> = rows(&zip(&[top])).into_iter().map(|row| (row.0, row.1)).collect();
        prop_assert_eq!(found, expected);
    }
}
