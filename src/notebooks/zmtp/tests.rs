//! Tests of the frames of a socket.

use super::*;

fn socket(bytes: &[u8]) -> Socket {
    Socket {
        stream: Box::new(tokio::io::empty()),
        incoming: BytesMut::from(bytes),
        frames: Vec::new(),
        size: 0,
        skip: 0,
        skipping: false,
        last: false,
    }
}

fn wire(frames: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        put_frame(
            &mut out,
            if at + 1 < frames.len() { MORE } else { 0 },
            frame,
        );
    }
    out
}

#[tokio::test]
async fn messages_come_whole_however_they_are_cut() {
    let long = vec![b'x'; 300];
    let mut bytes = wire(&[b"a", &long, b""]);
    put_frame(&mut bytes, COMMAND, b"\x04PING");
    bytes.extend(wire(&[b"b"]));
    let (mut ours, theirs) = tokio::io::duplex(7);
    tokio::spawn(async move { ours.write_all(&bytes).await });
    let mut socket = socket(b"");
    socket.stream = Box::new(theirs);
    let Incoming::Message(first) = socket.receive().await.unwrap() else {
        panic!("it is not too large");
    };
    assert_eq!(first, [&b"a"[..], &long, b""]);
    assert_eq!(
        socket.receive().await.unwrap(),
        Incoming::Message(vec![Bytes::from_static(b"b")])
    );
}

#[tokio::test]
async fn what_is_too_large_is_passed_over_and_the_next_comes() {
    let mut bytes = wire(&[b"a", b"b"]);
    bytes.truncate(3);
    bytes.push(MORE | LONG);
    bytes.extend((LARGEST + 5).to_be_bytes());
    let (mut ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move {
        ours.write_all(&bytes).await?;
        let piece = vec![0; 1 << 20];
        for _ in 0..LARGEST >> 20 {
            ours.write_all(&piece).await?;
        }
        ours.write_all(&[0; 5]).await?;
        ours.write_all(&wire(&[b"tail of it", b""])).await?;
        ours.write_all(&wire(&[b"next"])).await?;
        io::Result::Ok(())
    });
    let mut socket = socket(b"");
    socket.stream = Box::new(theirs);
    assert_eq!(socket.receive().await.unwrap(), Incoming::TooLarge);
    assert!(socket.incoming.capacity() < 8 << 20);
    assert_eq!(
        socket.receive().await.unwrap(),
        Incoming::Message(vec![Bytes::from_static(b"next")])
    );
}

#[tokio::test]
async fn a_peer_that_greets_wrongly_is_refused() {
    for theirs in [&[b'H'; 64][..], &[0xFF; 64]] {
        let (mut ours, stream) = tokio::io::duplex(1000);
        ours.write_all(theirs).await.unwrap();
        let greeted = Socket::greet(Box::new(stream), Role::Dealer).await;
        assert!(greeted.is_err_and(|error| error.kind() == io::ErrorKind::InvalidData));
    }
}

#[test]
fn unknown_flags_are_an_error() {
    assert!(socket(&[0x40, 1, 2]).parse().is_err());
}
