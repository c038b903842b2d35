//! Connections to servers of these tests' own: kept, found closed, given up.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

type Sent = Full<Bytes>;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that tells of each request which connection it came on, and does with it as `reply` says: nothing is to
/// close the connection.
async fn server(
    address: &str,
    reply: impl Fn(usize, usize) -> Option<&'static str> + Clone + Send + 'static,
) -> (Target, UnboundedReceiver<(usize, String)>) {
    let listener = TcpListener::bind(address).await.unwrap();
    let target = at(listener.local_addr().unwrap());
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        for connection in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else {
                return;
            };
            let (tell, reply) = (tell.clone(), reply.clone());
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                for request in 0.. {
                    let length = stream.read(&mut bytes).await.unwrap_or(0);
                    if length == 0 {
                        return;
                    }
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    tell.send((connection, text)).ok();
                    let Some(answer) = reply(connection, request) else {
                        return;
                    };
                    stream.write_all(answer.as_bytes()).await.ok();
                }
            });
        }
    });
    (target, told)
}

fn at(address: SocketAddr) -> Target {
    Target {
        port: address.port(),
        addresses: [Some(address), None],
        here: true,
        pid: 1,
        inode: 1,
    }
}

fn request(method: &Method, body: &'static str) -> Request<Sent> {
    let request = Request::builder().method(method).uri("/x");
    request.body(Full::from(body)).unwrap()
}

async fn ask(upstreams: &Upstreams<Sent>, target: &Target, method: Method) -> Result<Bytes, Error> {
    let response = upstreams.send(target, request(&method, "")).await?;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    // The connection's own task notices the end, too.
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(body)
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let (target, mut told) = server("127.0.0.1:0", |_, _| Some(OK)).await;
    let upstreams = Upstreams::default();
    for _ in 0..3 {
        assert_eq!(ask(&upstreams, &target, Method::GET).await.unwrap(), "ok");
        assert_eq!(told.recv().await.unwrap().0, 0);
    }
}

#[tokio::test]
async fn a_body_in_chunks_leaves_its_connection_for_the_next_request() {
    let chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let trailers = "HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: gzip, Chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 5\r\n\r\n";
    for answer in [chunks, trailers] {
        let (target, mut told) = server("127.0.0.1:0", move |_, _| Some(answer)).await;
        let upstreams = Upstreams::default();
        for _ in 0..3 {
            assert_eq!(ask(&upstreams, &target, Method::GET).await.unwrap(), "ok");
            assert_eq!(told.recv().await.unwrap().0, 0, "{answer}");
        }
    }
}

#[test]
fn a_body_that_only_the_end_of_its_connection_ends_is_told_from_others() {
    for (name, value, expected) in [
        ("content-length", "5", true),
        ("transfer-encoding", "chunked", true),
        ("transfer-encoding", "gzip,CHUNKED", true),
        ("transfer-encoding", "chunked, gzip", false),
        ("x-other", "chunked", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        assert_eq!(has_an_end(&headers), expected, "{name}: {value}");
    }
}

#[test]
fn what_we_lack_is_not_the_servers_fault() {
    for (number, expected) in [
        (Errno::EMFILE, true),
        (Errno::ENFILE, true),
        (Errno::EADDRNOTAVAIL, true),
        (Errno::ECONNREFUSED, false),
        (Errno::ETIMEDOUT, false),
    ] {
        assert_eq!(is_our_lack(&number.into()), expected, "{number}");
    }
    assert!(!is_our_lack(&io::ErrorKind::ConnectionRefused.into()));
}

#[tokio::test]
async fn another_socket_on_the_port_gets_connections_of_its_own() {
    let (target, mut told) = server("127.0.0.1:0", |_, _| Some(OK)).await;
    let upstreams = Upstreams::default();
    ask(&upstreams, &target, Method::GET).await.unwrap();
    for (pid, inode, connection) in [(1, 2, 1), (2, 2, 2), (2, 2, 2)] {
        let later = Target {
            pid,
            inode,
            ..target
        };
        ask(&upstreams, &later, Method::GET).await.unwrap();
        told.recv().await.unwrap();
        assert!(told.len() <= 1, "{connection}");
    }
    let mut last = 0;
    while let Ok((connection, _)) = told.try_recv() {
        last = connection;
    }
    assert_eq!(last, 2);
}

/// Answers the first request on the first connection and closes it at the second.
fn stale(connection: usize, request: usize) -> Option<&'static str> {
    (connection, request).ne(&(0, 1)).then_some(OK)
}

#[tokio::test]
async fn a_request_without_a_body_outlives_a_connection_that_was_kept_too_long() {
    for method in [Method::GET, Method::DELETE] {
        let (target, _told) = server("127.0.0.1:0", stale).await;
        let upstreams = Upstreams::default();
        ask(&upstreams, &target, Method::GET).await.unwrap();
        assert_eq!(ask(&upstreams, &target, method).await.unwrap(), "ok");
    }
}

#[tokio::test]
async fn what_may_do_more_when_it_comes_twice_is_sent_once() {
    for (method, body) in [
        (Method::POST, "once"),
        (Method::POST, ""),
        (Method::PUT, "once"),
    ] {
        let (target, mut told) = server("127.0.0.1:0", stale).await;
        let upstreams = Upstreams::default();
        ask(&upstreams, &target, Method::GET).await.unwrap();
        let answer = upstreams.send(&target, request(&method, body)).await;
        assert!(matches!(answer, Err(Error::Answer { .. })));
        told.recv().await.unwrap();
        assert!(told.recv().await.unwrap().1.contains(body));
        assert!(told.try_recv().is_err());
    }
}

#[tokio::test]
async fn a_connection_that_has_rested_is_not_for_a_request_with_a_body() {
    let (target, mut told) = server("127.0.0.1:0", |_, _| Some(OK)).await;
    let upstreams = Upstreams::default();
    ask(&upstreams, &target, Method::GET).await.unwrap();
    tokio::time::sleep(RECENT + Duration::from_millis(50)).await;
    drop(upstreams.send(&target, request(&Method::POST, "b")).await);
    ask(&upstreams, &target, Method::GET).await.unwrap();
    let connections = [told.recv().await, told.recv().await, told.recv().await];
    assert_eq!(connections.map(|told| told.unwrap().0), [0, 1, 0]);
}

#[tokio::test]
async fn an_answer_that_is_not_read_to_its_end_closes_its_connection() {
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nbegun";
    let (target, mut told) = server("127.0.0.1:0", move |_, _| Some(long)).await;
    let upstreams = Upstreams::<Sent>::default();
    for connection in 0..2 {
        let response = upstreams.send(&target, request(&Method::GET, "")).await;
        drop(response.unwrap());
        assert_eq!(told.recv().await.unwrap().0, connection);
    }
}

#[tokio::test]
async fn the_second_address_is_tried_when_the_first_refuses() {
    let (mut target, _told) = server("127.0.0.1:0", |_, _| Some(OK)).await;
    let refusing: SocketAddr = ([127, 0, 0, 3], target.port).into();
    target.addresses = [Some(refusing), target.addresses[0]];
    let upstreams = Upstreams::default();
    assert_eq!(ask(&upstreams, &target, Method::GET).await.unwrap(), "ok");
}

#[tokio::test]
async fn nobody_there_and_no_http_are_told_apart() {
    let (target, _told) = server("127.0.0.1:0", |_, _| Some("this is not http\r\n\r\n")).await;
    let upstreams = Upstreams::default();
    let garbage = ask(&upstreams, &target, Method::GET).await.unwrap_err();
    assert!(matches!(garbage, Error::Answer { .. }), "{garbage}");
    let refusing = at(([127, 0, 0, 3], target.port).into());
    let refused = ask(&upstreams, &refusing, Method::GET).await.unwrap_err();
    assert!(matches!(refused, Error::Connect { .. }), "{refused}");
    let nowhere = Target {
        addresses: [None, None],
        ..target
    };
    let elsewhere = ask(&upstreams, &nowhere, Method::GET).await.unwrap_err();
    assert!(matches!(elsewhere, Error::Elsewhere { .. }), "{elsewhere}");
    let apart = Target {
        here: false,
        ..nowhere
    };
    let apart = ask(&upstreams, &apart, Method::GET).await.unwrap_err();
    assert!(matches!(apart, Error::Namespace { .. }), "{apart}");
}
