//! Headers that say who asks: each request is one user's, whoever else it names, in whatever way.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::grounds::{Ground, Grounds};
use crate::support::{KEY, seconds};

const WORD: &str = "only-for-its-owner-77";

/// All that a server says to bytes, until it closes or has nothing more to say.
fn said(ground: &Ground, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", ground.port)).expect("the server listens");
    let patience = Some(seconds(3));
    stream.set_read_timeout(patience).expect("it can be set");
    stream.write_all(bytes).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request for the other's file with these headers; `A` and `B` in angle brackets are the ids.
fn asked(ground: &Ground, headers: &[u8]) -> String {
    let mut bytes = format!(
        "GET /files/read?path={} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n",
        ground.b().at("it.txt")
    )
    .into_bytes();
    bytes.extend(named(ground, headers));
    bytes.extend(b"\r\n\r\n");
    said(ground, &bytes)
}

/// Bytes with the ids in place.
fn named(ground: &Ground, bytes: &[u8]) -> Vec<u8> {
    let mut text = bytes.to_vec();
    for (mark, id) in [(b"<A>", ground.a().id()), (b"<B>", ground.b().id())] {
        while let Some(at) = text.windows(3).position(|window| window == mark) {
            text.splice(at..at + 3, id.bytes());
        }
    }
    text
}

/// Headers that name the other, and the one who asks, in ways that somebody could read otherwise.
const HEADERS: [(&str, &[u8]); 25] = [
    ("two, the other second", b"x-user-id: <A>\r\nx-user-id: <B>"),
    ("two, the other first", b"x-user-id: <B>\r\nx-user-id: <A>"),
    ("two, of different case", b"x-user-id: <A>\r\nX-USER-ID: <B>"),
    ("two, one empty", b"x-user-id:\r\nx-user-id: <B>"),
    ("two, the same", b"x-user-id: <B>\r\nx-user-id: <B>"),
    ("two sessions", b"x-user-id: <B>\r\nx-session-id: a\r\nx-session-id: b"),
    ("none", b"x-nothing: <B>"),
    ("an empty one", b"x-user-id: "),
    ("a blank one", b"x-user-id: \t \t"),
    ("a fold", b"x-user-id: <A>\r\n <B>"),
    ("a fold with nothing before it", b"x-user-id:\r\n <B>"),
    ("a space before the colon", b"x-user-id : <B>"),
    ("underscores", b"x_user_id: <B>"),
    ("underscores beside one's own", b"x-user-id: <A>\r\nx_user_id: <B>"),
    ("a control character", b"x-user-id: \x01<B>"),
    ("a NUL", b"x-user-id: <B>\0"),
    ("a bare line feed", b"x-user-id: <A>\nx-user-id: <B>"),
    ("a bare carriage return", b"x-user-id: <A>\rx-user-id: <B>"),
    ("what is not UTF-8", b"x-user-id: <B>\xff"),
    ("another header for it", b"x-user-id: <A>\r\nx-forwarded-user: <B>\r\nx-openwebui-user-id: <B>\r\nremote-user: <B>"),
    ("one's own named by the connection", b"x-user-id: <A>\r\nconnection: x-user-id\r\nx-forwarded-user: <B>"),
    ("both named by the connection", b"connection: x-user-id, authorization\r\nx-user-id: <A>\r\nx-user-id: <B>"),
    ("the server's own headers", b"x-user-id: <A>\r\nx-open-terminal-peer: <B>\r\nx-open-terminal-request: <B>"),
    ("a cookie", b"x-user-id: <A>\r\ncookie: x-user-id=<B>; user_id=<B>"),
    ("a trailer", b"x-user-id: <A>\r\ntransfer-encoding: chunked\r\ntrailer: x-user-id\r\n\r\n0\r\nx-user-id: <B>"),
];

fn grounds(name: &'static str) -> Option<Grounds> {
    let grounds = Grounds::of(name)?;
    for ground in [grounds.accounts(), grounds.all()] {
        ground.b().put("it.txt", WORD);
    }
    Some(grounds)
}

/// An attempt that would succeed if the header were taken for the other's alone, as that user's own is.
fn attempt(grounds: &Grounds, name: &str, attack: impl Fn(&Ground) -> String) {
    grounds.theme.attempt(
        name,
        || asked(grounds.all(), b"x-user-id: <B>").contains(WORD),
        || {
            [grounds.accounts(), grounds.all()]
                .into_iter()
                .any(|ground| attack(ground).contains(WORD))
        },
    );
}

#[test]
fn headers_that_could_be_read_in_two_ways_lead_to_nobody_else() {
    let Some(grounds) = grounds("identity, headers") else {
        return;
    };
    for (name, headers) in HEADERS {
        attempt(&grounds, name, |ground| asked(ground, headers));
    }
    attempt(&grounds, "10 KB that begin with the other's", |ground| {
        asked(
            ground,
            &[b"x-user-id: <B>", &b"x".repeat(10_000)[..]].concat(),
        )
    });
    attempt(&grounds, "10 KB that end with the other's", |ground| {
        asked(
            ground,
            &[b"x-user-id: ", &b"x".repeat(10_000)[..], b", <B>"].concat(),
        )
    });
    for name in [
        "root",
        "daemon",
        "www-data",
        "nobody",
        "sudo",
        "Root",
        "r\u{f6}oot",
    ] {
        attempt(&grounds, &format!("the name {name}"), |ground| {
            if name == "www-data" {
                // The hyphen goes, and the rest is a name like any other: there is an account.
                ground.also(name);
            }
            if name.is_ascii() {
                let status = asked(ground, format!("x-user-id: {name}").as_bytes());
                if !status.starts_with("HTTP/1.1 403") {
                    return format!("{WORD}: {status}");
                }
            }
            asked(
                ground,
                format!("x-user-id: {name}\r\nx-user-id: <B>").as_bytes(),
            )
        });
    }
    grounds.end(34);
}

/// Makes an id that looks like the other's.
type Alike = fn(&Ground) -> String;

#[test]
fn ids_that_look_like_another_s_are_others() {
    let Some(grounds) = grounds("identity, alike") else {
        return;
    };
    let ids: [(&str, Alike); 8] = [
        ("a list with the other's second", |g| {
            format!("{}, {}", g.a().id(), g.b().id())
        }),
        ("a list with the other's first", |g| {
            format!("{}, {}", g.b().id(), g.a().id())
        }),
        ("upper case", |g| g.b().id().to_uppercase()),
        ("more behind it", |g| format!("{}-and-more", g.b().id())),
        ("a path", |g| format!("../{}", g.b().id())),
        ("a percent sign", |g| format!("{}%00", g.b().id())),
        ("a zero-width space", |g| format!("{}\u{200b}", g.b().id())),
        ("full-width letters", |g| {
            let wide = |c: char| char::from_u32(c as u32 + 0xfee0).unwrap_or(c);
            g.b().id().chars().map(wide).collect()
        }),
    ];
    for (name, id) in ids {
        attempt(&grounds, name, |ground| {
            let id = id(ground);
            ground.also(&id);
            asked(ground, format!("x-user-id: {id}").as_bytes())
        });
    }
    grounds.end(8);
}

/// Requests whole, as bytes; `KEY` stands for the line with the key.
const WHOLE: [(&str, &str); 8] = [
    (
        "the address names another",
        "GET /files/read?user_id=<B>&path=FILE HTTP/1.1\r\nhost: x\r\nKEYx-user-id: <A>\r\nconnection: close\r\n\r\n",
    ),
    (
        "the address alone names another",
        "GET /files/read?user_id=<B>&path=FILE HTTP/1.1\r\nhost: x\r\nKEYconnection: close\r\n\r\n",
    ),
    (
        "the address has a user",
        "GET http://<B>@x/files/read?path=FILE HTTP/1.1\r\nhost: <B>@x\r\nKEYx-user-id: <A>\r\nconnection: close\r\n\r\n",
    ),
    (
        "a request in the body, by length and chunks",
        "POST /files/stat HTTP/1.1\r\nhost: x\r\nKEYx-user-id: <A>\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /files/read?path=FILE HTTP/1.1\r\nhost: x\r\nx-user-id: <B>\r\nconnection: close\r\n\r\n",
    ),
    (
        "a request in the body, by two lengths",
        "POST /execute HTTP/1.1\r\nhost: x\r\nKEYx-user-id: <A>\r\ncontent-length: 0\r\ncontent-length: 120\r\n\r\nGET /files/read?path=FILE HTTP/1.1\r\nhost: x\r\nx-user-id: <B>\r\nconnection: close\r\n\r\n",
    ),
    (
        "a request in the body, by an odd coding",
        "POST /execute HTTP/1.1\r\nhost: x\r\nKEYx-user-id: <A>\r\ntransfer-encoding: xchunked\r\ncontent-length: 4\r\n\r\n1\r\nZGET /files/read?path=FILE HTTP/1.1\r\nhost: x\r\nx-user-id: <B>\r\nconnection: close\r\n\r\n",
    ),
    (
        "a request after one that is refused",
        "GET /none HTTP/1.1\r\nhost: x\r\nKEYx-user-id: <A>\r\n\r\nGET /files/read?path=FILE HTTP/1.1\r\nhost: x\r\nx-user-id: <B>\r\nconnection: close\r\n\r\n",
    ),
    (
        "headers in the address",
        "GET /files/read?path=FILE%20HTTP/1.1%0d%0ax-user-id:%20<B>%0d%0a HTTP/1.1\r\nhost: x\r\nKEYx-user-id: <A>\r\nconnection: close\r\n\r\n",
    ),
];

#[test]
fn no_request_hides_in_another() {
    let Some(grounds) = grounds("identity, smuggled") else {
        return;
    };
    for (name, text) in WHOLE {
        attempt(&grounds, name, |ground| {
            let text = text
                .replace("KEY", &format!("authorization: Bearer {KEY}\r\n"))
                .replace("FILE", &ground.b().at("it.txt"));
            said(ground, &named(ground, text.as_bytes()))
        });
    }
    // On one connection users take turns, and each gets their own.
    attempt(&grounds, "the connection of another", |ground| {
        let of = |id: &str, path: &str| {
            format!(
                "GET /files/read?path={path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nx-user-id: {id}\r\n\r\n"
            )
        };
        ground.a().put("it.txt", "of-the-first");
        let (a, b) = (ground.a(), ground.b());
        let turns = [
            of(a.id(), "it.txt"),
            of(b.id(), "nothing"),
            of(a.id(), &b.at("it.txt")),
            of(a.id(), "it.txt"),
        ];
        let answer = said(ground, turns.concat().as_bytes());
        assert_eq!(answer.matches("of-the-first").count(), 2, "{answer}");
        answer
    });
    grounds.end(9);
}
