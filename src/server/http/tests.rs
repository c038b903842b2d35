//! Connections to a router of these tests' own, served with little patience.

mod stalled;
mod unread;

use axum::routing::{get, post};
use futures_util::stream::once;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use nix::sys::socket::getsockopt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{sleep, timeout};

use super::*;

const PATIENCE: Patience = Patience {
    idle: Duration::from_millis(400),
    head: Duration::from_millis(200),
    stalled: STALLED,
};
/// Pieces of an upload, and the time between them: together far more than the patience.
const PIECES: usize = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// A connection to a server of its own.
async fn served(router: Router) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        connection(stream, |_| {}, router, PATIENCE, CancellationToken::new()).await;
    });
    TcpStream::connect(address).await.unwrap()
}

async fn send(stream: &mut TcpStream, line: &str, headers: &str) {
    let head = format!("{line} HTTP/1.1\r\nhost: here\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
}

/// Reads on until something has come.
async fn until(stream: &mut TcpStream, mark: &str) -> String {
    let mut text = String::new();
    while !text.contains(mark) {
        let mut bytes = [0; 1024];
        let read = timeout(Duration::from_secs(20), stream.read(&mut bytes));
        let length = read.await.expect("it comes in time").unwrap_or(0);
        assert!(length > 0, "it was closed after {text:?}");
        text += std::str::from_utf8(&bytes[..length]).unwrap();
    }
    text
}

/// Whether the server closes the connection, and says nothing more before.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = timeout(Duration::from_secs(20), stream.read(&mut byte));
    read.await.is_ok_and(|read| read.unwrap_or(0) == 0)
}

async fn upload_slowly(stream: &mut TcpStream) {
    for _ in 0..PIECES {
        sleep(PAUSE).await;
        stream.write_all(b"x").await.expect("it is open");
    }
}

/// An answer whose head comes at once and whose body comes when `last` has come.
fn later(last: impl Future<Output = String> + Send + 'static) -> Body {
    Body::from_stream(once(async { Ok::<_, Infallible>(last.await) }))
}

async fn length(body: Body) -> usize {
    body.collect().await.map_or(0, |all| all.to_bytes().len())
}

#[tokio::test]
async fn an_upload_may_go_on_after_the_head_of_its_answer() {
    let reads = |body: Body| async { later(async { format!("{} came", length(body).await) }) };
    let mut stream = served(Router::new().route("/", post(reads))).await;
    send(&mut stream, "POST /", "content-length: 10\r\n").await;
    until(&mut stream, "\r\n\r\n").await;
    upload_slowly(&mut stream).await;
    until(&mut stream, "10 came").await;
}

#[tokio::test]
async fn an_upload_may_go_on_after_the_whole_answer() {
    let (tell, mut told) = unbounded_channel();
    let reads = |mut body: Body| async move {
        tokio::spawn(async move {
            let mut came = 0;
            // Its length says where it ends: when the answer has been sent, hyper says it no more.
            while !body.is_end_stream()
                && let Some(Ok(piece)) = body.frame().await
            {
                came += piece.into_data().map_or(0, |data| data.len());
            }
            tell.send(came).ok()
        });
        "enough"
    };
    let mut stream = served(Router::new().route("/", post(reads))).await;
    send(&mut stream, "POST /", "content-length: 10\r\n").await;
    until(&mut stream, "enough").await;
    upload_slowly(&mut stream).await;
    let came = timeout(Duration::from_secs(20), told.recv());
    assert_eq!(came.await.expect("it ends"), Some(PIECES));
    assert!(ends(&mut stream).await, "it idles");
}

#[tokio::test]
async fn a_connection_outlives_an_answer_that_is_quiet_for_long_and_then_idles() {
    let quiet = || async {
        later(async {
            sleep(3 * PATIENCE.idle).await;
            "at last".to_owned()
        })
    };
    let quick = || async { "at once" };
    let router = Router::new()
        .route("/quiet", get(quiet))
        .route("/quick", get(quick));
    let mut stream = served(router).await;
    send(&mut stream, "GET /quiet", "").await;
    until(&mut stream, "0\r\n\r\n").await;
    send(&mut stream, "GET /quick", "").await;
    until(&mut stream, "at once").await;
    assert!(ends(&mut stream).await);
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for_after_a_request_either() {
    let mut stream = served(Router::new().route("/", get(|| async { "ok" }))).await;
    send(&mut stream, "GET /", "").await;
    until(&mut stream, "ok").await;
    stream.write_all(b"GET / HTTP").await.unwrap();
    assert!(ends(&mut stream).await);
}

#[tokio::test]
async fn who_is_accepted_is_asked_whether_it_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    notice_who_vanishes(&listener).unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await;
    let (accepted, _) = listener.accept().await.unwrap();
    assert!(getsockopt(&accepted, sockopt::KeepAlive).unwrap());
    let times = [
        getsockopt(&accepted, sockopt::TcpKeepIdle),
        getsockopt(&accepted, sockopt::TcpKeepInterval),
        getsockopt(&accepted, sockopt::TcpKeepCount),
    ];
    assert_eq!(times.map(Result::unwrap), [PROBE, PROBE_AGAIN, PROBES]);
}
