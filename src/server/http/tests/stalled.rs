//! Clients that take their time with an answer, or take nothing of it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::super::*;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

const STALLED: Duration = Duration::from_secs(1);

/// Tells when the answer that it is a part of has gone.
struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that has asked for an answer without end, and whether the server has let go of that.
async fn asked() -> (TcpStream, Arc<AtomicBool>) {
    let gone = Arc::new(AtomicBool::default());
    let of_answer = Arc::clone(&gone);
    let endless = move || {
        let held = Held(Arc::clone(&of_answer));
        let pieces = stream::unfold(held, async |held| {
            let piece = Bytes::from(vec![b'x'; 64 << 10]);
            Some((Ok::<_, Infallible>(piece), held))
        });
        std::future::ready(Body::from_stream(pieces))
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let patience = Patience {
        idle: KEEP_ALIVE,
        head: HEAD,
        stalled: STALLED,
    };
    let router = Router::new().route("/", get(endless));
    tokio::spawn(serve(listener, router, patience, CancellationToken::new()));
    let socket = TcpSocket::new_v4().unwrap();
    // Else the client's kernel takes megabytes for it.
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut client = socket.connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    client.write_all(request).await.unwrap();
    (client, gone)
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_left() {
    let (mut client, gone) = asked().await;
    let left = async {
        while !gone.load(Ordering::Relaxed) {
            sleep(STALLED / 20).await;
        }
    };
    timeout(STALLED * 10, left).await.expect("it is left");
    // It sees that the answer is not whole: the last chunk is not there.
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.ok();
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn a_client_that_takes_a_little_now_and_then_goes_on() {
    let (mut client, gone) = asked().await;
    let mut piece = [0; 16 << 10];
    // So slowly that the server's kernel takes nothing new for longer than the patience lasts.
    for _ in 0..80 {
        client.read_exact(&mut piece).await.unwrap();
        sleep(STALLED / 20).await;
    }
    assert!(!gone.load(Ordering::Relaxed));
}
