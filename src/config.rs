//! The configuration: what the server was told, by defaults, files, environment and flags.
//!
//! One table declares every setting. [`load`] stacks the layers (built-in, system file, user
//! file or `--config`, environment, flags), reads every value and gives a [`Config`].

mod accounts;
mod check;
mod demand;
mod document;
mod environment;
mod error;
mod file;
mod handed;
mod isolation;
mod key;
mod kind;
mod layer;
mod limits;
mod memory;
mod nearest;
mod quantity;
mod reading;
mod resolved;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use ::config::Source as _;

pub use accounts::{Group, Passwd, groups_among};
pub use check::check;
pub use demand::Demand;
pub use document::{example_file, markdown_table};
pub use environment::{Environment, arguments};
pub use error::ConfigError;
pub use handed::{hand_over, handed};
pub use isolation::{Isolation, WallDemands};
pub use key::ApiKey;
pub use kind::Kind;
pub use limits::LevelLimits;
pub use memory::Memory;
pub use quantity::bytes_in;
pub use resolved::Config;
pub use table::{Initial, SECTIONS, Section, Setting, settings};

use file::Contents;
use layer::Layer;
use reading::Reading;

/// What the command line says. Not for `Debug`: one of the values may be the key.
#[derive(Clone, Default)]
pub struct Flags {
    /// Values by setting.
    pub values: Vec<(&'static Setting, String)>,
    /// Settings file in place of the user's.
    pub config: Option<PathBuf>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// Whether the server is to be published through a tunnel.
    pub tunnel: bool,
}

/// One setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The file key.
    pub name: &'static str,
    /// The value as it would stand in a settings file, `unset`, or a mask for a secret.
    pub value: String,
    /// `built-in`, a file, a variable or a flag.
    pub origin: String,
}

/// The outcome of loading.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What to run with.
    pub config: Config,
    /// Every setting and where it came from, in the table's order.
    pub settings: Vec<Effective>,
    /// What the person who starts the server should know, a line each.
    pub warnings: Vec<String>,
    /// The files that settings are read from, whether they are there or not.
    pub files: Vec<PathBuf>,
    /// Whether somebody has said which directory to work in.
    pub directory_given: bool,
}

/// What a server is started from.
#[derive(Clone, Debug)]
pub struct Startup {
    /// The configuration.
    pub loaded: Loaded,
    /// The environment it was read from.
    pub env: Environment,
    /// Whether to publish the server through a tunnel.
    pub tunnel: bool,
    /// Whether other processes of this user are kept from reading the key out of this one.
    pub hidden: bool,
}

/// Stacks all layers and resolves them.
pub fn load(flags: &Flags, env: &Environment) -> Result<Loaded, ConfigError> {
    load_from(flags, env, Path::new(file::SYSTEM))
}

fn load_from(flags: &Flags, env: &Environment, system: &Path) -> Result<Loaded, ConfigError> {
    let mut warnings = Vec::new();
    let values = ::config::Config::builder()
        .add_source(Layer::built_in())
        .add_source(tunnel_defaults(flags.tunnel))
        .add_source(system_layer(system, &mut warnings)?)
        .add_source(user_layer(flags.config.as_deref(), env, &mut warnings)?)
        .add_source(Layer::from_environment(env, &mut warnings)?)
        .add_source(Layer::from_flags(&flags.values))
        .build()
        .and_then(|stacked| stacked.collect())
        .expect("layers are in memory and cannot fail");
    let (reading, mut settings) = Reading::of(&values)?;
    let cwd = working_directory(flags.cwd.as_deref(), env)?;
    let config = Config::from_reading(reading, cwd, env)?;
    if flags.tunnel {
        check_tunnel(&config)?;
    }
    complete(&mut settings, &config);
    warnings.extend(concerns(&config));
    warnings.extend(limits::concerns(&config, &settings));
    Ok(Loaded {
        config,
        settings,
        warnings,
        files: handed::own_files(flags, env),
        directory_given: flags.cwd.is_some(),
    })
}

/// A published server need not listen on the network.
fn tunnel_defaults(tunnel: bool) -> Layer {
    let mut layer = Layer::default();
    if tunnel {
        let host = table::by_name("host").expect("in the table");
        layer.set(host, "--cftunnel", "127.0.0.1");
    }
    layer
}

/// The machine's settings. One of them may be a limit, so a file that cannot be used is an error.
fn system_layer(path: &Path, warnings: &mut Vec<String>) -> Result<Layer, ConfigError> {
    match file::read(path) {
        Ok(text) => Contents::parse(path, &text)?.layer(path, warnings),
        Err(error) if file::absent(&error) => Ok(Layer::default()),
        Err(error) => Err(ConfigError::SystemFile {
            path: path.to_owned(),
            problem: error.to_string(),
        }),
    }
}

/// The file of `--config`, which must be right, or else the user's, which may be broken.
fn user_layer(
    chosen: Option<&Path>,
    env: &Environment,
    warnings: &mut Vec<String>,
) -> Result<Layer, ConfigError> {
    if let Some(path) = chosen {
        return file::chosen(path)?.layer(path, warnings);
    }
    let path = env
        .base("XDG_CONFIG_HOME", ".config")
        .join("open-terminal/config.toml");
    let contents = match file::read(&path) {
        Ok(text) => Contents::parse(&path, &text).map_err(|error| error.to_string()),
        Err(error) if file::absent(&error) => return Ok(Layer::default()),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    };
    match contents {
        Ok(contents) => contents.layer(&path, warnings),
        Err(problem) => {
            warnings.push(format!("{problem}; the file is ignored"));
            Ok(Layer::default())
        }
    }
}

fn working_directory(asked: Option<&Path>, env: &Environment) -> Result<PathBuf, ConfigError> {
    let Some(path) = asked else {
        let here = env.directory().ok_or(ConfigError::NoDirectory)?;
        return Ok(here.to_owned());
    };
    let refused = |problem: String| ConfigError::Directory {
        path: path.to_owned(),
        problem,
    };
    let real = path
        .canonicalize()
        .map_err(|error| refused(error.to_string()))?;
    if real.is_dir() {
        Ok(real)
    } else {
        Err(refused("it is not a directory".to_owned()))
    }
}

fn check_tunnel(config: &Config) -> Result<(), ConfigError> {
    let key = &config.api_key;
    if key.generated {
        Err(ConfigError::Tunnel(
            "a public server needs a key of your own; set OPEN_TERMINAL_API_KEY",
        ))
    } else if key.reveal().contains(char::is_whitespace) {
        Err(ConfigError::Tunnel(
            "the API key has white space in it; choose one without",
        ))
    } else if config.port == 0 {
        Err(ConfigError::Tunnel(
            "port 0 cannot be published; choose a port with --port",
        ))
    } else {
        Ok(())
    }
}

/// Fills in what only the resolved configuration knows.
fn complete(settings: &mut [Effective], config: &Config) {
    for setting in settings.iter_mut().filter(|s| s.value == "unset") {
        match setting.name {
            "api_key" => {
                reading::MASK.clone_into(&mut setting.value);
                "generated at start".clone_into(&mut setting.origin);
            }
            "log_dir" => setting.value = kind::quoted(&config.log_dir.to_string_lossy()),
            "state_dir" => setting.value = kind::quoted(&config.state_dir.to_string_lossy()),
            "isolation" => setting.value = kind::quoted(config.isolation.word()),
            _ => {}
        }
    }
}

/// What is accepted but does not do what it says.
fn concerns(config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    if config.uvicorn_loop != "auto" {
        lines.push("uvicorn_loop does nothing here; remove it".to_owned());
    }
    let key = config.api_key.reveal();
    if key.trim() != key || key.contains(char::is_control) {
        lines.push(
            "api_key has white space around it or control characters in it, which no client can send"
                .to_owned(),
        );
    }
    lines
}
