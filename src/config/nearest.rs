//! The nearest setting is the one a misspelt name was probably meant to be.

use super::table::{self, PREFIX, Setting};

/// How alike two names must be, from 0 to 1. At this, one slip in four letters still counts, and
/// two settings that only begin alike (`log_format`, `log_dir`) do not.
const ALIKE: f64 = 0.75;

/// The setting that a file key resembles, by its name or by its variable's.
pub(super) fn to_key(key: &str) -> Option<&'static Setting> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    table::settings()
        .map(|setting| (closeness(&key, setting), setting))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|(one, _), (two, _)| one.total_cmp(two))
        .map(|(_, setting)| setting)
}

/// The variable that `suffix`, the end of an unknown variable's name, resembles.
pub(super) fn to_variable(suffix: &str) -> Option<String> {
    let (name, end) = match suffix.strip_suffix("_FILE") {
        Some(name) => (name, "_FILE"),
        None => (suffix, ""),
    };
    to_key(name).map(|setting| format!("{}{end}", setting.variable()))
}

fn closeness(key: &str, setting: &Setting) -> f64 {
    let variable = setting.variable()[PREFIX.len()..].to_ascii_lowercase();
    let to_name = strsim::normalized_damerau_levenshtein(key, setting.name);
    to_name.max(strsim::normalized_damerau_levenshtein(key, &variable))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_keys_find_their_setting() {
        for (key, name) in [
            ("api-key", "api_key"),
            ("apikey", "api_key"),
            ("aip_key", "api_key"),
            ("prot", "port"),
            ("Host", "host"),
            ("cors_allowed_origin", "cors_allowed_origins"),
            ("max_log_sise", "max_log_size"),
            ("log_retension", "log_retention"),
            ("enable_notebook", "enable_notebooks"),
            ("max_sessions", "max_terminal_sessions"),
            ("exec_timeout", "execute_timeout"),
            ("terminal_detatch_ttl", "terminal_detach_ttl"),
            ("terminal-reuse", "terminal_reuse"),
        ] {
            assert_eq!(to_key(key).map(|s| s.name), Some(name), "{key}");
        }
    }

    #[test]
    fn strange_keys_find_none() {
        for key in [
            "unknown_setting",
            "log_format",
            "enable_metrics",
            "max_upload_size",
            "x",
            "",
        ] {
            assert_eq!(to_key(key).map(|s| s.name), None, "{key}");
        }
    }

    #[test]
    fn variables_are_named_as_they_are_spelt() {
        let nearest = |suffix| to_variable(suffix);
        assert_eq!(
            nearest("MAX_SESSION").as_deref(),
            Some("OPEN_TERMINAL_MAX_SESSIONS")
        );
        assert_eq!(
            nearest("APIKEY_FILE").as_deref(),
            Some("OPEN_TERMINAL_API_KEY_FILE")
        );
        assert_eq!(
            nearest("MAX_TERMINAL_SESSIONS").as_deref(),
            Some("OPEN_TERMINAL_MAX_SESSIONS")
        );
        assert_eq!(nearest("UPLOAD_QUOTA"), None);
    }
}
