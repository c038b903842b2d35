//! A mount: the place in our paths where a port's server appears, and what of a path is that server's.

use axum::http::Uri;
use serde_json::{Value, json};

use crate::api::Error;
use crate::api::query::decode_path;
use crate::api::validate::{Problem, shown_text};

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Mount {
    /// The port.
    pub(super) port: u16,
    /// Our path to it, without a slash at its end.
    pub(super) prefix: String,
    /// Path and query as the port's server is to see them.
    pub(super) target: Uri,
}

impl Mount {
    /// Reads `/proxy/PORT/…`, of which the server sees the end, or `/absproxy/PORT/…`, of which it sees all.
    pub(super) fn of(uri: &Uri) -> Result<Self, Error> {
        let whole = uri.path_and_query().map_or("/", |both| both.as_str());
        let mut slashes = uri.path().match_indices('/').map(|(at, _)| at);
        let (second, third) = (slashes.nth(1), slashes.next());
        let (Some(second), Some(third)) = (second, third) else {
            return Err(Error::NotFound("Not Found".to_owned()));
        };
        let port = port(&String::from_utf8_lossy(&decode_path(
            &whole[second + 1..third],
        )))?;
        let prefix = whole[..third].to_owned();
        let seen = if prefix.starts_with("/absproxy") {
            whole
        } else {
            &whole[third..]
        };
        let target = seen.parse().map_err(|_| {
            Error::BadRequest("the path behind the port is no path of a request".to_owned())
        })?;
        Ok(Self {
            port,
            prefix,
            target,
        })
    }
}

fn port(text: &str) -> Result<u16, Error> {
    let number = text.trim().trim_start_matches('+');
    let number = number
        .trim_end_matches('0')
        .strip_suffix('.')
        .unwrap_or(number);
    match number.parse::<i64>() {
        Ok(port) => match u16::try_from(port) {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(Error::Unprocessable(format!(
                "there is no port {port}: ports are numbers from 1 to 65535"
            ))),
        },
        Err(_) => Err(Error::Invalid(no_number(text).into())),
    }
}

fn no_number(text: &str) -> Problem {
    Problem {
        kind: "int_parsing",
        loc: vec![json!("path"), json!("port")],
        msg: "the port must be a whole number from 1 to 65535, such as 8080".into(),
        input: shown_text(text),
        ctx: None::<Value>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(uri: &str) -> (u16, String, String) {
        let mount = Mount::of(&uri.parse().unwrap()).unwrap();
        (mount.port, mount.prefix, mount.target.to_string())
    }

    fn reads(port: u16, prefix: &str, target: &str) -> (u16, String, String) {
        (port, prefix.to_owned(), target.to_owned())
    }

    #[test]
    fn a_server_sees_what_follows_its_port_byte_for_byte() {
        for (path, target) in [
            ("/proxy/80/", "/"),
            ("/proxy/80/?", "/?"),
            ("/proxy/80//x//", "//x//"),
            (
                "/proxy/80/a%2Fb%3f/../c?v=null&x=%20+",
                "/a%2Fb%3f/../c?v=null&x=%20+",
            ),
            ("/proxy/80/http://x/", "/http://x/"),
        ] {
            assert_eq!(seen(path), reads(80, "/proxy/80", target), "{path}");
        }
    }

    #[test]
    fn a_server_with_a_base_path_sees_all() {
        let whole = "/absproxy/5173/a?b=/c/";
        assert_eq!(seen(whole), reads(5173, "/absproxy/5173", whole));
    }

    #[test]
    fn ports_are_numbers_however_they_are_written() {
        for (text, number) in [
            ("80", 80),
            ("080", 80),
            ("+80", 80),
            ("80.0", 80),
            ("100", 100),
        ] {
            assert_eq!(port(text).unwrap(), number, "{text}");
        }
        for text in ["0", "65536", "-5"] {
            assert!(matches!(port(text), Err(Error::Unprocessable(_))), "{text}");
        }
        for text in ["", "http", "80.5", "8 0", "0x50", ".0"] {
            assert!(matches!(port(text), Err(Error::Invalid(_))), "{text}");
        }
    }
}
