//! Tests of mail.

use super::*;

fn text_of(mail: &[u8]) -> String {
    let mut text = Text::new(1 << 20);
    read(mail, &mut text).expect("it can be read");
    text.as_str().to_owned()
}

#[test]
fn headers_are_decoded_and_come_in_their_order() {
    let mail = "Subject: long\n folded =?iso-8859-1?q?caf=E9?=\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\
                To: a@b,\n\tc@d, \"Q, R\" <q@r>\nFrom: =?utf-8?q?Z=C3=A9?= <z@e>\nX-Other: x\n\nbody\n";
    assert_eq!(
        text_of(mail.as_bytes()),
        "From: Zé <z@e>\nTo: a@b, c@d, \"Q, R\" <q@r>\nDate: Mon, 01 Jan 2024 10:00:00 +0000\n\
         Subject: long folded café\n\nbody\n"
    );
}

#[test]
fn dates_are_written_in_one_way_and_others_stay() {
    for (written, expected) in [
        ("2 Jan 2024 10:00 GMT", "Tue, 02 Jan 2024 10:00:00 +0000"),
        ("1 Jan 24 10:00 GMT", "Mon, 01 Jan 2024 10:00:00 +0000"),
        (
            "Tue, 02 Jan 24 1:02:03 EST",
            "Tue, 02 Jan 2024 01:02:03 -0500",
        ),
        (
            "Tue, 2 Jan 2024 10:00:00 -0500 (EST)",
            "Tue, 02 Jan 2024 10:00:00 -0500",
        ),
        (
            "Tue, 2 Jan 2024 10:00:00",
            "Tue, 02 Jan 2024 10:00:00 -0000",
        ),
        (
            "Mon, 2 Jan 2024 10:00:00 -0000",
            "Tue, 02 Jan 2024 10:00:00 -0000",
        ),
        (
            "Tue,  2 Jan 2024 10:00:00 Z",
            "Tue, 02 Jan 2024 10:00:00 +0000",
        ),
        ("garbage", "garbage"),
    ] {
        let text = text_of(format!("From: a@b\nDate: {written}\nSubject: s\n\nb").as_bytes());
        assert_eq!(
            text,
            format!("From: a@b\nDate: {expected}\nSubject: s\n\nb")
        );
    }
}

#[test]
fn the_plain_body_is_taken_and_attachments_are_not() {
    let mail = "Subject: m\nContent-Type: multipart/mixed; boundary=A\n\n--A\n\
                Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/html\n\n<p>html</p>\n--B\n\
                Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\ncGxhaW4gw6k=\n--B--\n--A\n\
                Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nattached\n--A\n\
                Content-Type: text/plain\n\nbelow\n--A--\n";
    assert_eq!(text_of(mail.as_bytes()), "Subject: m\n\nplain é\n\nbelow");
}

#[test]
fn a_folded_subject_keeps_its_blanks_and_tabs() {
    let subject = |written: &str| {
        let text = text_of(format!("Subject: {written}\nFrom: a@b\n\nb").as_bytes());
        let line = text.lines().find_map(|line| line.strip_prefix("Subject: "));
        line.expect("it has a subject").to_owned()
    };
    assert_eq!(subject("folded\r\n over\r\n\tlines"), "folded over\tlines");
    assert_eq!(subject(" two  spaces "), "two  spaces ");
    assert_eq!(subject("=?utf-8?q?a?=\r\n\t=?utf-8?q?b?="), "ab");
}

#[test]
fn html_is_read_where_there_is_nothing_else() {
    let mail = b"Subject: h\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<body><p>Hi \xe9</p><p>two</p></body>\r\n";
    assert_eq!(text_of(mail), "Subject: h\n\nHi \u{e9}two");
}

#[test]
fn parts_that_lie_in_each_other_without_end_are_refused() {
    let many = |level: &str, levels: usize| format!("From: a@b\n{}\ntext\n", level.repeat(levels));
    let forwarded = "Content-Type: message/rfc822\n\n";
    let mixed = |levels: usize| {
        (0..levels).fold(String::new(), |all, at| {
            all + &format!("Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n")
        })
    };
    for mail in [
        many(forwarded, 200_000),
        many(
            "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
            200_000,
        ),
        many(&mixed(20_000), 1),
    ] {
        let refused = read(mail.as_bytes(), &mut Text::new(1 << 20));
        assert!(
            matches!(&refused, Err(Problem::Damaged(how)) if how.contains("deep")),
            "{refused:?}"
        );
    }
    text_of(many(forwarded, 50).as_bytes());
    assert!(text_of(many(&mixed(50), 1).as_bytes()).ends_with("text\n"));
}
