//! Tests of installing packages, with programs that only say what they were told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

/// A directory of programs, and what they note.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Adds a program that notes its name and arguments, and then does something.
    fn program(&self, name: &str, then: &str) -> &Self {
        let path = self.0.path().join(name);
        let log = self.0.path().join("log");
        let script = format!(
            "#!/bin/sh\necho \"{name} $*\" >>'{}'\n{then}\n",
            log.display()
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn install(&self, wanted: &[(Kind, &str)]) -> Progress {
        let words = |list: &str| list.split(' ').map(str::to_owned).collect();
        let wanted = wanted.iter().map(|(kind, list)| (*kind, words(list)));
        let path = self.0.path().to_str().unwrap();
        let environment =
            Environment::from_pairs([("PATH", path), ("OPEN_TERMINAL_API_KEY", "secret")]);
        let stamp = self.0.path().join("state/packages.json");
        let all = Packages::new(wanted.collect(), environment, stamp);
        assert!(matches!(all.progress(), Progress::Underway(_)));
        all.install();
        all.progress()
    }

    /// What the programs were told since this was asked last.
    fn told(&self) -> Vec<String> {
        let log = self.0.path().join("log");
        let text = fs::read_to_string(&log).unwrap_or_default();
        fs::remove_file(log).ok();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn each_list_is_installed_once() {
    let machine = Machine::new();
    machine
        .program("apt-get", "")
        .program("sudo", "shift; exec \"$@\"");
    machine.program("python3", "").program("npm", "");
    let all = [
        (Kind::System, "jq tree"),
        (Kind::Pip, "numpy==2.0"),
        (Kind::Npm, "cowsay"),
    ];
    assert_eq!(machine.install(&all), Progress::Done);
    let told = machine.told();
    let of = |name: &str| -> Vec<&String> {
        told.iter().filter(|line| line.starts_with(name)).collect()
    };
    let [update, install] = of("apt-get")[..] else {
        panic!("{told:?}")
    };
    assert!(
        update.starts_with("apt-get update") && install.ends_with(" jq tree"),
        "{told:?}"
    );
    assert!(of("python3")[0].ends_with(" numpy==2.0") && of("npm")[0].ends_with(" cowsay"));
    assert_eq!(machine.install(&all), Progress::Done);
    assert_eq!(machine.told(), Vec::<String>::new(), "all were there");
    let more = [(Kind::System, "jq tree htop"), (Kind::Pip, "numpy==2.0")];
    assert_eq!(machine.install(&more), Progress::Done);
    let told = machine.told();
    assert!(
        told.iter().all(|line| !line.starts_with("python3")),
        "{told:?}"
    );
    assert!(told.last().unwrap().ends_with(" jq tree htop"), "{told:?}");
}

#[test]
fn what_fails_is_told_tried_again_and_holds_up_nothing_else() {
    let machine = Machine::new();
    machine
        .program("python3", "echo what is wrong >&2; exit 3")
        .program("npm", "");
    let all = [(Kind::Pip, "numpy"), (Kind::Npm, "cowsay")];
    let Progress::Failed(why) = machine.install(&all) else {
        panic!("it failed")
    };
    for words in ["pip_packages: numpy", "exit status 3", "what is wrong"] {
        assert!(why.contains(words), "{why}");
    }
    if nix::unistd::geteuid().is_root() {
        assert!(!why.contains("npm_packages"), "{why}");
    }
    machine.told();
    machine.program("python3", "");
    machine.install(&all);
    assert!(machine.told()[0].starts_with("python3"));
}

#[test]
fn what_cannot_be_done_says_what_would_help() {
    let machine = Machine::new();
    for (kind, list, words) in [
        (Kind::System, "jq", "no apt-get, apk or dnf"),
        (Kind::Pip, "numpy", "no python3"),
        (Kind::Npm, "cowsay", "no npm"),
    ] {
        let Progress::Failed(why) = machine.install(&[(kind, list)]) else {
            panic!("it failed")
        };
        assert!(why.contains(words), "{why}");
    }
    machine.program("python3", "");
    let Progress::Failed(why) = machine.install(&[(Kind::Pip, "--index-url=x")]) else {
        panic!("it failed")
    };
    assert!(why.contains("is an option"), "{why}");
    assert_eq!(machine.told(), Vec::<String>::new());
}

#[test]
fn programs_do_not_see_the_key_and_what_they_leave_running_is_not_waited_for() {
    let machine = Machine::new();
    let seen = machine.0.path().join("seen");
    let script = format!("env >'{}'; sleep 5 & exit 0", seen.display());
    machine.program("python3", &script);
    for name in ["env", "sleep"] {
        std::os::unix::fs::symlink(
            Path::new("/usr/bin").join(name),
            machine.0.path().join(name),
        )
        .unwrap();
    }
    let began = Instant::now();
    assert_eq!(machine.install(&[(Kind::Pip, "numpy")]), Progress::Done);
    assert!(began.elapsed().as_secs() < 4);
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("PATH=") && !seen.contains("secret"), "{seen}");
}
