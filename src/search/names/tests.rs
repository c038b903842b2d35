//! Names and their ranking.

use std::fs;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::*;

fn names(root: &Path, query: &str, limit: usize) -> Vec<String> {
    let request = NamesRequest {
        query: query.into(),
        path: root.to_owned(),
        wanted: Wanted::All,
        limit,
        show_hidden: false,
    };
    let found = find_names(&request, &AtomicBool::new(false)).unwrap();
    let below = |named: &Named| {
        named
            .path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    found.iter().map(below).collect()
}

fn tree(paths: &[&str]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for path in paths {
        let path = home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    home
}

#[test]
fn closer_then_shorter_then_first_by_path_in_lower_case() {
    let home = tree(&[
        "b/item.txt",
        "a/item.txt",
        "item.txt",
        "a/item.md",
        "zitem.txt",
        "item",
        "c/ITEM",
        "d/xitem",
        "B/items",
        ".h/item",
        "other",
    ]);
    let all = [
        "c/ITEM",
        "item",
        "B/items",
        "a/item.md",
        "a/item.txt",
        "b/item.txt",
        "item.txt",
        "d/xitem",
        "zitem.txt",
    ];
    assert_eq!(names(home.path(), "Item", 100), all);
    assert_eq!(names(home.path(), "item", 4), all[..4]);
    assert_eq!(names(home.path(), "item/", 4), Vec::<String>::new());
}

#[test]
fn what_is_wanted_is_told_by_what_a_link_leads_to() {
    let home = tree(&["d/x", "f"]);
    std::os::unix::fs::symlink("d", home.path().join("dl")).unwrap();
    std::os::unix::fs::symlink("f", home.path().join("fl")).unwrap();
    std::os::unix::fs::symlink("n", home.path().join("nl")).unwrap();
    let found = |wanted| {
        let request = NamesRequest {
            query: String::new(),
            path: home.path().to_owned(),
            wanted,
            limit: 100,
            show_hidden: false,
        };
        let found = find_names(&request, &AtomicBool::new(false)).unwrap();
        let name = |named: &Named| named.path.file_name().unwrap().to_str().unwrap().to_owned();
        found.iter().map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found(Wanted::All), "d x f dl fl");
    assert_eq!(found(Wanted::Files), "x f fl");
    assert_eq!(found(Wanted::Directories), "d dl");
}

fn place(query: &str, path: &str) -> Option<Place> {
    let name = path.rsplit('/').next().unwrap();
    let query = query.to_lowercase();
    let closeness = Closeness::of(&Finder::new(&query), &name.to_lowercase())?;
    Some(Place::new(closeness, name.chars().count(), Path::new(path)))
}

proptest! {
    #[test]
    fn the_order_is_total(
        query in "[aAb]{1,2}", paths in proptest::collection::vec("[aAbÄ.]{1,4}(/[aAbÄ.]{1,4}){0,2}", 3)
    ) {
        let places: Option<Vec<Place>> = paths.iter().map(|path| place(&query, path)).collect();
        if let Some([a, b, c]) = places.as_deref() {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert_eq!(a == b, paths[0] == paths[1]);
            prop_assert!(!(a <= b && b <= c) || a <= c);
        }
    }

    #[test]
    fn fewer_results_are_the_first_of_more(
        paths in proptest::collection::hash_set("[abAB]{1,3}", 0..30), limit in 1usize..20
    ) {
        let best = Best::new(limit);
        let all = Best::new(100);
        for path in &paths {
            if let Some(place) = place("a", path) {
                all.add(place.clone(), path.clone());
                if best.takes(&place) {
                    best.add(place, path.clone());
                }
            }
        }
        let all = all.into_sorted().into_values().take(limit);
        prop_assert!(best.into_sorted().into_values().eq(all));
    }
}
