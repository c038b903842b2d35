//! RTF and mail made to do harm.

use std::fmt::Write as _;

use super::Siege;

const LEVELS: usize = 100_000;

/// Rich text with a byte that is no UTF-8: without one, the file would be read as the plain text it is.
fn rtf(text: &str) -> Vec<u8> {
    [b"{\\rtf1\\ansi \xe4", text.as_bytes(), b"}"].concat()
}

/// Mail, with such a byte, too.
fn mail(text: &str) -> Vec<u8> {
    [b"From: a@example.org\r\nX: \xe4\r\n", text.as_bytes()].concat()
}

#[test]
fn rich_text_of_a_hundred_thousand_groups_ends() {
    let siege = Siege::new();
    let nested = |open: &str| {
        let (open, close) = (open.repeat(LEVELS), "}".repeat(LEVELS));
        rtf(&format!("{open}deep{close}"))
    };
    siege.reads("groups.rtf", nested("{"));
    siege.reads("bold.rtf", nested("{\\b\\f1\\u228?"));
    siege.reads("ignored.rtf", nested("{\\*\\x "));
    siege.reads("fields.rtf", nested("{\\field{\\fldinst x}{\\fldrslt "));
    siege.reads("open.rtf", rtf(&"{".repeat(LEVELS)));
    siege.reads("closed.rtf", rtf(&"}".repeat(LEVELS)));
}

#[test]
fn rich_text_with_silly_numbers_ends() {
    let siege = Siege::new();
    for (name, text) in [
        ("binary", "\\bin999999999999 abc"),
        ("minus", "\\bin-5 abc"),
        ("skip", "\\uc999999999\\u228 abc"),
        ("negative", "\\uc-1\\u228 abc"),
        ("unicode", "\\u99999999999999999999?\\u-99999?\\u56320?"),
        ("page", "\\ansicpg99999 \\'ff\\'"),
        ("hex", "\\'zz\\'"),
        (
            "font",
            "{\\fonttbl{\\f-1\\fcharset999;}{\\f2147483648;}}\\f-1 x\\f2147483648 y",
        ),
        ("end", "\\"),
        ("letter", "\\u"),
    ] {
        siege.reads(&format!("{name}.rtf"), rtf(text));
    }
    siege.reads("word.rtf", rtf(&format!("\\{}", "a".repeat(10_000_000))));
    siege.reads("words.rtf", rtf(&"\\tab".repeat(5_000_000)));
    let fonts = (0..200_000).fold("{\\fonttbl".to_owned(), |mut all, n| {
        write!(all, "{{\\f{n}\\fcharset204 x;}}").expect("a string takes all");
        all
    });
    siege.reads("fonts.rtf", rtf(&format!("{fonts}}}")));
}

#[test]
fn mail_of_a_hundred_thousand_parts_ends() {
    let siege = Siege::new();
    let mut nested = String::new();
    for level in 0..LEVELS {
        write!(
            nested,
            "Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"
        )
        .expect("a string takes all");
    }
    siege.reads("multiparts.eml", mail(&format!("{nested}\r\ndeep")));
    siege.reads(
        "messages.eml",
        mail(&format!(
            "{}\r\ndeep",
            "Content-Type: message/rfc822\r\n\r\n".repeat(LEVELS)
        )),
    );
    let parts = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n".repeat(LEVELS);
    siege.reads(
        "parts.eml",
        mail(&format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}"
        )),
    );
    let same = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(10_000);
    siege.reads("same.eml", mail(&format!("{same}\r\ndeep")));
}

#[test]
fn a_stack_that_is_not_enough_is_told_as_nesting() {
    let siege = Siege::new();
    // Of what is packed the parser makes copies level by level.
    let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(LEVELS * 3);
    let packed = base64(messages.as_bytes());
    let head = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    siege.refuses(
        "packed.eml",
        mail(&format!("{head}{packed}")),
        &["nested too deeply"],
    );
}

/// Bytes, three at a time, as four letters.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (triples, _) = bytes.as_chunks::<3>();
    let letters = triples.iter().flat_map(|[a, b, c]| {
        let bits = u32::from_be_bytes([0, *a, *b, *c]);
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[((bits >> shift) & 63) as usize]))
    });
    letters.collect()
}

#[test]
fn mail_with_endless_headers_ends() {
    let siege = Siege::new();
    let parameters = "; a*0*=utf-8''x".repeat(200_000);
    for (name, head) in [
        ("to", format!("To: {}", "a@example.org, ".repeat(500_000))),
        (
            "words",
            format!("Subject: {}", "=?utf-8?q?=e4?= ".repeat(300_000)),
        ),
        ("comments", format!("To: {}", "(".repeat(1_000_000))),
        ("groups", format!("To: {}", "a:".repeat(500_000))),
        ("folded", format!("Subject: {}x", "\r\n ".repeat(1_000_000))),
        ("headers", "X: y\r\n".repeat(1_000_000)),
        (
            "date",
            "Date: Mon, 99 Foo 99999999999 99:99:99 +99999999".to_owned(),
        ),
        (
            "parameters",
            format!("Content-Type: text/plain{parameters}"),
        ),
    ] {
        siege.reads(&format!("{name}.eml"), mail(&format!("{head}\r\n\r\nx")));
    }
}

#[test]
fn mail_with_an_endless_body_ends() {
    let siege = Siege::new();
    let packed = "Content-Transfer-Encoding: base64";
    let html = "Content-Type: text/html";
    for (name, head, body) in [
        ("base64", packed, "=A".repeat(2_000_000)),
        ("html", html, "<div><table><tr><td>&amp".repeat(200_000)),
        ("tags", html, "<".repeat(2_000_000)),
        ("comment", html, "<!--<script>".repeat(300_000)),
    ] {
        siege.reads(
            &format!("{name}.eml"),
            mail(&format!("{head}\r\n\r\n{body}")),
        );
    }
}
