//! What has been installed here before, by the lists that asked for it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The lists, by setting, and the file that keeps them.
pub(super) struct Stamp {
    path: PathBuf,
    lists: BTreeMap<String, String>,
}

impl Stamp {
    /// Reads it. One that cannot be read says nothing: what is there already is installed again in no time.
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        Self {
            path: path.to_owned(),
            lists: serde_json::from_slice(&text).unwrap_or_default(),
        }
    }

    /// Whether this very list was installed.
    pub(super) fn has(&self, setting: &str, list: &str) -> bool {
        self.lists.get(setting).is_some_and(|known| known == list)
    }

    /// Notes that it was. The file is replaced as a whole.
    pub(super) fn add(&mut self, setting: &str, list: String) -> io::Result<()> {
        self.lists.insert(setting.to_owned(), list);
        let failed = |problem: io::Error| {
            let shown = self.path.display();
            io::Error::new(
                problem.kind(),
                format!("{shown} cannot be written: {problem}"),
            )
        };
        let directory = self.path.parent().unwrap_or(Path::new("/"));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o755);
        builder.create(directory).map_err(failed)?;
        let new = self.path.with_extension("new");
        let text = serde_json::to_vec(&self.lists)?;
        fs::write(&new, text).map_err(failed)?;
        fs::rename(&new, &self.path).map_err(failed)
    }
}
