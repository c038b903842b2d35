//! The check of a settings file: everything wrong with it at once, before a server is started.

use std::path::Path;

use super::error::ConfigError;
use super::{file, nearest, reading, table};

/// All problems of the file; none when a server would take it whole.
pub fn check(path: &Path) -> Vec<ConfigError> {
    match file::chosen(path) {
        Ok(contents) => (contents.sorted().into_iter())
            .filter_map(|(key, value)| problem(path, key, &value))
            .collect(),
        Err(error) => vec![error],
    }
}

fn problem(path: &Path, key: String, value: &::config::Value) -> Option<ConfigError> {
    if let Some(setting) = table::by_name(&key) {
        return reading::check(setting, value).err();
    }
    Some(match nearest::to_key(&key) {
        Some(nearest) => file::misspelt(path, key, nearest),
        None => ConfigError::Unknown {
            path: path.to_owned(),
            key,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("x.toml");
        std::fs::write(&path, text).expect("written");
        check(&path).iter().map(ConfigError::to_string).collect()
    }

    #[test]
    fn a_right_file_has_no_problems() {
        assert!(problems("host = \"::1\"\nport = \"8080\"\nexecute_timeout = 1.5\n").is_empty());
    }

    #[test]
    fn every_problem_is_a_line_of_its_own() {
        let lines =
            problems("port = 99999\nquux = 1\napi-key = \"k\"\nallowed_domains = \"a.b\"\n");
        assert_eq!(lines.len(), 4, "{lines:?}");
        for (word, line) in ["not available", "api_key", "65535", "quux"]
            .iter()
            .zip(&lines)
        {
            assert!(
                line.contains(word) && !line.contains('\n'),
                "{word}: {line}"
            );
        }
    }

    #[test]
    fn a_file_that_is_no_toml_is_one_problem_that_names_the_line() {
        let lines = problems("port = 1\napi_key = \"my secret\ninfo = 1");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains("line 2"), "{lines:?}");
        assert!(
            !lines[0].contains("my secret") && !lines[0].contains('\n'),
            "{lines:?}"
        );
    }
}
