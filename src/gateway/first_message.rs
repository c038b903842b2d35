//! The first message of a terminal's client: it shows the key, which the workspace must not see, so it is exchanged for
//! the workspace's own on the way (RFC 6455, 5).

use std::io::{self, Cursor};

use bytes::{Buf, BytesMut};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};

/// No first message is longer, in bytes; the workspace refuses a longer one as well.
const LONGEST: usize = 64 * 1024;
/// What is no first message is passed on as this, which lets nobody in.
const NOTHING: &[u8] = b"{}";

/// Passes on what a client says until its first message is over, and that with `other` in place of `key`. What shows
/// another key, or is no such message, arrives as nothing; then false is returned, and no more is to be passed on.
pub(super) async fn exchange(
    client: &mut (impl AsyncRead + Unpin),
    workspace: &mut (impl AsyncWrite + Unpin),
    key: &[u8],
    other: &str,
) -> io::Result<bool> {
    let mut read = BytesMut::new();
    let mut message = Some(Vec::new());
    loop {
        let Some(frame) = next(client, &mut read).await? else {
            return Ok(false);
        };
        let Frame::Whole(header, payload) = frame else {
            message = None;
            break;
        };
        match header.opcode {
            OpCode::Control(_) => pass(workspace, &header, payload).await?,
            OpCode::Data(_) => {
                let first = message.as_ref().is_some_and(Vec::is_empty);
                let kind = if first { Data::Text } else { Data::Continue };
                message = message
                    .filter(|_| header.opcode == OpCode::Data(kind))
                    .map(|mut message| {
                        message.extend_from_slice(&payload);
                        message
                    })
                    .filter(|message| message.len() <= LONGEST);
                if header.is_final || message.is_none() {
                    break;
                }
            }
        }
    }
    let (text, right) = message
        .and_then(|message| with_other_key(&message, key, other))
        .unwrap_or_else(|| (NOTHING.to_vec(), false));
    let header = FrameHeader {
        opcode: OpCode::Data(Data::Text),
        mask: Some([0; 4]),
        ..FrameHeader::default()
    };
    pass(workspace, &header, text).await?;
    if right {
        workspace.write_all(&read).await?;
        workspace.flush().await?;
    }
    Ok(right)
}

enum Frame {
    /// Unmasked.
    Whole(FrameHeader, Vec<u8>),
    /// Longer than any that is taken, or none of a client's.
    Unfit,
}

/// The next frame; none at the end.
async fn next(
    client: &mut (impl AsyncRead + Unpin),
    read: &mut BytesMut,
) -> io::Result<Option<Frame>> {
    loop {
        let mut cursor = Cursor::new(&read[..]);
        match FrameHeader::parse(&mut cursor) {
            Err(_) => return Ok(Some(Frame::Unfit)),
            Ok(Some((header, length))) => {
                let begin = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let Some(mask) = header.mask.filter(|_| length <= LONGEST) else {
                    return Ok(Some(Frame::Unfit));
                };
                if read.len() - begin >= length {
                    read.advance(begin);
                    let payload = read.split_to(length);
                    let bytes = payload.iter().zip(mask.iter().cycle());
                    let payload = bytes.map(|(byte, mask)| byte ^ mask).collect();
                    return Ok(Some(Frame::Whole(header, payload)));
                }
            }
            Ok(None) => {}
        }
        if client.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
}

/// Writes a frame as a client would, with a mask that changes nothing.
async fn pass(
    workspace: &mut (impl AsyncWrite + Unpin),
    header: &FrameHeader,
    payload: Vec<u8>,
) -> io::Result<()> {
    let header = FrameHeader {
        mask: Some([0; 4]),
        ..header.clone()
    };
    let mut bytes = Vec::with_capacity(payload.len() + 14);
    header
        .format(payload.len() as u64, &mut bytes)
        .map_err(io::Error::other)?;
    bytes.extend_from_slice(&payload);
    workspace.write_all(&bytes).await?;
    workspace.flush().await
}

/// The message with the other key if it shows the right one, else with none; whether it did. None when it shows none.
fn with_other_key(message: &[u8], key: &[u8], other: &str) -> Option<(Vec<u8>, bool)> {
    let mut message: Map<String, Value> = serde_json::from_slice(message).ok()?;
    let token = message.get_mut("token")?;
    let right = bool::from(token.as_str()?.as_bytes().ct_eq(key));
    *token = if right { other } else { "" }.into();
    Some((serde_json::to_vec(&message).ok()?, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let header = FrameHeader {
            is_final,
            opcode,
            mask: Some(MASK),
            ..FrameHeader::default()
        };
        let mut bytes = Vec::new();
        header.format(payload.len() as u64, &mut bytes).unwrap();
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(b, m)| b ^ m));
        bytes
    }

    fn text(payload: &[u8]) -> Vec<u8> {
        frame(OpCode::Data(Data::Text), true, payload)
    }

    /// What arrives of what a client says, however it is cut, and whether more is passed on.
    async fn arrives(said: &[u8], piece: usize) -> (Vec<u8>, bool) {
        let (mut near, mut client) = tokio::io::duplex(1 << 20);
        let (mut workspace, mut far) = tokio::io::duplex(1 << 20);
        let saying = async {
            for piece in said.chunks(piece) {
                near.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(near);
        };
        let exchanging = async {
            let on = exchange(&mut client, &mut workspace, b"the key", "other").await;
            drop(workspace);
            on.unwrap()
        };
        let ((), on) = tokio::join!(saying, exchanging);
        let mut bytes = Vec::new();
        far.read_to_end(&mut bytes).await.unwrap();
        (bytes, on)
    }

    /// The texts of frames that have no mask to speak of.
    fn payloads(mut bytes: &[u8]) -> Vec<(OpCode, String)> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let mut cursor = Cursor::new(bytes);
            let (header, length) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            let begin = usize::try_from(cursor.position()).unwrap();
            let end = begin + usize::try_from(length).unwrap();
            let payload = String::from_utf8(bytes[begin..end].to_vec()).unwrap();
            all.push((header.opcode, payload));
            bytes = &bytes[end..];
        }
        all
    }

    const AUTH: &[u8] = br#"{"type":"auth","token":"the key","since":18446744073709551615}"#;
    const EXCHANGED: &str = r#"{"type":"auth","token":"other","since":18446744073709551615}"#;

    #[tokio::test]
    async fn the_key_is_exchanged_and_what_follows_passes_as_it_is() {
        let rest = text(b"hello");
        let said = [text(AUTH), rest.clone()].concat();
        for piece in [1, 3, 7, 1000] {
            let (arrived, on) = arrives(&said[..text(AUTH).len()], piece).await;
            assert_eq!(
                payloads(&arrived),
                [(OpCode::Data(Data::Text), EXCHANGED.to_owned())]
            );
            assert!(on);
        }
        let (arrived, _) = arrives(&said, 100_000).await;
        assert!(arrived.ends_with(&rest));
    }

    #[tokio::test]
    async fn a_message_in_pieces_with_a_ping_between_them_is_one() {
        let ping = OpCode::Control(tungstenite::protocol::frame::coding::Control::Ping);
        let said = [
            frame(OpCode::Data(Data::Text), false, &AUTH[..10]),
            frame(ping, true, b"p"),
            frame(OpCode::Data(Data::Continue), false, &AUTH[10..20]),
            frame(OpCode::Data(Data::Continue), true, &AUTH[20..]),
        ]
        .concat();
        let (arrived, on) = arrives(&said, 5).await;
        assert!(on);
        let expected = [
            (ping, "p".to_owned()),
            (OpCode::Data(Data::Text), EXCHANGED.to_owned()),
        ];
        assert_eq!(payloads(&arrived), expected);
    }

    #[tokio::test]
    async fn a_wrong_key_is_told_from_none_and_stays_here() {
        let (arrived, on) = arrives(&text(br#"{"type":"auth","token":"wrong"}"#), 9).await;
        assert!(!on);
        let expected = r#"{"type":"auth","token":""}"#.to_owned();
        assert_eq!(payloads(&arrived), [(OpCode::Data(Data::Text), expected)]);
    }

    #[tokio::test]
    async fn no_other_message_arrives_with_the_key_in_it() {
        let long = [AUTH, &b" ".repeat(LONGEST)].concat();
        let unmasked = {
            let mut bytes = Vec::new();
            let header = FrameHeader::default();
            header.format(AUTH.len() as u64, &mut bytes).unwrap();
            bytes.extend_from_slice(AUTH);
            bytes
        };
        for said in [
            text(br#"{"type":"auth","tokens":"the key"}"#),
            text(br#""the key""#),
            text(br#"{"token":["the key"]}"#),
            text(b"{\"token\":\"the key\"} \xff"),
            frame(OpCode::Data(Data::Binary), true, AUTH),
            text(&long),
            unmasked,
        ] {
            let (arrived, on) = arrives(&said, 70_000).await;
            assert!(!on);
            assert_eq!(
                payloads(&arrived),
                [(OpCode::Data(Data::Text), "{}".to_owned())],
                "{}",
                String::from_utf8_lossy(&said[..said.len().min(60)])
            );
        }
    }
}
