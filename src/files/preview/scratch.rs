//! A scratch directory: where one run of an office program finds its document and leaves everything else.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::workspace::open_regular;

/// What a PDF begins with.
const PDF: &[u8] = b"%PDF";

/// The settings of the program's profile: it fetches nothing that a document only links to, and runs no macros.
const SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
</oor:items>
"#;

/// What a document is called whose own name is no text.
const UNNAMED: &str = "document";

/// How often it is tried to remove what a program may still be writing to.
const TRIES: usize = 5;

/// A directory that nobody else may enter; it goes with all in it when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    top: PathBuf,
    document: PathBuf,
}

impl Scratch {
    /// Makes one below `directory`, with a copy of a document. The copy is called like it, since programs name what they
    /// make after that.
    pub(super) fn new(directory: &Path, name: &OsStr, document: &File) -> io::Result<Self> {
        let top = nix::unistd::mkdtemp(&directory.join("open-terminal-preview-XXXXXX"))?;
        let name = name.to_str().map_or_else(
            || match Path::new(name).extension().and_then(OsStr::to_str) {
                Some(ending) => format!("{UNNAMED}.{ending}"),
                None => UNNAMED.to_owned(),
            },
            str::to_owned,
        );
        let scratch = Self {
            document: top.join("in").join(name),
            top,
        };
        let mut private = DirBuilder::new();
        private.mode(0o700);
        for part in ["in", "out", "tmp", "profile", "profile/user"] {
            private.create(scratch.top.join(part))?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let settings = scratch.profile().join("user/registrymodifications.xcu");
        options.open(settings)?.write_all(SETTINGS.as_bytes())?;
        let mut copy = options.open(&scratch.document)?;
        io::copy(&mut &*document, &mut copy)?;
        Ok(scratch)
    }

    /// The program's profile.
    pub(super) fn profile(&self) -> PathBuf {
        self.top.join("profile")
    }

    /// The directory itself.
    pub(super) fn top(&self) -> &Path {
        &self.top
    }

    /// The copy of the document.
    pub(super) fn document(&self) -> &Path {
        &self.document
    }

    /// Where the PDF belongs.
    pub(super) fn out(&self) -> PathBuf {
        self.top.join("out")
    }

    /// The PDF that was made, under whatever name.
    pub(super) fn pdf(&self) -> Option<File> {
        let entries = fs::read_dir(self.out()).ok()?.flatten();
        let mut paths: Vec<PathBuf> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| entry.path())
            .collect();
        paths.sort();
        paths.iter().find_map(|path| {
            let (file, _) = open_regular(path).ok()?;
            let mut first = [0; PDF.len()];
            // Read where it is, so that its reader begins at the beginning.
            file.read_exact_at(&mut first, 0).ok()?;
            (first == PDF).then_some(file)
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for _ in 0..TRIES {
            if fs::remove_dir_all(&self.top).is_ok() {
                return;
            }
        }
        tracing::warn!(directory = %self.top.display(), "a preview's directory could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;

    fn document(home: &Path) -> File {
        fs::write(home.join("d"), "content").unwrap();
        File::open(home.join("d")).unwrap()
    }

    #[test]
    fn the_document_is_copied_under_its_name_and_all_goes_in_the_end() {
        let home = tempfile::tempdir().unwrap();
        let document = document(home.path());
        let scratch = Scratch::new(home.path(), OsStr::new("a b.docx"), &document).unwrap();
        assert_eq!(fs::read(scratch.document()).unwrap(), b"content");
        assert!(scratch.document().ends_with("in/a b.docx"));
        let settings = scratch.profile().join("user/registrymodifications.xcu");
        assert!(
            fs::read_to_string(settings)
                .unwrap()
                .contains("BlockUntrustedRefererLinks")
        );
        assert!(scratch.pdf().is_none());
        drop(scratch);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_that_is_no_text_keeps_its_ending() {
        let home = tempfile::tempdir().unwrap();
        let document = document(home.path());
        let scratch = Scratch::new(home.path(), OsStr::from_bytes(b"\xff.pptx"), &document);
        assert!(scratch.unwrap().document().ends_with("document.pptx"));
    }

    #[test]
    fn only_a_regular_file_that_is_a_pdf_counts() {
        let home = tempfile::tempdir().unwrap();
        let document = document(home.path());
        let scratch = Scratch::new(home.path(), OsStr::new("d.docx"), &document).unwrap();
        let out = |name: &str| scratch.out().join(name);
        fs::write(out("a.html"), "<p>").unwrap();
        fs::write(home.path().join("secret"), "%PDF secret").unwrap();
        std::os::unix::fs::symlink(home.path().join("secret"), out("b.pdf")).unwrap();
        assert!(scratch.pdf().is_none());
        fs::write(out("other name.pdf"), "%PDF-1.4").unwrap();
        assert!(scratch.pdf().is_some());
    }
}
