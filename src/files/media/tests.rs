//! Tests of media types: against what Python says of the same names.

use super::*;

fn builtin() -> Types {
    Types::of_host(&[])
}

#[test]
fn a_name_says_type_and_packing() {
    let types = builtin();
    for (name, media_type, encoding) in [
        ("a.txt", Some("text/plain"), None),
        ("FILE.JPG", Some("image/jpeg"), None),
        ("archive.tar.gz", Some("application/x-tar"), Some("gzip")),
        ("A.TGZ", Some("application/x-tar"), Some("gzip")),
        ("data.json.gz", Some("application/json"), Some("gzip")),
        ("zipped.svgz", Some("image/svg+xml"), Some("gzip")),
        ("a.tar.tgz", Some("application/x-tar"), Some("gzip")),
        ("a.tgz.gz", None, Some("gzip")),
        ("a.tar.GZ", None, None),
        ("a.JSON.Z", Some("application/json"), Some("compress")),
        ("a.xz", None, Some("xz")),
        (".tar.gz", None, Some("gzip")),
        (".bashrc", None, None),
        ("..txt", None, None),
        ("Makefile", None, None),
        ("trailingdot.", None, None),
        ("x..gz", None, Some("gzip")),
        ("a.\u{130}", None, None),
        ("", None, None),
    ] {
        assert_eq!(types.of(name), (media_type, encoding), "{name:?}");
    }
}

#[test]
fn the_host_adds_and_overrides_types() {
    let home = tempfile::tempdir().unwrap();
    let table = home.path().join("mime.types");
    let lines = "# comment\n\napplication/x-new\tnew NEW2 # old\ntext/mine txt\nbad line\nx/\u{e9} odd\nimage/lone\n";
    std::fs::write(&table, lines).unwrap();
    let types = Types::of_host(&[&home.path().join("none"), home.path(), &table]);
    assert_eq!(types.of("a.NEW").0, Some("application/x-new"));
    assert_eq!(types.of("a.NEW2").0, None);
    assert_eq!(types.of("a.new2").0, None);
    assert_eq!(types.of("a.txt").0, Some("text/mine"));
    assert_eq!(types.of("a.old").0, None);
    assert_eq!(types.of("a.line").0, None);
    assert_eq!(types.of("a.odd").0, None);
    assert_eq!(types.of("a.png").0, Some("image/png"));
}

#[test]
fn text_says_its_encoding_and_the_unknown_is_bytes() {
    assert_eq!(
        content_type(Path::new("/d.d/a.css")),
        "text/css; charset=utf-8"
    );
    assert_eq!(content_type(Path::new("a.json")), "application/json");
    assert_eq!(content_type(Path::new("a.svg")), "image/svg+xml");
    for unknown in ["/a.txt/b", "/", "a.txt/..", ""] {
        assert_eq!(content_type(Path::new(unknown)), UNKNOWN, "{unknown:?}");
    }
}
