//! A query string: its parameters, decoded as forms are, and those whose value is `null` left out.

use std::borrow::Cow;

/// The values of a parameter, in order.
pub fn values(query: &str, name: &str) -> Vec<String> {
    let all = parameters(query).into_iter();
    all.filter(|(each, _)| each == name)
        .map(|(_, value)| value)
        .collect()
}

/// The parameters of `query` in order. Bytes that are no UTF-8 become replacement characters.
pub(super) fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// `query` without the parameters whose value is `null`, in whatever case; none when there are none of them.
pub(super) fn without_null(query: &str) -> Option<String> {
    let is_null = |pair: &&str| {
        pair.split_once('=')
            .is_some_and(|(_, value)| value.eq_ignore_ascii_case("null"))
    };
    if !query.split('&').any(|pair| is_null(&pair)) {
        return None;
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_null(pair)).collect();
    Some(kept.join("&"))
}

/// The bytes that a part of a target's path means: `%XX` is the byte it names.
pub(super) fn decode_path(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let named = if *first == b'%' {
            after.get(..2).and_then(byte)
        } else {
            None
        };
        bytes.push(named.unwrap_or(*first));
        rest = if named.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// `text` with `+` as a space and `%XX` as the byte it names.
fn decode(text: &str) -> String {
    let text = if text.contains('+') {
        Cow::Owned(text.replace('+', " "))
    } else {
        Cow::Borrowed(text)
    };
    if !text.contains('%') {
        return text.into_owned();
    }
    String::from_utf8(decode_path(&text))
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The byte two hexadecimal digits name.
fn byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(digits[at]).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_decoded() {
        let found = parameters("path=a%20b+c&x=%C3%A9&flag&=v&&p=1%&q=%zz&r=%ff&s=a=b");
        let expected = [
            ("path", "a b c"),
            ("x", "é"),
            ("flag", ""),
            ("", "v"),
            ("p", "1%"),
            ("q", "%zz"),
            ("r", "\u{fffd}"),
            ("s", "a=b"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn null_values_are_left_out() {
        assert_eq!(without_null("a=1&b=null&c=2").as_deref(), Some("a=1&c=2"));
        assert_eq!(without_null("a=NULL&b=Null").as_deref(), Some(""));
        assert_eq!(without_null("a=1&b=nullx&null=2&null"), None);
        assert_eq!(without_null("a=%6e+&b=%ff"), None);
    }

    proptest! {
        #[test]
        fn decoding_never_panics(query in "[a%&=+0-9é]{0,40}") {
            drop((parameters(&query), without_null(&query)));
        }
    }
}
