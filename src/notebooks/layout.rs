//! The layout of JSON: line breaks and indentation, set anew without touching a value.

/// The deepest level that has lines of its own: indentation would grow with the square of the depth.
const DEEPEST: usize = 64;

/// `json`, each member and item on a line of its own after `base` and `unit` for each level; the first line has
/// neither. The input must be JSON.
pub(super) fn indented(json: &str, unit: &str, base: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 4);
    let line = |out: &mut String, depth: usize| {
        if depth <= DEEPEST {
            out.push('\n');
            out.push_str(base);
            out.extend(std::iter::repeat_n(unit, depth));
        }
    };
    let mut depth: usize = 0;
    let mut rest = json;
    // Whether a bracket was opened and nothing has followed yet.
    let mut opened = false;
    while let Some(first) = rest.chars().next() {
        let size = if first == '"' {
            text_end(rest)
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(size);
        rest = after;
        if [' ', '\t', '\n', '\r'].contains(&first) {
            continue;
        }
        let closes = ['}', ']'].contains(&first);
        if std::mem::take(&mut opened) {
            if !closes {
                line(&mut out, depth);
            }
        } else if closes {
            line(&mut out, depth.saturating_sub(1));
        }
        out.push_str(token);
        match first {
            '{' | '[' => {
                depth += 1;
                opened = true;
            }
            '}' | ']' => depth = depth.saturating_sub(1),
            ',' => line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    out
}

/// Where the text that `rest` begins with ends.
fn text_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match memchr::memchr2(b'"', b'\\', &bytes[at..]) {
            Some(found) if bytes[at + found] == b'"' => return at + found + 1,
            Some(found) => at += found + 2,
            None => break,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn values_are_untouched_and_empty_ones_stay_on_their_line() {
        let text = r#"{"a":[1,1e400 , "x\"{,:\\"],"b":{},"c":[ ],"d":{"é":null}}"#;
        let expected = "{\n \"a\": [\n  1,\n  1e400,\n  \"x\\\"{,:\\\\\"\n ],\n \"b\": {},\n \"c\": [],\n \"d\": {\n  \"é\": null\n }\n}";
        assert_eq!(indented(text, " ", ""), expected);
        assert_eq!(indented(expected, " ", ""), expected);
        assert_eq!(indented("[1]", "\t", "  "), "[\n  \t1\n  ]");
    }

    #[test]
    fn deep_values_do_not_grow_without_bound() {
        let deep = "[".repeat(100_000) + "1,2" + &"]".repeat(100_000);
        let laid_out = indented(&deep, "  ", "");
        assert!(laid_out.len() < deep.len() + 20_000, "{}", laid_out.len());
        assert_eq!(laid_out.replace(['\n', ' '], ""), deep);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a\"\\\\{}\\[\\],: \\n]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec(("[a-c\"]{0,2}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_laid_out_as_serde_json_does_it(json in any_json()) {
            let mut expected = Vec::new();
            let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
            let mut serializer = serde_json::Serializer::with_formatter(&mut expected, formatter);
            serde::Serialize::serialize(&json, &mut serializer).unwrap();
            prop_assert_eq!(indented(&json.to_string(), " ", ""), String::from_utf8(expected).unwrap());
        }
    }
}
