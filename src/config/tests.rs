//! The layers together: which value wins, and what it becomes.

mod limits;
mod refusals;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::*;

/// A machine of its own: system file, user file, another file, and variables.
struct Machine {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
    flags: Flags,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("temporary directory");
        fs::create_dir_all(dir.path().join("xdg/open-terminal")).expect("created");
        let xdg = dir.path().join("xdg").display().to_string();
        Self {
            variables: vec![
                ("XDG_CONFIG_HOME".to_owned(), xdg),
                ("HOME".to_owned(), "/home/me".to_owned()),
            ],
            dir,
            flags: Flags::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), text).expect("written");
        self
    }

    fn system(self, text: &str) -> Self {
        self.write("system.toml", text)
    }

    fn user(self, text: &str) -> Self {
        self.write("xdg/open-terminal/config.toml", text)
    }

    fn config(mut self, text: &str) -> Self {
        self.flags.config = Some(self.path("chosen.toml"));
        self.write("chosen.toml", text)
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        let name = format!("OPEN_TERMINAL_{name}");
        self.variables.push((name, value.to_owned()));
        self
    }

    /// A `_FILE` variable and the file it names.
    fn env_file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name).display().to_string();
        self.write(name, text).env(&format!("{name}_FILE"), &path)
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        let setting = table::by_name(name).expect("a setting");
        self.flags.values.push((setting, value.to_owned()));
        self
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        let env = Environment::from_pairs(self.variables.clone()).in_directory("/work");
        load_from(&self.flags, &env, &self.path("system.toml"))
    }

    fn loaded(&self) -> Loaded {
        self.load().expect("loads")
    }

    fn settings(&self) -> Config {
        self.loaded().config
    }

    /// The error line and the exit status.
    fn refused(&self) -> (String, u8) {
        let error = self.load().expect_err("is refused");
        let line = error.to_string();
        assert!(!line.contains('\n'), "{line}");
        (line, error.exit_status())
    }

    fn warnings(&self) -> Vec<String> {
        self.loaded().warnings
    }
}

fn effective<'a>(loaded: &'a Loaded, name: &str) -> (&'a str, &'a str) {
    let found = loaded.settings.iter().find(|s| s.name == name);
    let setting = found.expect("a setting");
    (&setting.value, &setting.origin)
}

#[test]
fn without_anything_the_defaults_of_the_table_hold() {
    let loaded = Machine::new().loaded();
    let config = &loaded.config;
    assert_eq!((config.host.as_str(), config.port), ("0.0.0.0", 8000));
    assert_eq!(config.cors_allowed_origins, ["*"]);
    assert_eq!(config.binary_mime_prefixes, ["image"]);
    assert_eq!(config.execute_timeout, None);
    assert_eq!(config.uvicorn_timeout_keep_alive, None);
    assert_eq!(config.allowed_domains, None);
    assert_eq!(config.max_log_size, 50_000_000);
    assert_eq!(config.max_body_size, 64 << 20);
    assert_eq!(config.kill_grace, Duration::from_secs(2));
    assert_eq!(config.log_retention, Duration::from_hours(168));
    assert_eq!(config.terminal_detach_ttl, Duration::from_mins(10));
    assert_eq!(config.terminal_ping_interval, Duration::from_secs(30));
    assert_eq!(config.terminal_replay_size, 1 << 20);
    assert!(config.terminal_reuse && !config.terminal_exclusive && !config.terminal_login_shell);
    assert_eq!(config.cwd, PathBuf::from("/work"));
    assert_eq!(
        config.log_dir,
        PathBuf::from("/home/me/.local/state/open-terminal/logs")
    );
    assert!(config.enable_terminal && config.enable_notebooks && config.enable_system_prompt);
    assert!(!config.json_logs && !config.multi_user && config.packages.is_empty());
    assert!(config.api_key.generated);
    assert_eq!(effective(&loaded, "port"), ("8000", "built-in"));
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn each_layer_wins_over_the_ones_below() {
    let machine = Machine::new().system("port = 1\ninfo = \"system\"\nterm = \"s\"");
    assert_eq!(machine.settings().port, 1);
    let machine = machine.user("port = 2\ninfo = \"user\"");
    assert_eq!(machine.settings().port, 2);
    let machine = machine.env("PORT", "3");
    assert_eq!(machine.settings().port, 3);
    let machine = machine.flag("port", "4");
    let loaded = machine.loaded();
    assert_eq!(loaded.config.port, 4);
    assert_eq!(effective(&loaded, "port"), ("4", "--port"));
    let user = machine.path("xdg/open-terminal/config.toml");
    let user = user.display().to_string();
    assert_eq!(effective(&loaded, "info"), ("\"user\"", user.as_str()));
    assert_eq!(loaded.config.term, "s");
}

#[test]
fn a_chosen_file_replaces_the_users_but_not_the_machines() {
    let config = Machine::new()
        .system("term = \"s\"")
        .user("info = \"user\"")
        .config("port = 5")
        .settings();
    assert_eq!((config.port, config.info.as_str()), (5, ""));
    assert_eq!(config.term, "s");
}

#[test]
fn every_setting_has_a_variable_and_a_file_form() {
    let machine = Machine::new()
        .env("MAX_SESSIONS", "3")
        .env_file("EXECUTE_TIMEOUT", " 1.5\n")
        .env_file("API_KEY", "  k k\n\n");
    let loaded = machine.loaded();
    assert_eq!(loaded.config.max_terminal_sessions, 3);
    assert_eq!(
        loaded.config.execute_timeout,
        Some(Duration::from_millis(1500))
    );
    assert_eq!(loaded.config.api_key, ApiKey::configured("k k"));
    assert_eq!(
        effective(&loaded, "execute_timeout").1,
        "OPEN_TERMINAL_EXECUTE_TIMEOUT_FILE"
    );
}

#[test]
fn both_forms_of_a_variable_are_an_error_even_if_empty() {
    let (line, status) = Machine::new()
        .env("INFO", "")
        .env("INFO_FILE", "")
        .refused();
    assert_eq!(status, 2);
    assert!(
        line.contains("OPEN_TERMINAL_INFO and OPEN_TERMINAL_INFO_FILE"),
        "{line}"
    );
}

#[test]
fn a_value_file_that_cannot_be_read_ends_with_1() {
    let (line, status) = Machine::new().env("API_KEY_FILE", "/nowhere/key").refused();
    assert_eq!(status, 1);
    assert!(
        line.contains("API_KEY_FILE") && line.contains("/nowhere/key"),
        "{line}"
    );
    assert_eq!(Machine::new().env("API_KEY_FILE", "/").refused().1, 1);
    assert_eq!(
        Machine::new().env_file("API_KEY", b"\xff\xfe").refused().1,
        1
    );
    assert!(
        Machine::new()
            .env("API_KEY_FILE", "")
            .settings()
            .api_key
            .generated
    );
}

#[test]
fn an_empty_key_counts_as_unset_in_every_layer() {
    let machine = Machine::new()
        .user("api_key = \"\"")
        .env("API_KEY", "")
        .flag("api_key", "");
    assert!(machine.settings().api_key.generated);
    let machine = Machine::new()
        .user("api_key = \"below\"")
        .env("API_KEY", "");
    assert_eq!(machine.settings().api_key, ApiKey::configured("below"));
}

#[test]
fn secrets_are_masked_wherever_they_come_from() {
    let loaded = Machine::new().env("API_KEY", "hunter2").loaded();
    assert_eq!(
        effective(&loaded, "api_key"),
        ("\"********\"", "OPEN_TERMINAL_API_KEY")
    );
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let loaded = Machine::new().loaded();
    assert_eq!(
        effective(&loaded, "api_key"),
        ("\"********\"", "generated at start")
    );
    let (line, _) = Machine::new().config("api_key = [\"hunter2\"]").refused();
    assert!(!line.contains("hunter2"), "{line}");
}

#[test]
fn files_may_hold_values_as_text() {
    let config = Machine::new()
        .config("port = \"81\"\nmax_log_size = \"1KiB\"\nenable_terminal = \"no\"\nexecute_timeout = \"0.4\"\nbinary_mime_prefixes = \"\"")
        .settings();
    assert_eq!((config.port, config.max_log_size), (81, 1024));
    assert!(!config.enable_terminal);
    assert_eq!(config.execute_timeout, Some(Duration::from_millis(400)));
    assert!(config.binary_mime_prefixes.is_empty());
}

#[test]
fn an_execute_timeout_of_zero_is_none() {
    assert_eq!(
        Machine::new()
            .env("EXECUTE_TIMEOUT", "0")
            .settings()
            .execute_timeout,
        None
    );
}

#[test]
fn the_working_directory_is_a_real_one() {
    let mut machine = Machine::new().write("file", "");
    std::os::unix::fs::symlink(machine.dir.path(), machine.path("link")).expect("linked");
    machine.flags.cwd = Some(machine.path("link"));
    let real = machine.dir.path().canonicalize().expect("exists");
    assert_eq!(machine.settings().cwd, real);
    for name in ["file", "none"] {
        machine.flags.cwd = Some(machine.path(name));
        assert_eq!(machine.refused().1, 2, "{name}");
    }
    let gone = load_from(
        &Flags::default(),
        &Environment::default(),
        &machine.path("none"),
    );
    assert!(matches!(gone, Err(ConfigError::NoDirectory)));
}

#[test]
fn log_directories_may_begin_with_the_home_directory() {
    for (given, path) in [
        ("~/logs", "/home/me/logs"),
        ("~", "/home/me"),
        ("/var/log/x", "/var/log/x"),
        ("rel", "/work/rel"),
        ("~other", "/work/~other"),
        ("", "/home/me/.local/state/open-terminal/logs"),
    ] {
        let config = Machine::new().env("LOG_DIR", given).settings();
        assert_eq!(config.log_dir, PathBuf::from(path), "{given}");
    }
}
