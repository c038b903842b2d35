//! Files and directories sent as one ZIP archive, made while it is sent.

use std::path::PathBuf;

use axum::extract::State as Use;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::Response;

use super::blocking::streamed;
use super::extract::Input;
use super::validate::{Fields, Noted, Read, Texts};
use super::{Error, State};
use crate::files;

/// What to archive.
pub(super) struct ArchiveRequest {
    paths: Vec<String>,
}

impl Read for ArchiveRequest {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Noted> {
        let paths = fields.required("paths", Texts);
        Ok(Self { paths: paths? })
    }
}

/// Sends an archive of the paths, which are seen from the home directory.
pub(super) async fn download_archive(
    Use(state): Use<State>,
    Input((), request): Input<(), ArchiveRequest>,
) -> Result<Response, Error> {
    let asked = request.paths.iter();
    let paths: Vec<PathBuf> = asked
        .map(|path| state.workspace().resolve(None, path))
        .collect::<Result<_, _>>()?;
    streamed("application/zip", move |stop, out| {
        let name = disposition(&files::check(&paths)?);
        out.declare([(CONTENT_DISPOSITION, name)]);
        Ok(files::archive(&paths, |piece| out.give(piece), stop)?)
    })
    .await
}

/// The header that gives a download its name (RFC 6266): a plain form for every client, and when that cannot say it
/// all, the exact one beside it.
fn disposition(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' => '_',
            c if c.is_ascii() && !c.is_ascii_control() => c,
            _ => '_',
        })
        .collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        value.push_str(&encoded(name));
    }
    HeaderValue::from_str(&value).expect("all of it is plain ASCII")
}

/// `text` with every byte but letters, digits and a few marks as `%XX` (RFC 8187, `ext-value`).
fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes everything");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_download_has_its_name_in_a_form_every_client_reads() {
        for (name, value) in [
            ("two words.zip", "attachment; filename=\"two words.zip\""),
            (
                "say \"hi\".zip",
                "attachment; filename=\"say _hi_.zip\"; filename*=UTF-8''say%20%22hi%22.zip",
            ),
            (
                "日.zip",
                "attachment; filename=\"_.zip\"; filename*=UTF-8''%E6%97%A5.zip",
            ),
            (
                "a\r\nX: y.zip",
                "attachment; filename=\"a__X: y.zip\"; filename*=UTF-8''a%0D%0AX%3A%20y.zip",
            ),
        ] {
            assert_eq!(disposition(name), value, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_makes_a_header(name in "\\PC{0,20}[\\x00-\\x7f]{0,20}") {
            prop_assert!(disposition(&name).to_str().is_ok());
        }
    }
}
