//! The limits among the settings: how they are written, unset, refused and doubted.

use super::*;

#[test]
fn by_default_the_total_is_limited_and_nothing_else() {
    let config = Machine::new().settings();
    assert_eq!(config.limits, Demand::Optional);
    assert_eq!(config.command_limits, LevelLimits::default());
    assert_eq!(config.user_limits, LevelLimits::default());
    let total = LevelLimits {
        memory: Some(Memory::Percent(90.0)),
        pids: Some(8192),
        ..LevelLimits::default()
    };
    assert_eq!(config.total_limits, total);
    assert_eq!(config.limit_nofile, None);
    assert_eq!((config.limit_fsize, config.limit_core), (None, None));
}

#[test]
fn each_level_takes_five_limits_as_numbers_or_as_text() {
    let machine = Machine::new()
        .config(
            "limits = \"Required\"\ncommand_memory_limit = \"512M\"\ncommand_swap_limit = 0\ncommand_cpu_limit = 1.5\ncommand_pids_limit = 64\ncommand_io_weight = 50\nlimit_core = 0",
        )
        .env("USER_MEMORY_LIMIT", "2GiB")
        .env("USER_SWAP_LIMIT", "10%")
        .env("USER_CPU_LIMIT", "2")
        .env_file("USER_PIDS_LIMIT", "1000\n")
        .env("USER_IO_WEIGHT", "10000")
        .flag("total_memory_limit", "50%")
        .flag("limit_nofile", "1024")
        .flag("limit_fsize", "1GB");
    let config = machine.settings();
    assert_eq!(config.limits, Demand::Required);
    let command = LevelLimits {
        memory: Some(Memory::Bytes(512_000_000)),
        swap: Some(Memory::Bytes(0)),
        cpu: Some(1.5),
        pids: Some(64),
        io_weight: Some(50),
    };
    assert_eq!(config.command_limits, command);
    let user = LevelLimits {
        memory: Some(Memory::Bytes(2 << 30)),
        swap: Some(Memory::Percent(10.0)),
        cpu: Some(2.0),
        pids: Some(1000),
        io_weight: Some(10_000),
    };
    assert_eq!(config.user_limits, user);
    assert_eq!(config.total_limits.memory, Some(Memory::Percent(50.0)));
    assert_eq!(config.limit_nofile, Some(1024));
    assert_eq!(config.limit_fsize, Some(1_000_000_000));
    assert_eq!(config.limit_core, Some(0));
    let loaded = machine.loaded();
    assert_eq!(loaded.warnings, [""; 0]);
    for (name, shown) in [
        ("limits", "\"required\""),
        ("command_memory_limit", "512000000"),
        ("command_cpu_limit", "1.5"),
        ("total_memory_limit", "\"50%\""),
        ("user_cpu_limit", "2"),
        ("total_cpu_limit", "unset"),
    ] {
        assert_eq!(effective(&loaded, name).0, shown, "{name}");
    }
}

#[test]
fn the_word_none_unsets_what_a_layer_below_or_the_default_sets() {
    let machine = Machine::new()
        .system("command_memory_limit = \"1G\"\ncommand_cpu_limit = 2\nlimit_core = 0")
        .env("COMMAND_MEMORY_LIMIT", "none")
        .env("COMMAND_CPU_LIMIT", " None ")
        .env("TOTAL_MEMORY_LIMIT", "none")
        .flag("total_pids_limit", "none")
        .flag("limit_core", "none");
    let loaded = machine.loaded();
    assert_eq!(loaded.config.command_limits, LevelLimits::default());
    assert_eq!(loaded.config.total_limits, LevelLimits::default());
    assert_eq!(loaded.config.limit_core, None);
    assert_eq!(
        effective(&loaded, "total_memory_limit"),
        ("\"none\"", "OPEN_TERMINAL_TOTAL_MEMORY_LIMIT")
    );
    // What has no use for it does not take it.
    assert_eq!(Machine::new().env("PORT", "none").refused().1, 2);
    assert_eq!(Machine::new().env("LIMITS", "none").refused().1, 2);
}

#[test]
fn a_limit_left_empty_says_nothing() {
    let machine = Machine::new()
        .system("command_memory_limit = \"1G\"")
        .env("COMMAND_MEMORY_LIMIT", "")
        .env_file("COMMAND_PIDS_LIMIT", "\n")
        .env("TOTAL_MEMORY_LIMIT", "")
        .flag("total_pids_limit", "");
    let config = machine.settings();
    let memory = config.command_limits.memory;
    assert_eq!(memory, Some(Memory::Bytes(1_000_000_000)));
    assert_eq!(config.command_limits.pids, None);
    assert_eq!(config.total_limits.memory, Some(Memory::Percent(90.0)));
    assert_eq!(config.total_limits.pids, Some(8192));
}

#[test]
fn a_limit_that_cannot_be_is_refused_with_what_can() {
    for (name, value, parts) in [
        ("LIMITS", "yes", ["\"yes\"", "required, optional or off"]),
        ("COMMAND_MEMORY_LIMIT", "512", ["too small", "1048576"]),
        ("COMMAND_MEMORY_LIMIT", "lots", ["\"lots\"", "512M"]),
        ("TOTAL_MEMORY_LIMIT", "101%", ["too large", "100%"]),
        ("USER_SWAP_LIMIT", "-1", ["neither", "or none"]),
        ("COMMAND_CPU_LIMIT", "0", ["too small", "0.01"]),
        ("TOTAL_CPU_LIMIT", "two", ["not a number", "1.5"]),
        ("COMMAND_PIDS_LIMIT", "3", ["too small", "from 4 to"]),
        ("USER_PIDS_LIMIT", "0", ["too small", "from 1 to 4194304"]),
        ("TOTAL_IO_WEIGHT", "10001", ["too large", "1 to 10000"]),
        ("LIMIT_NOFILE", "15", ["too small", "from 16"]),
        ("LIMIT_CORE", "unlimited", ["number of bytes", "or none"]),
    ] {
        let (line, status) = Machine::new().env(name, value).refused();
        assert_eq!(status, 2, "{name}");
        assert!(line.contains(&format!("OPEN_TERMINAL_{name}")), "{line}");
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

#[test]
fn a_limit_above_the_one_that_holds_it_is_a_warning() {
    let warnings = Machine::new()
        .env("COMMAND_MEMORY_LIMIT", "2G")
        .env("USER_MEMORY_LIMIT", "1G")
        .env("TOTAL_MEMORY_LIMIT", "1G")
        .env("COMMAND_CPU_LIMIT", "3")
        .env("TOTAL_CPU_LIMIT", "2")
        .env("USER_PIDS_LIMIT", "10000")
        .env("COMMAND_IO_WEIGHT", "200")
        .env("USER_IO_WEIGHT", "100")
        .warnings();
    let expected = [
        ("command_memory_limit", "user_memory_limit"),
        ("command_memory_limit", "total_memory_limit"),
        ("command_cpu_limit", "total_cpu_limit"),
        ("user_pids_limit", "total_pids_limit"),
    ]
    .map(|(own, above)| format!("{own} is larger than {above}: the smaller one holds"));
    assert_eq!(warnings, expected);
    let machine = Machine::new().env("COMMAND_MEMORY_LIMIT", "95%");
    assert_eq!(machine.warnings().len(), 1);
    let machine = Machine::new().env("COMMAND_MEMORY_LIMIT", "80%");
    assert_eq!(machine.warnings(), [""; 0]);
}

#[test]
fn limits_that_do_nothing_are_a_warning() {
    let warnings = Machine::new().env("USER_SWAP_LIMIT", "1G").warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("user_memory_limit"), "{warnings:?}");
    let off = || Machine::new().env("LIMITS", "off");
    assert_eq!(off().warnings(), [""; 0]);
    let warnings = off()
        .env("COMMAND_PIDS_LIMIT", "100")
        .env("TOTAL_MEMORY_LIMIT", "1G")
        .env("USER_CPU_LIMIT", "none")
        .warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let start = "limits is off, so command_pids_limit, total_memory_limit do nothing";
    assert!(warnings[0].starts_with(start), "{warnings:?}");
}

#[test]
fn what_the_documentation_recommends_loads_without_a_warning() {
    const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LIMITS.md"));
    let blocks = PAGE.split("```toml\n").skip(1);
    let blocks: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let machine = Machine::new().config(block);
        assert_eq!(machine.warnings(), [""; 0], "{block}");
        let limits = machine.settings().command_limits;
        assert!(limits.memory.is_some() && limits.pids.is_some(), "{block}");
    }
}
