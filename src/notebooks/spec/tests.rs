//! Tests of finding kernels.

use super::*;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

fn describe(at: &Path, name: &str, spec: &Value) {
    let place = at.join("kernels").join(name);
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("kernel.json"), spec.to_string()).unwrap();
}

fn program(at: &Path) {
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::write(at, "#!/bin/sh\n").unwrap();
    fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
}

fn environment(home: &Path, more: &[(&str, &str)]) -> Environment {
    let home = home.to_str().unwrap();
    let path = format!("{home}/venv/bin");
    let all = [("HOME", home), ("PATH", &path)];
    Environment::from_pairs(all.into_iter().chain(more.iter().copied()))
}

#[test]
fn the_first_directory_that_has_it_counts() {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    program(&at("venv/bin/python3"));
    let spec =
        |mark: &str| json!({"argv": ["/bin/sh", mark, "{connection_file}", "{resource_dir}/x"]});
    let first = |environment: &Environment| find(environment, "k").unwrap().arguments[0].clone();
    let plain = environment(home.path(), &[]);
    describe(&at("venv/share/jupyter"), "k", &spec("venv"));
    assert_eq!(first(&plain), "venv");
    describe(&at(".local/share/jupyter"), "k", &spec("user"));
    assert_eq!(first(&plain), "user");
    describe(&at("one"), "k", &spec("one"));
    describe(&at("two"), "k", &spec("two"));
    let path = format!("{}:{}", at("two").display(), at("one").display());
    assert_eq!(
        first(&environment(home.path(), &[("JUPYTER_PATH", &path)])),
        "two"
    );
    let data = at("one").display().to_string();
    assert_eq!(
        first(&environment(home.path(), &[("JUPYTER_DATA_DIR", &data)])),
        "one"
    );
    let arguments = find(&plain, "K").unwrap().arguments;
    assert_eq!(arguments[1], "{connection_file}");
    assert_eq!(
        arguments[2],
        format!("{}/x", at(".local/share/jupyter/kernels/k").display())
    );
}

#[test]
fn plain_python_is_that_of_the_same_installation() {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    program(&at("venv/bin/python3"));
    program(&at("other/bin/python"));
    let spec = json!({"argv": ["python", "-m", "ipykernel_launcher"], "env": {"A": "<${HOME}|${NONE}|$", "B": 3}, "interrupt_mode": "message"});
    describe(&at("other/share/jupyter"), "k", &spec);
    let path = at("other/share/jupyter").display().to_string();
    let found = find(&environment(home.path(), &[("JUPYTER_PATH", &path)]), "k").unwrap();
    assert_eq!(found.program, at("other/bin/python"));
    assert!(found.interrupt_by_message && found.unix_sockets);
    let value = format!("<{}|${{NONE}}|$", home.path().display());
    assert_eq!(found.environment, [("A".to_owned(), value)]);
}

#[test]
fn python_with_no_kernelspec_is_tried_and_others_are_told() {
    let home = tempfile::tempdir().unwrap();
    let at = |path: &str| home.path().join(path);
    describe(
        &at(".local/share/jupyter"),
        "julia-1.11",
        &json!({"argv": ["/bin/sh"]}),
    );
    let plain = environment(home.path(), &[]);
    // The machine's own kernels may include a python3.
    let here = |name: &str| find_in(&directories(&plain, &[]), &plain, name);
    for name in ["python3", "none", "", "..", "a/b", "a\0b"] {
        let Err(Error::NoKernel { known, .. }) = here(name) else {
            panic!("{name:?} was found");
        };
        assert!(known.contains("julia-1.11"), "{known}");
    }
    program(&at("venv/bin/python3"));
    assert_eq!(here("python3").unwrap().program, at("venv/bin/python3"));
}

#[test]
fn descriptions_that_cannot_be_used_say_why() {
    let home = tempfile::tempdir().unwrap();
    for (spec, words) in [
        (json!({"argv": ["/none/such"]}), "/none/such"),
        (json!({"argv": ["no-such-program"]}), "no-such-program"),
        (json!({"argv": []}), "empty"),
        (json!({"argv": 3}), "no kernelspec"),
        (json!({}), "argv"),
    ] {
        describe(&home.path().join(".local/share/jupyter"), "k", &spec);
        let problem = find(&environment(home.path(), &[]), "k")
            .unwrap_err()
            .to_string();
        assert!(problem.contains(words), "{problem}");
    }
}
