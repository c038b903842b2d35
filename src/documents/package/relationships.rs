//! The relationships between the parts of a package.
//!
//! ECMA-376 part 2, clause 6.5: a part `a/b.xml` has its relationships in `a/_rels/b.xml.rels`.

use super::{Package, Piece, Xml};
use crate::documents::Problem;

/// Where a part points to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Relationship {
    /// The name by which the part's XML refers to it.
    id: String,
    /// The last word of its type, such as `slide`: the rest differs between editions of the standard.
    kind: String,
    /// The name of the part it points to; what is outside of the package is left as it stands.
    target: String,
    /// Whether it points out of the package.
    external: bool,
}

/// The relationships of a part.
#[derive(Clone, Debug, Default)]
pub(in crate::documents) struct Relationships(Vec<Relationship>);

impl Relationships {
    /// The part that an id stands for.
    pub(in crate::documents) fn target(&self, id: &str) -> Option<&str> {
        let mut inside = self.0.iter().filter(|one| !one.external);
        inside.find(|one| one.id == id).map(|one| &*one.target)
    }

    /// The parts of a kind, in the order of the file.
    pub(in crate::documents) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &str> {
        let inside = self.0.iter().filter(|one| !one.external);
        inside
            .filter(move |one| one.kind == kind)
            .map(|one| &*one.target)
    }
}

/// Reads the relationships of a part; of the package when its name is empty.
pub(super) fn read(package: &Package<'_>, part: &str) -> Result<Relationships, Problem> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let list = join(folder, &format!("_rels/{name}.rels"));
    let mut found = Vec::new();
    let Some(content) = package.xml(&list)? else {
        return Ok(Relationships(found));
    };
    let mut xml = Xml::new(&list, &content);
    while let Some(piece) = xml.next()? {
        let Piece::Start(element) = piece else {
            continue;
        };
        if element.name() != "Relationship" {
            continue;
        }
        let word = |name| element.attribute(name).unwrap_or_default();
        let external = word("TargetMode") == "External";
        let target = word("Target");
        found.push(Relationship {
            id: word("Id").into_owned(),
            kind: word("Type")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            target: if external {
                target.into_owned()
            } else {
                join(folder, &target)
            },
            external,
        });
    }
    Ok(Relationships(found))
}

/// The name of a part told relative to a folder, or to the package by a slash at the beginning.
fn join(folder: &str, target: &str) -> String {
    let (folder, target) = match target.strip_prefix('/') {
        Some(absolute) => ("", absolute),
        None => (folder, target),
    };
    let mut path: Vec<&str> = folder.split('/').filter(|name| !name.is_empty()).collect();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn targets_are_relative_to_the_folder_of_their_part() {
        assert_eq!(join("word", "media/a.png"), "word/media/a.png");
        assert_eq!(
            join("ppt/slides", "../notesSlides/n1.xml"),
            "ppt/notesSlides/n1.xml"
        );
        assert_eq!(join("ppt", "/ppt/slides/s.xml"), "ppt/slides/s.xml");
        assert_eq!(join("", "word/document.xml"), "word/document.xml");
        assert_eq!(join("a", "../../../b"), "b");
    }
}
