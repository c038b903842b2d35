//! What a workspace is and sees inside all of its walls.

use super::*;

#[test]
fn all_walls_stand_and_are_told() {
    let Some(place) = Place::new() else { return };
    let answer = run(
        &place.with(&ALL),
        "cat /proc/self/status; id -u; id -g; id -G; umask; pwd",
    );
    for wall in &answer.walls {
        assert!(wall.active && wall.asked, "{wall:?}");
    }
    assert_eq!(answer.walls.len(), 7);
    for line in [
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ] {
        assert!(answer.said.contains(line), "{line}: {}", answer.said);
    }
    let home = place.at("home/alice");
    let end = format!("{ALICE}\n{ALICE}\n{ALICE}\n0077\n{}\n", home.display());
    assert!(answer.said.ends_with(&end), "{}", answer.said);
}

#[test]
fn what_is_its_own_works() {
    let Some(place) = Place::new() else { return };
    let script = "set -e; cd BASE/home/alice; echo a > f; mkdir d; mv f d/g; cat d/g; echo b > ../../logs/alice/log
        for d in /tmp /var/tmp /dev/shm; do echo $d > $d/x; mkdir $d/d; mv $d/x $d/d/x; cat $d/d/x; rm -r $d/d; done
        echo x > /dev/null; head -c 1 /dev/urandom > /dev/null; echo 500 > /proc/self/oom_score_adj
        ls / /home > /dev/null; sh -c 'kill -0 $$'; test -e /proc/1; perl -e 'print 6 * 7'"
        .replace("BASE", place.path().to_str().unwrap());
    let answer = run(&place.with(&ALL), &script);
    assert_eq!(answer.said, "a\n/tmp\n/var/tmp\n/dev/shm\n42");
    assert_eq!(fs::read(place.at("logs/alice/log")).unwrap(), b"b\n");
}

#[test]
fn temporary_files_outlive_the_workspace_and_belong_to_its_user() {
    let Some(place) = Place::new() else { return };
    let plan = place.with(&ALL);
    run(&plan, "echo kept > /tmp/file");
    assert_eq!(
        run(&plan, "cat /tmp/file; stat -c '%u %a' /tmp").said,
        format!("kept\n{ALICE} 1777\n")
    );
    let in_memory = Plan {
        temporary: None,
        ..plan
    };
    assert_eq!(
        run(&in_memory, "ls -A /tmp; stat -c '%u %a' /tmp").said,
        "0 1777\n"
    );
}

#[test]
fn a_home_below_a_replaced_directory_is_there() {
    let Some(place) = Place::new() else { return };
    let below = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(below.path(), Permissions::from_mode(0o755)).unwrap();
    let home = below.path().join("alice");
    fs::create_dir(&home).unwrap();
    fs::write(below.path().join("other"), "").unwrap();
    fs::write(home.join("mine"), "").unwrap();
    chown(&home, Some(ALICE), Some(ALICE)).unwrap();
    let plan = Plan {
        home,
        ..place.with(&ALL)
    };
    assert_eq!(
        run(&plan, "ls . ..; touch new").said,
        ".:\nmine\n\n..:\nalice\n"
    );
    // The user may replace what is in its own /tmp; a link there leads no mount astray.
    let inner = place
        .at("temporary/alice/tmp")
        .join(below.path().file_name().unwrap());
    fs::remove_dir(inner.join("alice")).unwrap();
    fs::remove_dir(&inner).unwrap();
    std::os::unix::fs::symlink("/etc", &inner).unwrap();
    let refused = Order::new(&plan, "").carry_out().unwrap_err();
    assert!(refused.contains("mounting over"), "{refused}");
}

#[test]
fn its_own_processes_can_be_ended_and_debugged() {
    let Some(place) = Place::new() else { return };
    let script = "sleep 60 & p=$!; grep -q PATH /proc/$p/environ && kill $p && echo fine";
    assert_eq!(run(&place.with(&ALL), script).said, "fine\n");
}
