//! A layer is what one source says about the settings, each value with its origin.
//!
//! Layers are stacked by the `config` crate; a later one wins.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use ::config::{Map, Source, Value, ValueKind};

use super::error::ConfigError;
use super::kind::Kind;
use super::table::{self, Initial, Setting};
use super::{Environment, nearest};

/// Values by file key.
#[derive(Clone, Default)]
pub(super) struct Layer {
    values: Map<String, Value>,
}

/// Shows no value: one of them may be the key.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ::config::ConfigError> {
        Ok(self.values.clone())
    }
}

impl Layer {
    /// The defaults of the table.
    pub(super) fn built_in() -> Self {
        let mut layer = Self::default();
        for setting in table::settings() {
            if let Initial::Value(text) = setting.initial {
                layer.set(setting, "built-in", text);
            }
        }
        layer
    }

    /// Values of the command line, by setting.
    pub(super) fn from_flags(flags: &[(&'static Setting, String)]) -> Self {
        let mut layer = Self::default();
        for (setting, value) in flags {
            layer.set(setting, &format!("--{}", setting.flag()), value.as_str());
        }
        layer
    }

    /// Our variables, and the files that the `_FILE` ones name.
    pub(super) fn from_environment(
        env: &Environment,
        warnings: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let mut layer = Self::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for (suffix, value) in env.own() {
            let Some((setting, form)) = known(suffix) else {
                warnings.extend(warning(&String::from_utf8_lossy(suffix)));
                continue;
            };
            if seen.contains(&setting.name) {
                let variable = setting.variable();
                return Err(ConfigError::Both { variable });
            }
            seen.push(setting.name);
            if setting.name == "port" && service_link(value) {
                warnings.push(format!(
                    "{} is a Kubernetes service link and is ignored; set enableServiceLinks: false, or use --port",
                    setting.variable()
                ));
                continue;
            }
            layer.take(setting, form, value)?;
        }
        Ok(layer)
    }

    fn take(
        &mut self,
        setting: &'static Setting,
        form: Form,
        value: &OsStr,
    ) -> Result<(), ConfigError> {
        match form {
            Form::Value => {
                let variable = setting.variable();
                let text = value.to_str().ok_or_else(|| ConfigError::Value {
                    setting: setting.name,
                    origin: variable.clone(),
                    problem: "the value is not UTF-8".to_owned(),
                    wanted: setting.wanted(),
                })?;
                self.set(setting, &variable, text);
            }
            Form::File if value.is_empty() => {}
            Form::File => {
                let variable = format!("{}_FILE", setting.variable());
                let path = Path::new(value);
                match std::fs::read_to_string(path) {
                    Ok(text) => self.set(setting, &variable, text.trim()),
                    Err(error) => {
                        return Err(ConfigError::ValueFile {
                            variable,
                            path: path.to_owned(),
                            problem: error.to_string(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a value. An empty text where there is no empty default says nothing, so that a
    /// variable left empty in a compose file does not become an empty key, and takes no limit away.
    pub(super) fn set(&mut self, setting: &Setting, origin: &str, value: impl Into<ValueKind>) {
        let value = value.into();
        let empty = matches!(&value, ValueKind::String(text) if text.is_empty());
        let described = matches!(setting.initial, Initial::Described { .. });
        if empty && (setting.or_none || described && setting.kind == Kind::Text) {
            return;
        }
        let value = Value::new(Some(&origin.to_owned()), value);
        self.values.insert(setting.name.to_owned(), value);
    }
}

/// Which form of a setting's variable it is.
#[derive(Clone, Copy)]
enum Form {
    Value,
    File,
}

fn known(suffix: &[u8]) -> Option<(&'static Setting, Form)> {
    let suffix = std::str::from_utf8(suffix).ok()?;
    if let Some(setting) = table::by_variable(suffix) {
        return Some((setting, Form::Value));
    }
    let setting = table::by_variable(suffix.strip_suffix("_FILE")?)?;
    Some((setting, Form::File))
}

/// What to say of a variable of ours that is no setting.
fn warning(suffix: &str) -> Option<String> {
    if of_kubernetes(suffix) {
        return None;
    }
    let hint = match nearest::to_variable(suffix) {
        Some(variable) => format!("; did you mean {variable}?"),
        None => String::new(),
    };
    let prefix = table::PREFIX;
    Some(format!(
        "{prefix}{suffix} is not a setting and is ignored{hint}"
    ))
}

/// Whether Kubernetes makes such a variable for a service that is called open-terminal.
fn of_kubernetes(suffix: &str) -> bool {
    let number = |port: &str| port.starts_with(|c: char| c.is_ascii_digit());
    suffix == "SERVICE_HOST"
        || suffix.starts_with("SERVICE_PORT")
        || suffix.strip_prefix("PORT_").is_some_and(number)
}

/// Whether Kubernetes put the address of such a service where the port belongs.
fn service_link(value: &OsStr) -> bool {
    let value = value.as_encoded_bytes();
    value.starts_with(b"tcp://") || value.starts_with(b"udp://")
}
