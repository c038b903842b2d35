//! Templates: text in which `{{name}}` stands for a fact, and the default prompt.

use std::fmt::Write;

use super::facts::Facts;

/// `text` with each `{{name}}` that `value` knows replaced by its value. All else stays as it is.
pub(super) fn fill<'a>(text: &str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let filled = slot(rest).and_then(|(name, used)| Some((value(name)?, used)));
        let (piece, used) = filled.unwrap_or((&rest[..1], 1));
        out.push_str(piece);
        rest = &rest[used..];
    }
    out.push_str(rest);
    out
}

/// The name in the slot that `rest` begins with, and the slot's length.
fn slot(rest: &str) -> Option<(&str, usize)> {
    let end = rest.find("}}")?;
    Some((rest[2..end].trim(), end + 2))
}

/// The prompt for when no template is set, with the operator's `info` after it.
pub(super) fn default(facts: &Facts, python: Option<&str>, info: &str) -> String {
    let Facts {
        os,
        kernel,
        arch,
        hostname,
        user,
        shell,
        ..
    } = facts;
    let mut text = format!(
        "You can use a real computer: {os} {kernel} on {arch}, host name {hostname}. \
         Commands run there as the user {user}, each by /bin/sh; the user's own shell is {shell}."
    );
    if let Some(python) = python {
        write!(text, " Python {python} is installed as python3.")
            .expect("writing to a String cannot fail");
    }
    text.push_str(
        "\n\nUse the tools to act on this computer instead of guessing: look at files and run commands to learn \
         the real state before you change something, and read the output and the exit code afterwards. \
         An exit code of 0 without any output usually means success. \
         When a command is still running, ask for its status again, send it input, or end it.",
    );
    if !info.is_empty() {
        text.push_str("\n\n");
        text.push_str(info);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        fill(text, |name| match name {
            "os" => Some("Linux"),
            "user" => Some("{{os}}"),
            _ => None,
        })
    }

    #[test]
    fn slots_are_filled_once_and_the_rest_stays() {
        for (text, result) in [
            ("on {{os}}.", "on Linux."),
            ("{{ os }}/{{os}}", "Linux/Linux"),
            ("{{user}}", "{{os}}"),
            (
                "{{nope}} {{ bad-name }} {single}",
                "{{nope}} {{ bad-name }} {single}",
            ),
            ("{{{os}}}", "{Linux}"),
            ("{{os", "{{os"),
            ("{{é}} {{", "{{é}} {{"),
            ("", ""),
        ] {
            assert_eq!(filled(text), result, "{text}");
        }
    }

    #[test]
    fn the_default_names_the_machine_and_ends_with_the_info() {
        let facts = Facts::gather(&[]);
        let text = default(&facts, Some("3.12.1"), "Be kind.");
        for word in [
            &facts.os,
            &facts.kernel,
            &facts.arch,
            &facts.hostname,
            &facts.user,
            "3.12.1",
            "/bin/sh",
        ] {
            assert!(text.contains(word), "{word} is missing");
        }
        assert!(text.ends_with("\n\nBe kind."));
        assert!(!default(&facts, None, "").contains("Python"));
    }
}
