//! A message of the Jupyter protocol (version 5.4): a signed header, its parent's, and a content.

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::Sha256;

const DELIMITER: &[u8] = b"<IDS|MSG>";
/// The protocol's version that requests declare.
const VERSION: &str = "5.4";

/// A message from the kernel.
#[derive(Debug)]
pub(super) struct Message {
    /// What it is, such as `execute_reply`.
    pub(super) kind: String,
    /// The id of the request it belongs to, if to any.
    pub(super) parent: Option<String>,
    /// What it says.
    pub(super) content: Box<RawValue>,
}

impl Message {
    /// Its content as `T`; none when that does not fit.
    pub(super) fn read<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        serde_json::from_str(self.content.get()).ok()
    }
}

#[derive(Deserialize)]
struct Header {
    msg_id: String,
    msg_type: String,
}

#[derive(Deserialize)]
struct Parent {
    msg_id: Option<String>,
}

#[derive(Serialize)]
struct Ours<'a> {
    msg_id: &'a str,
    session: &'a str,
    username: &'a str,
    date: String,
    msg_type: &'a str,
    version: &'a str,
}

/// What signs requests and checks what comes back.
pub(super) struct Signer {
    session: String,
    key: Hmac<Sha256>,
    sent: u64,
}

impl Signer {
    /// One that signs with `key`, which the kernel knows too.
    pub(super) fn new(key: &str, session: String) -> Self {
        let key = Hmac::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        Self {
            session,
            key,
            sent: 0,
        }
    }

    /// A request: its id, and its frames.
    pub(super) fn request(
        &mut self,
        kind: &str,
        content: &impl Serialize,
    ) -> (String, Vec<Vec<u8>>) {
        self.sent += 1;
        let msg_id = format!("{}_{}", self.session, self.sent);
        let header = Ours {
            msg_id: &msg_id,
            session: &self.session,
            username: "open-terminal",
            date: format!("{:.6}", Timestamp::now()),
            msg_type: kind,
            version: VERSION,
        };
        let header = serde_json::to_vec(&header).expect("texts can be written");
        let content = serde_json::to_vec(content).expect("plain structs of texts can be written");
        let parts = [header, b"{}".to_vec(), b"{}".to_vec(), content];
        let signature = hex(&self.sign(&parts).finalize().into_bytes());
        let mut frames = vec![DELIMITER.to_vec(), signature.into_bytes()];
        frames.extend(parts);
        (msg_id, frames)
    }

    /// The message in these frames; none when it is not one, or not signed as it should be.
    pub(super) fn read(&self, frames: &[Bytes]) -> Option<Message> {
        let at = frames.iter().position(|frame| &frame[..] == DELIMITER)?;
        let [signature, parts @ ..] = &frames[at + 1..] else {
            return None;
        };
        let [header, parent, _, content] = parts.get(..4)? else {
            return None;
        };
        self.sign(&parts[..4])
            .verify_slice(&unhex(signature)?)
            .ok()?;
        let header: Header = serde_json::from_slice(header).ok()?;
        let parent: Option<Parent> = serde_json::from_slice(parent).ok();
        // Of a text that was never UTF-8, such as a file's name, Python sends the bytes.
        let content = String::from_utf8_lossy(content).into_owned();
        if header.msg_id.is_empty() {
            return None;
        }
        Some(Message {
            kind: header.msg_type,
            parent: parent.and_then(|parent| parent.msg_id),
            content: RawValue::from_string(content).ok()?,
        })
    }

    fn sign(&self, parts: &[impl AsRef<[u8]>]) -> Hmac<Sha256> {
        let mut signing = self.key.clone();
        for part in parts {
            signing.update(part.as_ref());
        }
        signing
    }
}

/// `bytes` in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .map(|half| char::from(DIGITS[usize::from(half)]))
        .collect()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(request: Vec<Vec<u8>>) -> Vec<Bytes> {
        request.into_iter().map(Bytes::from).collect()
    }

    #[test]
    fn what_is_signed_by_another_or_changed_is_no_message() {
        let mut ours = Signer::new("key", "s".into());
        let (id, request) = ours.request("execute_request", &serde_json::json!({"code": "é"}));
        let mut frames = frames(request);
        frames.insert(0, Bytes::from_static(b"topic"));
        let read = ours.read(&frames).unwrap();
        assert_eq!((read.kind.as_str(), read.parent), ("execute_request", None));
        assert_eq!(read.content.get(), r#"{"code":"é"}"#);
        assert!(id.starts_with("s_"));
        assert!(Signer::new("other", "s".into()).read(&frames).is_none());
        for changed in 2..frames.len() {
            let mut frames = frames.clone();
            frames[changed] = Bytes::from_static(b"{\"msg_id\":\"x\",\"msg_type\":\"y\"}");
            assert!(ours.read(&frames).is_none(), "{changed}");
            assert!(ours.read(&frames[..changed]).is_none());
        }
    }

    #[test]
    fn a_byte_that_is_no_character_costs_only_itself() {
        let signer = Signer::new("key", "s".into());
        let parts = [
            &b"{\"msg_id\":\"x\",\"msg_type\":\"stream\"}"[..],
            b"{}",
            b"{}",
            b"{\"text\":\"caf\xe9\"}",
        ];
        let signature = hex(&signer.sign(&parts).finalize().into_bytes());
        let mut frames = vec![DELIMITER, signature.as_bytes()];
        frames.extend(parts);
        let frames: Vec<Bytes> = frames.into_iter().map(Bytes::copy_from_slice).collect();
        let read = signer.read(&frames).unwrap();
        assert_eq!(read.content.get(), "{\"text\":\"caf\u{fffd}\"}");
    }

    #[test]
    fn signatures_are_those_of_the_standard() {
        // RFC 4231, test case 2.
        let signer = Signer::new("Jefe", String::new());
        let code = signer.sign(&[b"what do ya want for ", &b"nothing?"[..]]);
        assert_eq!(
            hex(&code.finalize().into_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
