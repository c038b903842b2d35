//! What a workspace, or a dead server, has left behind is removed, and its place can be used again.

use super::*;

#[test]
fn all_that_a_workspace_has_left_is_killed_and_removed() {
    let Some(ground) = ground() else { return };
    let cgroups = ground.set_up(&wide());
    let handed = give(&cgroups);
    let workspace = Cgroups::join(handed.clone(), wide());
    let leaf = as_account(|| workspace.leaf(&Bounds::default()).unwrap());
    let join = leaf.ticket().join;
    // It has its own cgroups in there, and has stopped one.
    let inner: Vec<PathBuf> = join.iter().map(|at| at.join("own")).collect();
    as_account(|| inner.iter().for_each(|at| std::fs::create_dir(at).unwrap()));
    let mut watcher = start_in_self(&handed, "exec sleep 600");
    let mut sleeper = start_as_account(
        &handed,
        &leaf,
        &format!("{}; exec sleep 600", enter(&inner)),
    );
    assert!(soon(|| is_inside(&inner) && is_inside(&handed.places.own.0)));
    for (file, value) in [("freezer.state", "FROZEN"), ("cgroup.freeze", "1")] {
        for at in &join {
            as_account(|| files::write(at, file, value).ok());
        }
    }
    // As after SIGKILL: nobody tidies up.
    std::mem::forget(leaf);
    cgroups.reclaim("a", Duration::from_secs(10));
    for one in [&mut watcher, &mut sleeper] {
        assert_eq!(one.wait().unwrap().signal(), Some(9));
    }
    let place = handed.directories()[0].parent().unwrap();
    assert!(!place.exists());
    // There may be none.
    cgroups.reclaim("a", Duration::from_secs(5));
    cgroups.reclaim("../b", Duration::from_secs(5));
}

#[test]
fn a_place_is_taken_up_again_without_what_was_left_in_it() {
    let Some(ground) = ground() else { return };
    let cgroups = ground.set_up(&wide());
    let mut before: Option<(Child, Vec<PathBuf>)> = None;
    for _ in 0..2 {
        let handed = give(&cgroups);
        if let Some((mut sleeper, join)) = before.take() {
            assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
            assert!(join.iter().all(|at| !at.exists()));
        }
        let workspace = Cgroups::join(handed.clone(), wide());
        let leaf = as_account(|| workspace.leaf(&Bounds::default()).unwrap());
        let join = leaf.ticket().join;
        let sleeper = start_as_account(&handed, &leaf, "exec sleep 600");
        assert!(soon(|| is_inside(&join)));
        std::mem::forget(leaf);
        before = Some((sleeper, join));
    }
    // The end of the server is the end of its workspaces.
    cgroups.close(Duration::from_secs(5));
    assert!(before.unwrap().0.wait().unwrap().signal().is_some());
    assert_eq!(ground.left(), Vec::<PathBuf>::new());
}

#[test]
fn what_a_dead_server_has_handed_over_is_swept_too() {
    let Some(ground) = ground() else { return };
    let me = Id::own().unwrap().to_string();
    let (rest, start) = me.rsplit_once('.').unwrap();
    let dead = format!("{BRANCH}{rest}.{}", start.parse::<u64>().unwrap() + 1);
    let mut left: Vec<Child> = Vec::new();
    for inside in ["w-a/self", "w-a/workspace/3/own"] {
        let sleeper = Command::new("sleep").arg("60").spawn().unwrap();
        for directory in &ground.directories {
            let at = directory.join(&dead).join(inside);
            std::fs::create_dir_all(&at).unwrap();
            if !directory.starts_with("/sys/fs/cgroup/cpuset") {
                files::write(&at, "cgroup.procs", &sleeper.id().to_string()).unwrap();
            }
        }
        left.push(sleeper);
    }
    let cgroups = ground.set_up(&Levels::default());
    for sleeper in &mut left {
        assert_eq!(sleeper.wait().unwrap().signal(), Some(9));
    }
    cgroups.branch.broom.wait(Duration::from_secs(5));
    for top in &cgroups.branch.top.0 {
        assert!(!top.with_file_name(&dead).exists());
    }
}
