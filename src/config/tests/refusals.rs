//! What stops the start, with which line and status, and what is only a warning.

use super::*;

#[test]
fn a_wrong_value_names_setting_origin_and_what_would_be_right() {
    let (line, status) = Machine::new().env("MAX_SESSIONS", "abc").refused();
    assert_eq!(status, 2);
    for part in [
        "max_terminal_sessions",
        "OPEN_TERMINAL_MAX_SESSIONS",
        "\"abc\"",
        "whole number",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let (line, _) = Machine::new().flag("port", "65536").refused();
    assert!(line.contains("--port") && line.contains("65535"), "{line}");
    let (line, _) = Machine::new().config("log_retention = -1").refused();
    assert!(
        line.contains("chosen.toml") && line.contains("negative"),
        "{line}"
    );
    for value in ["nan", "inf", "2.6", "-0.1", "2s"] {
        assert_eq!(
            Machine::new().env("KILL_GRACE", value).refused().1,
            2,
            "{value}"
        );
    }
    for value in ["0", "65", "1.5"] {
        let machine = Machine::new().env("WARM_PROCESSES", value);
        assert_eq!(machine.load().is_ok(), value == "0", "{value}");
    }
    assert_eq!(Machine::new().env("MAX_PROCESSES", "0").refused().1, 2);
    for value in ["4095", "2GiB", "some"] {
        let machine = Machine::new().env("TERMINAL_REPLAY_SIZE", value);
        let (line, status) = machine.refused();
        assert_eq!(status, 2, "{value}");
        assert!(line.contains("from 4096 to 1073741824"), "{line}");
    }
    assert_eq!(Machine::new().env("JSON_LOGS", "maybe").refused().1, 2);
    assert_eq!(Machine::new().env("HOST", "").refused().1, 2);
}

#[test]
fn a_broken_file_stops_the_start_unless_it_is_the_users() {
    let broken = "info = [broken\n";
    let (line, status) = Machine::new().config(broken).refused();
    assert_eq!(status, 1);
    assert!(
        line.contains("not TOML") && line.contains("line 1"),
        "{line}"
    );
    assert_eq!(Machine::new().system(broken).refused().1, 1);
    let machine = Machine::new().system("").write("system.toml", b"\xff");
    assert_eq!(machine.refused().1, 1);
    let machine = Machine::new().user(broken);
    let warnings = machine.warnings();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].contains("not TOML") && warnings[0].contains("ignored"),
        "{warnings:?}"
    );
}

#[test]
fn a_chosen_file_that_is_missing_or_a_directory_ends_with_2() {
    let mut machine = Machine::new();
    machine.flags.config = Some(machine.path("none.toml"));
    assert_eq!(machine.refused().1, 2);
    machine.flags.config = Some(machine.dir.path().to_owned());
    assert_eq!(machine.refused().1, 2);
}

#[test]
fn a_misspelt_key_is_an_error_and_a_strange_one_a_warning() {
    let (line, status) = Machine::new().config("max_log_sise = 1").refused();
    assert_eq!(status, 2);
    assert!(
        line.contains("max_log_sise") && line.contains("\"max_log_size\""),
        "{line}"
    );
    let warnings = Machine::new()
        .config("unknown_setting = \"ignored\"")
        .warnings();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("unknown_setting"), "{warnings:?}");
}

#[test]
fn unknown_variables_are_warnings_that_name_the_nearest() {
    let warnings = Machine::new()
        .env("MAX_TERMINAL_SESSIONS", "1")
        .env("QUUX", "1")
        .warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings[0].contains("did you mean OPEN_TERMINAL_MAX_SESSIONS"),
        "{warnings:?}"
    );
    assert!(!warnings[1].contains("did you mean"), "{warnings:?}");
}

#[test]
fn links_of_a_kubernetes_service_are_no_settings() {
    let machine = Machine::new()
        .env("PORT", "tcp://10.0.0.1:80")
        .env("PORT_80_TCP_ADDR", "10.0.0.1")
        .env("SERVICE_HOST", "10.0.0.1");
    let loaded = machine.loaded();
    assert_eq!(loaded.config.port, 8000);
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(
        loaded.warnings[0].contains("Kubernetes"),
        "{:?}",
        loaded.warnings
    );
}

#[test]
fn what_cannot_be_had_stops_the_start() {
    let (line, status) = Machine::new().env("ALLOWED_DOMAINS", "a.example").refused();
    assert_eq!(status, 2);
    assert!(
        line.contains("allowed_domains") && line.contains("not available"),
        "{line}"
    );
    let users_share = Machine::new()
        .env("MULTI_USER", "true")
        .env("ISOLATION", "none");
    let (line, status) = users_share.refused();
    assert_eq!(status, 2);
    assert!(line.contains("set isolation = \"process\""), "{line}");
    assert_eq!(Machine::new().env("ALLOWED_DOMAINS", "").refused().1, 2);
    assert!(
        !Machine::new()
            .env("MULTI_USER", "false")
            .settings()
            .multi_user
    );
}

#[test]
fn what_does_nothing_is_a_warning() {
    for (name, value) in [("UVICORN_LOOP", "asyncio"), ("API_KEY", "k\n")] {
        assert_eq!(
            Machine::new().env(name, value).warnings().len(),
            1,
            "{name}"
        );
    }
}

#[test]
fn a_tunnel_needs_a_key_a_port_and_no_network() {
    let tunnel = |mut machine: Machine| {
        machine.flags.tunnel = true;
        machine
    };
    let machine = tunnel(Machine::new().env("API_KEY", "k"));
    assert_eq!(machine.settings().host, "127.0.0.1");
    assert_eq!(machine.env("HOST", "::1").settings().host, "::1");
    for machine in [
        Machine::new(),
        Machine::new().env("API_KEY", ""),
        Machine::new().env("API_KEY", "has space"),
        Machine::new().env("API_KEY", "k").flag("port", "0"),
    ] {
        assert_eq!(tunnel(machine).refused().1, 2);
    }
}
