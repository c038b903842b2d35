//! Requests that are answered without their bodies: what is left of these, and whether the connection serves on.

use super::*;

/// A connection to a server that reads no body, after an answer to a request with these headers.
async fn answered(headers: &str, at_once: &str) -> (TcpStream, String) {
    let router = Router::new().route("/", post(|| async { "not wanted" }));
    let mut stream = served(router).await;
    stream.set_nodelay(true).unwrap();
    send(&mut stream, "POST /", headers).await;
    stream.write_all(at_once.as_bytes()).await.unwrap();
    // As it comes behind the rest, by itself.
    sleep(Duration::from_millis(2)).await;
    if headers.contains("chunked") {
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    }
    let answer = until(&mut stream, "not wanted").await;
    (stream, answer)
}

#[tokio::test]
async fn a_little_that_is_left_is_read_and_the_connection_serves_on() {
    for (headers, body) in [
        ("transfer-encoding: chunked\r\n", ""),
        ("transfer-encoding: chunked\r\n", "4\r\nbody\r\n"),
        ("content-length: 4\r\n", "body"),
    ] {
        let (mut stream, answer) = answered(headers, body).await;
        assert!(!answer.contains("connection: close"), "{headers}: {answer}");
        send(&mut stream, "POST /", "content-length: 0\r\n").await;
        until(&mut stream, "not wanted").await;
    }
}

#[tokio::test]
async fn what_does_not_come_or_is_much_closes_the_connection_which_is_told() {
    let much = "x".repeat(200_000);
    for (headers, body) in [
        ("content-length: 10\r\n", "x"),
        ("content-length: 1000000\r\n", &*much),
    ] {
        let (mut stream, answer) = answered(headers, body).await;
        assert!(answer.contains("connection: close"), "{headers}: {answer}");
        assert!(ends(&mut stream).await);
    }
}

#[tokio::test]
async fn who_waits_to_be_asked_for_a_body_that_nobody_wants_is_not_asked() {
    let headers = "content-length: 4\r\nexpect: 100-continue\r\n";
    let (mut stream, answer) = answered(headers, "").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(ends(&mut stream).await);
}
