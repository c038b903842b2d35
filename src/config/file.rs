//! A settings file is TOML with one key for each setting.

use std::io;
use std::path::Path;

use ::config::{FileFormat, Format, Map, Value};

use super::error::ConfigError;
use super::layer::Layer;
use super::{nearest, table};

/// The settings file of the machine.
pub(super) const SYSTEM: &str = "/etc/open-terminal/config.toml";

/// What stands in a settings file.
pub(super) struct Contents {
    values: Map<String, Value>,
}

/// Reads the text of a file; a file that is no text is an error of its own kind.
pub(super) fn read(path: &Path) -> io::Result<String> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    std::fs::read_to_string(path)
}

/// Reads the file that `--config` names.
pub(super) fn chosen(path: &Path) -> Result<Contents, ConfigError> {
    match read(path) {
        Ok(text) => Contents::parse(path, &text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(ConfigError::NotToml {
            path: path.to_owned(),
            problem: error.to_string(),
        }),
        Err(error) => Err(ConfigError::File {
            path: path.to_owned(),
            problem: error.to_string(),
        }),
    }
}

/// Whether there simply is no such file.
pub(super) fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl Contents {
    /// Parses the text of `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let origin = path.display().to_string();
        match FileFormat::Toml.parse(Some(&origin), text) {
            Ok(values) => Ok(Self { values }),
            Err(error) => Err(ConfigError::NotToml {
                path: path.to_owned(),
                problem: one_line(error.as_ref(), text),
            }),
        }
    }

    /// The settings as a layer. A key that looks like a setting is an error, any other stranger
    /// is a warning: it may belong to a newer version.
    pub(super) fn layer(
        self,
        path: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<Layer, ConfigError> {
        let mut layer = Layer::default();
        for (key, value) in self.sorted() {
            if let Some(setting) = table::by_name(&key) {
                layer.set(setting, &path.display().to_string(), value.kind);
            } else if let Some(nearest) = nearest::to_key(&key) {
                return Err(misspelt(path, key, nearest));
            } else {
                let path = path.display();
                warnings.push(format!("{path}: {key:?} is not a setting and is ignored"));
            }
        }
        Ok(layer)
    }

    /// Keys and values in alphabetical order, so that messages do not change from run to run.
    pub(super) fn sorted(self) -> Vec<(String, Value)> {
        let mut values: Vec<_> = self.values.into_iter().collect();
        values.sort_by(|(one, _), (two, _)| one.cmp(two));
        values
    }
}

/// The error for a key that looks like a setting.
pub(super) fn misspelt(path: &Path, key: String, nearest: &table::Setting) -> ConfigError {
    ConfigError::Misspelt {
        path: path.to_owned(),
        key,
        nearest: nearest.name,
    }
}

/// Place and kind of a TOML error, without the line itself, which may hold the key.
fn one_line(error: &(dyn std::error::Error + 'static), text: &str) -> String {
    let Some(error) = error.downcast_ref::<toml::de::Error>() else {
        return error.to_string().replace('\n', ", ");
    };
    let message = error.message().replace('\n', ", ");
    let Some(span) = error.span() else {
        return message;
    };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    format!("line {line}: {message}")
}
