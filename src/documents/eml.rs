//! Mail: the headers a reader sees, and the body.
//!
//! RFC 5322 and MIME, read by `mail-parser`. What is attached is left out.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::fmt::rfc2822;
use mail_parser::{
    Addr, Address, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders as _,
    PartType,
};

use super::{Problem, Text, html};

/// The headers that are shown.
const SHOWN: [HeaderName<'static>; 5] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::Cc,
    HeaderName::Date,
    HeaderName::Subject,
];

/// Characters that make a name be quoted (RFC 5322, clause 3.2.3).
const SPECIALS: [char; 13] = [
    '(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '.', '"',
];

/// How deep parts may lie in each other; mail of people who forward what was forwarded has some ten.
const NESTED: usize = 100;

/// Reads the text of such a document.
pub(super) fn read(bytes: &[u8], text: &mut Text) -> Result<(), Problem> {
    text.notice("Pictures, links and the look of the text are not compared.");
    text.notice("Mail is compared by its sender, receivers, date, subject and body, not by what is attached.");
    // Mailboxes put a line before each message.
    let bytes = match bytes.strip_prefix(b"From ") {
        Some(rest) => &rest[memchr::memchr(b'\n', rest).map_or(0, |at| at + 1)..],
        None => bytes,
    };
    // What is no date stays as it is, so dates are read here.
    let parser = MessageParser::new().with_minimal_headers();
    let Some(message) = parser.header_raw(HeaderName::Date).parse(bytes) else {
        return Err(Problem::Damaged(
            "it has neither headers nor a body".to_owned(),
        ));
    };
    if is_too_deep(&message) {
        take_apart(message);
        let how = format!("its parts lie in each other more than {NESTED} deep");
        return Err(Problem::Damaged(how));
    }
    for name in SHOWN {
        let shown = header(&message, &name);
        if !shown.is_empty() {
            text.line(&format!("{}: {shown}", name.as_str()))?;
        }
    }
    text.line("")?;
    if let Some(body) = body(&message, message.root_part()) {
        text.line(&body.replace("\r\n", "\n"))?;
    }
    Ok(())
}

/// Whether parts, or messages within messages, lie in each other deeper than what follows them by recursion may go.
fn is_too_deep(message: &Message<'_>) -> bool {
    let mut left = vec![(message, 0)];
    while let Some((message, depth)) = left.pop() {
        let mut depths = vec![depth; message.parts.len()];
        for (at, part) in message.parts.iter().enumerate() {
            let within = depths[at] + 1;
            if within > NESTED {
                return true;
            }
            match &part.body {
                PartType::Multipart(parts) => {
                    for part in parts.iter().map(|part| *part as usize) {
                        // The parser puts parts behind what they are part of; others would lead in a circle.
                        if part <= at {
                            return true;
                        }
                        if let Some(depth) = depths.get_mut(part) {
                            *depth = within;
                        }
                    }
                }
                PartType::Message(message) => left.push((message, within)),
                _ => {}
            }
        }
    }
    false
}

/// Drops a message piece by piece: messages within it would be dropped by recursion.
fn take_apart(message: Message<'_>) {
    let mut left = vec![message];
    while let Some(message) = left.pop() {
        left.extend(
            message
                .parts
                .into_iter()
                .filter_map(|part| match part.body {
                    PartType::Message(message) => Some(message),
                    _ => None,
                }),
        );
    }
}

/// A header on one line; empty when it is not there.
fn header(message: &Message<'_>, name: &HeaderName<'_>) -> String {
    let Some(header) = message.headers().iter().find(|header| header.name == *name) else {
        return String::new();
    };
    let raw = message
        .raw_message()
        .get(header.offset_start() as usize..header.offset_end() as usize)
        .unwrap_or_default();
    let raw = String::from_utf8_lossy(raw);
    let words = || raw.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = match &header.value {
        HeaderValue::Address(address) => addresses(address),
        _ if *name == HeaderName::Date => date(&words()),
        HeaderValue::Text(text) => Some(unfolded(&raw, text)),
        HeaderValue::TextList(list) => Some(list.join(" ")),
        _ => None,
    };
    shown
        .filter(|shown| !shown.is_empty())
        .unwrap_or_else(words)
}

/// A text as it was before it was broken into lines (RFC 5322, clause 2.2.3): blanks and tabs stay. What holds encoded
/// words is taken as decoded.
fn unfolded(raw: &str, decoded: &str) -> String {
    let text = if raw.contains("=?") {
        decoded
    } else {
        raw.trim_start_matches([' ', '\t'])
    };
    text.replace(['\r', '\n'], "")
}

/// A date as RFC 5322 has it in clause 3.3; none when it is no date.
fn date(written: &str) -> Option<String> {
    static DATES: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let mut words: Vec<_> = written.split(' ').map(Cow::Borrowed).collect();
    for word in &mut words {
        // Not all write an hour with two digits.
        if word.find(':') == Some(1) {
            word.to_mut().insert(0, '0');
        }
    }
    let last = words.last_mut()?;
    if last == "Z" {
        *last = Cow::Borrowed("+0000");
    } else if last.contains(':') {
        words.push(Cow::Borrowed("-0000"));
    }
    let whole = words.join(" ");
    let date = DATES.parse_zoned_datetime(&whole).ok()?;
    if whole.ends_with("-0000") {
        // It is not known where it was that late.
        return Some(date.strftime("%a, %d %b %Y %H:%M:%S -0000").to_string());
    }
    Some(date.strftime("%a, %d %b %Y %H:%M:%S %z").to_string())
}

fn addresses(address: &Address<'_>) -> Option<String> {
    match address {
        Address::List(list) => Some(joined(list)),
        Address::Group(groups) => {
            let mut out = String::new();
            for group in groups {
                if !out.is_empty() {
                    out.push_str(", ");
                }
                let members = joined(&group.addresses);
                match &group.name {
                    Some(name) if members.is_empty() => write!(out, "{name}:;").ok()?,
                    Some(name) => write!(out, "{name}: {members};").ok()?,
                    None => out.push_str(&members),
                }
            }
            Some(out)
        }
    }
}

fn joined(list: &[Addr<'_>]) -> String {
    let mut out = String::new();
    for one in list {
        if !out.is_empty() {
            out.push_str(", ");
        }
        let name = one.name.as_deref().map(|name| {
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            if name.contains(SPECIALS) {
                format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
            } else {
                name
            }
        });
        match (name.filter(|name| !name.is_empty()), one.address.as_deref()) {
            (Some(name), Some(address)) => out.extend([&*name, " <", address, ">"]),
            (Some(name), None) => out.push_str(&name),
            (None, address) => out.push_str(address.unwrap_or_default()),
        }
    }
    out
}

/// The text of a part and those within; none when it has none to be shown.
fn body<'a>(message: &'a Message<'_>, part: &'a MessagePart<'_>) -> Option<Cow<'a, str>> {
    if part
        .content_disposition()
        .is_some_and(mail_parser::ContentType::is_attachment)
    {
        return None;
    }
    match &part.body {
        PartType::Text(text) => Some(Cow::Borrowed(text)),
        PartType::Html(page) => Some(Cow::Owned(html::text_of(page))),
        PartType::Multipart(within) => {
            let parts = within.iter().filter_map(|at| message.part(*at));
            match part
                .content_type()
                .and_then(mail_parser::ContentType::subtype)
            {
                Some("alternative") => alternative(message, parts),
                Some("related") => parts.map(|part| body(message, part)).next()?,
                _ => {
                    let shown = parts.filter(|part| is_shown(part));
                    let mut texts = shown.filter_map(|part| body(message, part));
                    let first = texts.next()?;
                    Some(texts.fold(first, |all, text| {
                        Cow::Owned(format!("{}\n\n{text}", all.trim_end()))
                    }))
                }
            }
        }
        _ => None,
    }
}

/// The plain one of texts that say the same; else the last that can be shown.
fn alternative<'a, 'm: 'a>(
    message: &'a Message<'m>,
    parts: impl Iterator<Item = &'a MessagePart<'m>>,
) -> Option<Cow<'a, str>> {
    let parts: Vec<_> = parts.filter(|part| is_shown(part)).collect();
    let texts = parts
        .iter()
        .filter(|part| matches!(part.body, PartType::Text(_)));
    let mut texts = texts.filter_map(|part| body(message, part));
    texts
        .find(|text| !text.trim().is_empty())
        .or_else(|| parts.iter().rev().find_map(|part| body(message, part)))
}

/// Whether a part within others is for reading, as an invitation or a table is not.
fn is_shown(part: &MessagePart<'_>) -> bool {
    let subtype = part
        .content_type()
        .and_then(mail_parser::ContentType::subtype);
    !matches!(part.body, PartType::Text(_)) || subtype.is_none_or(|subtype| subtype == "plain")
}

#[cfg(test)]
mod tests;
