//! Packages installed at start: the server serves meanwhile, tells how far they are, and does it once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Home, Server, eventually, seconds};

/// Puts a program in a directory.
fn program(directory: &Path, name: &str, script: &str) {
    fs::create_dir_all(directory).expect("the test may write there");
    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("the test may write there");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, mode).expect("it is the test's own");
}

/// A server that has to install something, with the programs in a directory of its home.
fn server(home: &Home) -> Server {
    let cache = home.path().join("cache");
    let path = format!("{}:/usr/bin:/bin", home.path().join("programs").display());
    Server::builder()
        .home(home)
        .env("PATH", &path)
        .env("CACHE_DIRECTORY", &cache.to_string_lossy())
        .env("OPEN_TERMINAL_PIP_PACKAGES", "one two")
        .start()
}

#[test]
fn it_serves_while_they_are_installed_and_does_that_once() {
    let home = Home::new();
    let at = |name: &str| home.path().join(name);
    let script = format!(
        "env >{}; echo \"$*\" >>{}; while [ ! -e {} ]; do sleep 0.1; done",
        at("seen").display(),
        at("told").display(),
        at("go").display()
    );
    program(&at("programs"), "python3", &script);
    let mut first = server(&home);
    eventually("it is begun", seconds(10), || at("told").exists());
    assert_eq!(first.get("/health").status, 200);
    first.run("echo well").expect_exit(0);
    let ready = first.get("/readyz").expect(503).json();
    assert_eq!(ready["packages"]["ok"], false, "{ready}");
    let detail = ready["packages"]["detail"].to_string();
    assert!(detail.contains("pip_packages: one two"), "{detail}");
    fs::write(at("go"), "").expect("the test may write there");
    eventually("all are there", seconds(10), || {
        first.get("/readyz").status == 200
    });
    let ready = first.get("/readyz").json();
    assert_eq!(ready["packages"]["ok"], true, "{ready}");
    let told = fs::read_to_string(at("told")).expect("it was told");
    assert!(told.trim_end().ends_with(" one two"), "{told}");
    let seen = fs::read_to_string(at("seen")).expect("it was run");
    assert!(!seen.contains("OPEN_TERMINAL"), "{seen}");
    assert!(first.stop().success());

    let again = server(&home);
    eventually("it is known", seconds(10), || {
        again.printed().contains("installed before")
    });
    assert_eq!(fs::read_to_string(at("told")).expect("it was told"), told);
    assert_eq!(again.get("/readyz").status, 200);
}

#[test]
fn what_cannot_be_installed_is_told_and_ends_nothing() {
    let home = Home::new();
    let wrong = "echo no such thing as two; exit 1";
    program(&home.path().join("programs"), "python3", wrong);
    let server = server(&home);
    eventually("the log says so", seconds(10), || {
        let log = server.printed();
        log.contains("NOT INSTALLED") && log.contains("no such thing as two")
    });
    eventually("so does /readyz", seconds(10), || {
        let ready = server.get("/readyz").expect(200).text();
        ready.contains("not installed: pip_packages: one two")
    });
    server.run("echo well").expect_exit(0);
}
