//! Tests of HTML.

use super::{decode, text_of};

#[test]
fn short_pages_on_one_line_stay_as_they_are() {
    assert_eq!(
        text_of("<html><body><p>Hi <b>there</b> é</p><p>two</p></body></html>\n"),
        "Hi there étwo"
    );
}

#[test]
fn what_a_browser_puts_on_a_line_of_its_own_gets_one() {
    let page = "<body><h1>Head</h1>\n<p>one</p><p>two<br>three<br/><br/>four</p><ul><li>a</li><li>b</li></ul>\
                <table><tr><td>x</td> <td>y</td></tr><tr><th>z</th></tr></table></body>";
    assert_eq!(
        text_of(page),
        "Head\none\ntwo\nthree\n\nfour\na\nb\nx\ty\nz"
    );
}

#[test]
fn scripts_styles_titles_and_comments_are_no_text() {
    let page = "<html><head><title>T</title><style>p{}</style></head><body><script>var x='<b>'</script>a\
                <!-- c --><style/>b<![CDATA[ c & d]]><script>never ends";
    assert_eq!(text_of(page), "ab c & dnever ends");
}

#[test]
fn references_are_resolved_and_others_left() {
    assert_eq!(
        text_of("a&nbsp;b&mdash;&#8217;&#x20ac;&#147;&amp;lt; &unknown; & x < y &lt;"),
        "a\u{a0}b—’€“&lt; &unknown; & x < y <"
    );
}

#[test]
fn pages_say_their_encoding() {
    assert_eq!(
        decode(b"<?xml version='1.0' encoding='iso-8859-2'?>\xb1"),
        "<?xml version='1.0' encoding='iso-8859-2'?>ą"
    );
    assert_eq!(
        decode(b"<meta charset=windows-1251>\xcf"),
        "<meta charset=windows-1251>П"
    );
    assert_eq!(decode("caf\u{e9}".as_bytes()), "café");
    assert_eq!(decode(b"caf\xe9"), "café");
}
