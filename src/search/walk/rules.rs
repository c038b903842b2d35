//! The ignore rules of git that are in force in a directory.

use std::path::Path;
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::search::git;

/// What one directory adds, over what those above it say.
pub(in crate::search) struct Rules {
    above: Option<Arc<Rules>>,
    own: Gitignore,
}

impl Rules {
    /// The rules in force in `root` by the directories above it, its own `.gitignore` not yet among
    /// them, and whether they ignore `root` itself.
    ///
    /// There are none outside of a git work tree, nor at its top.
    pub(in crate::search) fn above(root: &Path) -> (Option<Arc<Self>>, bool) {
        let mut above: Vec<&Path> = root.ancestors().collect();
        let Some(top) = above.iter().position(|at| git::directory_of(at).is_some()) else {
            return (None, false);
        };
        above.truncate(top + 1);
        above.reverse();
        let (mut rules, mut ignored) = (None, false);
        for step in above.windows(2) {
            rules = Self::entering(rules, step[0], step[0] == above[0], true);
            let rules = rules.as_ref();
            ignored |= rules.is_some_and(|rules: &Arc<Self>| rules.ignores(step[1], true));
        }
        (rules, ignored)
    }

    /// The rules in `directory`, which lies where `above` is in force, and has a `.git` or a
    /// `.gitignore` or not. With `.git` a repository of its own begins.
    pub(super) fn entering(
        above: Option<Arc<Self>>,
        directory: &Path,
        git: bool,
        gitignore: bool,
    ) -> Option<Arc<Self>> {
        let repository = git.then(|| git::directory_of(directory)).flatten();
        let above = match repository {
            Some(repository) => Some(Arc::new(Self::of_repository(directory, &repository))),
            None => above,
        };
        // Outside of a repository a .gitignore means nothing.
        if above.is_none() || !gitignore {
            return above;
        }
        let own = read(directory, &directory.join(".gitignore"));
        if own.is_empty() {
            return above;
        }
        Some(Arc::new(Self { above, own }))
    }

    fn of_repository(top: &Path, repository: &Path) -> Self {
        let everywhere = GitignoreBuilder::new(top).build_global().0;
        let above = (!everywhere.is_empty()).then(|| {
            Arc::new(Self {
                above: None,
                own: everywhere,
            })
        });
        let own = read(top, &git::common_of(repository).join("info/exclude"));
        Self { above, own }
    }

    /// Whether git would ignore what is at `path`, in a directory that it does not ignore.
    pub(in crate::search) fn ignores(&self, path: &Path, directory: bool) -> bool {
        let mut rules = Some(self);
        while let Some(level) = rules {
            let verdict = level.own.matched(path, directory);
            if !verdict.is_none() {
                return verdict.is_ignore();
            }
            rules = level.above.as_deref();
        }
        false
    }
}

fn read(root: &Path, file: &Path) -> Gitignore {
    let mut builder = GitignoreBuilder::new(root);
    // A FIFO would hold the reader; lines that make no sense are left out, as git does.
    if std::fs::metadata(file).is_ok_and(|found| found.is_file()) {
        drop(builder.add(file));
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
