//! The texts of kernels, engines and sessions of all kinds.

use super::*;

/// Where each hierarchy is: version, controllers, and the own directory or why there is none.
fn found(cgroup: &str, mountinfo: &str) -> Vec<String> {
    let told = |hierarchy: Hierarchy| {
        let place = match hierarchy.place {
            Ok(place) => format!(
                "{}{}",
                place.own.display(),
                if place.read_only { " ro" } else { "" }
            ),
            Err(Trouble::Unmounted) => "unmounted".to_owned(),
            Err(Trouble::Elsewhere { .. }) => "elsewhere".to_owned(),
        };
        format!(
            "{:?} {}: {place}",
            hierarchy.version,
            hierarchy.controllers.join(",")
        )
    };
    find(cgroup, mountinfo).into_iter().map(told).collect()
}

#[test]
fn version_1_with_each_controllers_own_path() {
    let cgroup = "9:name=systemd:/\n8:pids:/\n4:memory:/process_api/8fe8\n2:cpu,cpuacct:/\n0::/\n";
    let mounts = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n\
        32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
        39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n\
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    assert_eq!(
        found(cgroup, mounts),
        [
            "One pids: /sys/fs/cgroup/pids",
            "One memory: /sys/fs/cgroup/memory/process_api/8fe8",
            "One cpu,cpuacct: /sys/fs/cgroup/cpu,cpuacct",
            "Two : /sys/fs/cgroup/unified",
        ]
    );
}

#[test]
fn version_2_on_a_host_and_in_a_user_session() {
    let mounts = "24 1 0:22 / /sys rw,nosuid - sysfs sysfs rw\n\
        33 24 0:28 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    let session = "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r1.scope";
    assert_eq!(
        found("0::/system.slice/open-terminal.service\n", mounts),
        ["Two : /sys/fs/cgroup/system.slice/open-terminal.service"]
    );
    assert_eq!(
        found(&format!("0::{session}\n"), mounts),
        [format!("Two : /sys/fs/cgroup{session}")]
    );
}

#[test]
fn a_container_of_version_1_sees_its_own_read_only() {
    let cgroup = "5:memory:/docker/4f1d\n3:cpuset:/docker/4f1d\n";
    let mounts = "700 699 0:30 /docker/4f1d /sys/fs/cgroup/memory ro,nosuid - cgroup memory rw,memory\n\
        701 699 0:31 /docker/4f1d /sys/fs/cgroup/cpuset rw,nosuid - cgroup cpuset rw,cpuset\n";
    assert_eq!(
        found(cgroup, mounts),
        [
            "One memory: /sys/fs/cgroup/memory ro",
            "One cpuset: /sys/fs/cgroup/cpuset"
        ]
    );
}

#[test]
fn a_container_of_version_2_in_its_own_namespace() {
    for (flags, expected) in [
        ("ro", "Two : /sys/fs/cgroup ro"),
        ("rw", "Two : /sys/fs/cgroup"),
    ] {
        let mounts = format!("700 699 0:28 / /sys/fs/cgroup {flags},nosuid - cgroup2 cgroup rw\n");
        assert_eq!(found("0::/\n", &mounts), [expected]);
    }
    // Read-only, but with a writable mount beside it.
    let both = "700 699 0:28 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n\
        701 699 0:28 / /cgroup rw - cgroup2 cgroup rw\n";
    assert_eq!(found("0::/\n", both), ["Two : /cgroup"]);
}

#[test]
fn a_container_in_the_namespace_of_the_host() {
    let mounts = "700 699 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n";
    assert_eq!(
        found("0::/system.slice/docker-4f1d.scope\n", mounts),
        ["Two : /sys/fs/cgroup/system.slice/docker-4f1d.scope"]
    );
}

#[test]
fn a_mount_that_shows_others_cgroups_is_told_from_none() {
    // The host's tree mounted into a container with a namespace of its own.
    let host = "700 699 0:28 /../.. /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
    assert_eq!(found("0::/\n", host), ["Two : elsewhere"]);
    // A process that was moved out of its namespace.
    let own = "700 699 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
    assert_eq!(found("0::/../other\n", own), ["Two : elsewhere"]);
    // A name that only begins alike.
    let alike = "700 699 0:28 /docker/4f /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
    assert_eq!(found("0::/docker/4f1d\n", alike), ["Two : elsewhere"]);
    assert_eq!(found("0::/\n", ""), ["Two : unmounted"]);
    assert_eq!(found("4:memory:/\n", own), ["One memory: unmounted"]);
}

#[test]
fn controllers_on_both_versions() {
    let cgroup = "2:freezer:/a\n0::/b\n";
    let mounts = "32 31 0:29 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n\
        41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    assert_eq!(
        found(cgroup, mounts),
        [
            "One freezer: /sys/fs/cgroup/freezer/a",
            "Two : /sys/fs/cgroup/unified/b"
        ]
    );
}

#[test]
fn what_is_mounted_over_a_place_hides_it() {
    let mounts = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n\
        42 41 0:50 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n";
    assert_eq!(found("0::/\n", mounts), ["Two : unmounted"]);
}

#[test]
fn white_space_in_paths_is_written_in_octal() {
    let mounts =
        "41 31 0:38 /my\\040pod /mnt/c\\011g\\134 rw shared:1 master:2 - cgroup2 cgroup2 rw\n";
    assert_eq!(found("0::/my pod/box\n", mounts), ["Two : /mnt/c\tg\\/box"]);
    assert_eq!(unescaped("a\\04"), "a\\04");
    assert_eq!(unescaped("\\"), "\\");
}

#[test]
fn a_server_in_the_leaf_of_an_earlier_one_looks_from_above_it() {
    let mounts = "33 24 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    let place = |path: &str| {
        let found = find(&format!("0::{path}\n"), mounts).remove(0);
        found.place.unwrap().outside_of_servers()
    };
    let moved = place("/a/open-terminal-server.1.2.3");
    assert_eq!(moved, place("/a"));
    assert_eq!(place("/open-terminal-server.1.2.3"), place("/"));
    let up: Vec<&Path> = moved.upwards().collect();
    assert_eq!(
        up,
        [Path::new("/sys/fs/cgroup/a"), Path::new("/sys/fs/cgroup")]
    );
}
