//! Where a wall cannot be had.

use super::*;

fn optional() -> WallDemands {
    WallDemands {
        mount_namespace: Demand::Optional,
        pid_namespace: Demand::Optional,
        landlock: Demand::Optional,
        no_new_privs: Demand::Optional,
        seccomp: Demand::Optional,
    }
}

#[track_caller]
fn standing(answer: &Answer) -> Vec<&str> {
    let standing = answer.walls.iter().filter(|wall| wall.active);
    standing.map(|wall| wall.name.as_str()).collect()
}

#[test]
fn without_the_capability_the_rest_stands_and_the_cure_is_told() {
    let Some(place) = Place::new() else { return };
    let plan = Plan {
        demands: optional(),
        ..place.plan()
    };
    let script = "cat /proc/self/status; cat ../bob/diary";
    let mut order = Order::new(&plan, script);
    order.without_admin = true;
    let answer = order.carry_out().unwrap();
    assert_eq!(
        standing(&answer),
        [
            "identity",
            "capabilities",
            "no_new_privs",
            "landlock",
            "seccomp"
        ]
    );
    for name in ["mount_namespace", "pid_namespace"] {
        let wall = answer.wall(name);
        assert!(
            wall.asked && wall.detail.contains("--cap-add SYS_ADMIN"),
            "{wall:?}"
        );
    }
    assert!(
        answer.said.contains("CapBnd:\t0000000000000000"),
        "{}",
        answer.said
    );
    assert!(!answer.said.contains("private"), "{}", answer.said);
    for name in ["mount_namespace", "pid_namespace"] {
        order.plan = place.with(&[name]);
        let refused = order.carry_out().unwrap_err();
        assert!(
            refused.contains(name) && refused.contains("--cap-add SYS_ADMIN"),
            "{refused}"
        );
        assert!(!refused.contains('\n'));
    }
}

#[test]
fn a_server_that_is_not_root_has_the_walls_that_need_no_privilege() {
    let Some(place) = Place::new() else { return };
    let plan = Plan {
        identity: None,
        demands: optional(),
        ..place.plan()
    };
    let mut order = Order::new(
        &plan,
        "cat ../bob/diary; cat BASE/settings.toml; touch mine && echo fine",
    );
    order.user = Some(ALICE);
    let answer = order.carry_out().unwrap();
    assert_eq!(
        standing(&answer),
        [
            "identity",
            "capabilities",
            "no_new_privs",
            "landlock",
            "seccomp"
        ]
    );
    assert!(
        answer.said.contains("fine") && !answer.said.contains("private"),
        "{answer:?}"
    );
    order.plan.identity = Some(Identity {
        name: "bob".to_owned(),
        uid: BOB,
        gid: BOB,
        groups: Vec::new(),
    });
    let refused = order.carry_out().unwrap_err();
    assert!(
        refused.contains("bob") && refused.contains("as root"),
        "{refused}"
    );
}

#[test]
fn hidden_files_in_the_home_are_told_where_nothing_can_be_mounted() {
    let Some(place) = Place::new() else { return };
    fs::write(place.at("home/alice/settings.toml"), "the key").unwrap();
    let mut plan = place.with(&["no_new_privs", "landlock"]);
    plan.hidden.push(place.at("home/alice/settings.toml"));
    let answer = run(&plan, "");
    let wall = answer.wall("landlock");
    assert!(
        wall.active && wall.detail.contains("home/alice/settings.toml"),
        "{wall:?}"
    );
}

#[test]
fn sudo_takes_walls_away_and_that_is_told() {
    let Some(place) = Place::new() else { return };
    let mut plan = Plan {
        demands: optional(),
        ..place.plan()
    };
    plan.demands.no_new_privs = Demand::Off;
    let answer = run(
        &plan,
        "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status",
    );
    assert_eq!(
        standing(&answer),
        [
            "pid_namespace",
            "mount_namespace",
            "seccomp",
            "identity",
            "capabilities"
        ]
    );
    assert!(
        answer
            .wall("landlock")
            .detail
            .contains("sudo and Landlock exclude each other")
    );
    assert!(answer.wall("capabilities").detail.contains("sudo"));
    assert!(
        answer.said.contains("CapEff:\t0000000000000000"),
        "{}",
        answer.said
    );
    assert!(
        !answer.said.contains("CapBnd:\t0000000000000000"),
        "{}",
        answer.said
    );
    assert!(
        answer.said.contains("NoNewPrivs:\t0") && answer.said.contains("Seccomp:\t2"),
        "{}",
        answer.said
    );
    plan.demands.landlock = Demand::Required;
    let refused = Order::new(&plan, "").carry_out().unwrap_err();
    assert!(refused.contains("exclude each other"), "{refused}");
    plan.demands.landlock = Demand::Off;
    let mut order = Order::new(&plan, "");
    order.without_admin = true;
    let answer = order.carry_out().unwrap();
    assert!(
        answer.wall("seccomp").detail.contains("SYS_ADMIN"),
        "{answer:?}"
    );
}

#[test]
fn a_probe_tells_what_will_be() {
    let Some(place) = Place::new() else { return };
    let mut order = Order::new(&place.with(&ALL), "");
    order.probe = true;
    let told = order.carry_out().unwrap().walls;
    assert_eq!(told, run(&order.plan, "").walls);
    order.without_admin = true;
    let told = order.carry_out().unwrap();
    assert!(
        told.wall("pid_namespace").detail.contains("SYS_ADMIN"),
        "{told:?}"
    );
    // Root's alone.
    order.plan.home = place.at("temporary");
    let told = order.carry_out().unwrap();
    assert!(
        !told.wall("identity").active && told.walls[0].detail.contains("temporary"),
        "{told:?}"
    );
}

#[test]
fn where_the_home_is_gone_all_walls_stand_round_the_rest() {
    let Some(place) = Place::new() else { return };
    fs::write(place.at("home/file"), "in its place").unwrap();
    let mut plan = place.with(&ALL);
    for gone in ["home/nobody", "home/file", "home/file/below"] {
        plan.home = place.at(gone);
        let answer = run(&plan, "pwd; id -u");
        assert!(answer.walls.iter().all(|wall| wall.active), "{answer:?}");
        assert_eq!(answer.said, format!("/\n{ALICE}\n"), "{gone}");
        let diary = format!("cat {}", place.at("home/bob/diary").display());
        let said = run(&plan, &format!("{diary} 2>&1; true")).said;
        assert!(!said.contains("private"), "{said}");
    }
}

#[test]
fn who_puts_a_link_in_the_place_of_the_home_uncovers_nothing() {
    let Some(place) = Place::new() else { return };
    let link = place.at("open/project");
    let inside = format!("cd {} && cat secret diary 2>&1; true", link.display());
    for hidden in ["state", "home/bob"] {
        std::os::unix::fs::symlink(place.at(hidden), &link).unwrap();
        for landlock in [Demand::Off, Demand::Required] {
            let mut plan = place.with(&ALL);
            plan.demands.landlock = landlock;
            plan.home.clone_from(&link);
            let said = run(&plan, &inside).said;
            assert!(!said.contains("the key"), "{landlock:?}: {said}");
            assert!(!said.contains("private"), "{landlock:?}: {said}");
        }
        fs::remove_file(&link).unwrap();
    }
}
