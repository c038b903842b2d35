//! What is handed over on version 2, with ordinary files; `cgroup/tests` has the kernel's.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use super::super::leaf::Leaf;
use super::*;

const ACCOUNT: u32 = 12345;

/// A branch of version 2 with a place that has been there before, in which a leaf cannot be removed.
fn branch(top: &Path) -> Branch {
    let put = |path: &str, text: &str| fs::write(top.join(path), text).unwrap();
    fs::create_dir_all(top.join("w-a/self")).unwrap();
    fs::create_dir_all(top.join("w-a/workspace/7/busy")).unwrap();
    fs::create_dir_all(top.join("w-a/workspace/3")).unwrap();
    put("cgroup.subtree_control", "memory pids\n");
    put("w-a/workspace/7/busy/file", "");
    for at in ["w-a", "w-a/self", "w-a/workspace"] {
        for file in [
            "cgroup.procs",
            "cgroup.subtree_control",
            "memory.max",
            "pids.max",
        ] {
            put(&format!("{at}/{file}"), "");
        }
    }
    let mut branch = Branch::default();
    branch.shape.add(Version::Two, &[Role::Memory, Role::Pids]);
    branch.top = Spot(vec![top.to_owned()]);
    branch.holds.memory = true;
    branch.holds.pids = true;
    branch.user.memory = Some(4096);
    branch.user.pids = Some(20);
    branch
}

#[test]
fn a_place_is_given_away_as_far_as_it_must_be() {
    let place = tempfile::tempdir().unwrap();
    let top = place.path();
    let cgroups = Cgroups {
        branch: Arc::new(branch(top)),
        reasons: Reasons::default(),
    };
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("not shown: whose files they are, for this is not root");
    }
    let handed = cgroups
        .delegate("a", root.then_some((ACCOUNT, ACCOUNT)))
        .unwrap();
    let text = |path: &str| fs::read_to_string(top.join(path)).unwrap();
    for (file, expected) in [
        ("workspace/memory.max", "4096"),
        ("workspace/pids.max", "20"),
        ("self/memory.max", "1073741824"),
        ("self/pids.max", "1024"),
        ("memory.max", ""),
    ] {
        assert_eq!(text(&format!("w-a/{file}")), expected, "{file}");
    }
    for at in ["w-a", "w-a/workspace"] {
        // The last of what was written.
        assert!(text(&format!("{at}/cgroup.subtree_control")).starts_with("+pids"));
    }
    for (path, given) in [
        ("w-a", false),
        ("w-a/cgroup.procs", true),
        ("w-a/cgroup.subtree_control", false),
        ("w-a/self", false),
        ("w-a/self/cgroup.procs", false),
        ("w-a/workspace", true),
        ("w-a/workspace/cgroup.procs", false),
        ("w-a/workspace/cgroup.subtree_control", false),
        ("w-a/workspace/memory.max", false),
    ] {
        let owner = top.join(path).metadata().unwrap().uid();
        assert!(!root || (owner == ACCOUNT) == given, "{path}: {owner}");
    }
    assert_eq!(handed.directories(), [top.join("w-a/workspace")]);
    assert!(!top.join("w-a/workspace/3").exists());

    // A number that is still taken is not given again.
    let workspace = Cgroups::join(handed, Levels::default());
    let leaf: Leaf = workspace.leaf(&Bounds::default()).unwrap();
    assert_eq!(leaf.ticket().join, [top.join("w-a/workspace/8")]);
    // Nor does who was lent a place lend it.
    assert!(workspace.delegate("b", None).is_err());
    workspace.reclaim("a", Duration::ZERO);
    assert!(top.join("w-a/self").exists());
}

#[test]
fn names_stay_in_the_branch() {
    let place = tempfile::tempdir().unwrap();
    let branch = branch(place.path());
    let long = "x".repeat(LONGEST + 1);
    for name in ["", "/", "a/../../b", "..\0", "a\nb", &long] {
        let error = branch.place_of(name).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name:?}");
    }
    // No way up, with what is before it.
    let up = branch.place_of("..").unwrap();
    assert_eq!(up.0, [place.path().join("w-..")]);
}
