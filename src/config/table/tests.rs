//! The table holds together: names, samples, sentences.

use super::*;

#[test]
fn names_and_variables_are_unique_and_no_variable_is_anothers_file_form() {
    let mut seen = std::collections::HashSet::new();
    for setting in settings() {
        assert!(seen.insert(setting.name.to_owned()), "{}", setting.name);
        assert!(seen.insert(setting.variable()), "{}", setting.variable());
        assert!(
            seen.insert(format!("{}_FILE", setting.variable())),
            "{}",
            setting.name
        );
    }
}

#[test]
fn variables_lead_back_to_their_setting() {
    for setting in settings() {
        let variable = setting.variable();
        let suffix = variable.strip_prefix(PREFIX).expect("has the prefix");
        assert_eq!(by_variable(suffix).map(|s| s.name), Some(setting.name));
    }
    assert_eq!(
        by_variable("MAX_SESSIONS").map(|s| s.name),
        Some("max_terminal_sessions")
    );
    assert!(by_variable("MAX_TERMINAL_SESSIONS").is_none());
}

#[test]
fn defaults_and_samples_are_values_of_their_own_kind() {
    for setting in settings() {
        let text = match setting.initial {
            Value(text) => text,
            Initial::Described { sample, .. } => sample,
        };
        let parsed = setting.parse(&text.into());
        assert!(parsed.is_ok(), "{}: {parsed:?}", setting.name);
    }
}

#[test]
fn docs_are_one_sentence_that_fits_a_table_cell() {
    for setting in settings() {
        assert!(setting.doc.ends_with('.'), "{}", setting.name);
        assert!(!setting.doc.contains(['|', '\n']), "{}", setting.name);
    }
}
