//! An API key is the secret a client sends as a bearer token.

use std::fmt;

/// The key in force. It is never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    secret: String,
    /// Whether it was made at start because none was configured.
    pub generated: bool,
}

impl ApiKey {
    /// A key that somebody configured.
    pub fn configured(secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
            generated: false,
        }
    }

    /// A new key: 384 random bits as 64 URL-safe characters.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bits = [0; 48];
        getrandom::fill(&mut bits)?;
        Ok(Self {
            secret: base64url(&bits),
            generated: true,
        })
    }

    /// The key as a client sends it.
    pub fn as_bytes(&self) -> &[u8] {
        self.secret.as_bytes()
    }

    /// The key as text, to show a generated one to the person who starts the server.
    pub fn reveal(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey")
            .field("secret", &format_args!("********"))
            .field("generated", &self.generated)
            .finish()
    }
}

/// Base64 with `-` and `_`, for whole groups of three bytes.
fn base64url(bytes: &[u8; 48]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(64);
    for group in bytes.chunks_exact(3) {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for shift in [18, 12, 6, 0] {
            out.push(char::from(DIGITS[(bits >> shift) as usize & 63]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_64_url_safe_characters_and_differ() {
        let [one, two] = [(); 2].map(|()| ApiKey::generate().expect("random bits"));
        assert_ne!(one, two);
        assert_eq!(one.reveal().len(), 64);
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(one.reveal().chars().all(safe));
        assert!(one.generated);
    }

    #[test]
    fn the_encoding_is_base64url() {
        let mut bytes = [0; 48];
        bytes[..6].copy_from_slice(&[0xfb, 0xff, 0xbf, 0x14, 0xfb, 0x9c]);
        assert_eq!(&base64url(&bytes)[..8], "-_-_FPuc");
    }

    #[test]
    fn debug_masks_the_secret() {
        let shown = format!("{:?}", ApiKey::configured("hunter2"));
        assert!(
            !shown.contains("hunter2") && shown.contains("****"),
            "{shown}"
        );
    }
}
