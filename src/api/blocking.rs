//! Work that blocks: run aside from the threads that serve HTTP, told when its client has gone.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::spawn_blocking;

use super::Error;

/// Bytes gathered before they are sent on.
const PIECE: usize = 64 << 10;
/// Pieces on their way at once.
const UNDER_WAY: usize = 4;

/// Tells the work to stop when it is dropped, as it is with the request or the response.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Does `work` on a thread that may wait; it is told by the flag when nobody wants its result any more.
pub(super) async fn blocking<T, E>(
    work: impl FnOnce(&AtomicBool) -> Result<T, E> + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    E: Into<Error> + Send + 'static,
{
    let wanted = Wanted(Arc::default());
    let stop = Arc::clone(&wanted.0);
    match spawn_blocking(move || work(&stop)).await {
        Ok(result) => result.map_err(Into::into),
        Err(broken) => Err(Error::Internal(format!("work broke off: {broken}"))),
    }
}

/// Answers with what `work` writes, under the headers it declares before. An answer of one piece is sent whole; a longer
/// one while it is made.
///
/// An error before the second piece is the answer; one after that breaks the body off, so that the client sees
/// that it is not whole.
pub(super) async fn streamed(
    content_type: &'static str,
    work: impl FnOnce(&AtomicBool, &mut Out) -> Result<(), Error> + Send + 'static,
) -> Result<Response, Error> {
    let wanted = Wanted(Arc::default());
    let stop = Arc::clone(&wanted.0);
    let (sender, mut pieces) = mpsc::channel(UNDER_WAY);
    let headers = Arc::new(OnceLock::new());
    let mut out = Out {
        sender,
        buffer: Vec::new(),
        headers: Arc::clone(&headers),
    };
    spawn_blocking(move || {
        match work(&stop, &mut out) {
            Ok(()) => out.flush_buffer().ok(),
            Err(error) => out.sender.blocking_send(Err(error)).ok(),
        };
    });
    let first = pieces.recv().await.transpose()?.unwrap_or_default();
    let body = match pieces.recv().await.transpose()? {
        None => Body::from(first),
        Some(second) => Body::from_stream(rest(first, second, pieces, wanted)),
    };
    let mut response = ([(CONTENT_TYPE, content_type)], body).into_response();
    // Declared before the first piece was sent.
    if let Some(declared) = headers.get() {
        response.headers_mut().extend(declared.clone());
    }
    Ok(response)
}

fn rest(
    first: Bytes,
    second: Bytes,
    pieces: Receiver<Result<Bytes, Error>>,
    wanted: Wanted,
) -> impl stream::Stream<Item = io::Result<Bytes>> {
    let begun = [second, first];
    stream::unfold(
        (begun.to_vec(), pieces, wanted),
        async |(mut begun, mut pieces, wanted)| {
            let piece = match begun.pop() {
                Some(piece) => Ok(piece),
                None => pieces.recv().await?.map_err(io::Error::other),
            };
            Some((piece, (begun, pieces, wanted)))
        },
    )
}

/// Where streamed work writes; writing fails when the client has gone.
pub(super) struct Out {
    sender: Sender<Result<Bytes, Error>>,
    buffer: Vec<u8>,
    headers: Arc<OnceLock<HeaderMap>>,
}

impl Out {
    /// Declares headers of the answer. Counts once, and only before anything is written.
    pub(super) fn declare(&self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) {
        self.headers.get_or_init(|| headers.into_iter().collect());
    }

    /// Sends a piece of its own, after what was written before; false when the client has gone.
    pub(super) fn give(&mut self, piece: Vec<u8>) -> bool {
        if piece.len() < PIECE / 2 || !self.buffer.is_empty() {
            return io::Write::write_all(self, &piece).is_ok();
        }
        self.sender.blocking_send(Ok(piece.into())).is_ok()
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.buffer);
        if piece.is_empty() {
            return Ok(());
        }
        let sent = self.sender.blocking_send(Ok(piece.into()));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush_buffer()?;
            self.buffer.reserve(PIECE + PIECE / 4);
        }
        Ok(bytes.len())
    }

    /// Does nothing: pieces go out when they are full, and at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::io::Write;
    use std::time::Duration;

    async fn bytes(response: Response) -> Vec<u8> {
        let body = response.into_body().collect().await.unwrap();
        body.to_bytes().to_vec()
    }

    #[tokio::test]
    async fn short_and_long_answers_come_whole_and_in_order() {
        for size in [0_usize, 10, PIECE, PIECE * 10 + 7] {
            let expected: Vec<u8> = (0..size).map(|n| n.to_le_bytes()[0]).collect();
            let sent = expected.clone();
            let response = streamed("text/plain", move |_, out| {
                for part in sent.chunks(1000) {
                    out.write_all(part).expect("somebody reads");
                }
                Ok(())
            });
            let response = response.await.unwrap();
            let known = response.body().size_hint_exact();
            assert_eq!(known, (size <= PIECE).then_some(size as u64));
            assert_eq!(bytes(response).await, expected);
        }
    }

    trait Exact {
        fn size_hint_exact(&self) -> Option<u64>;
    }

    impl Exact for Body {
        fn size_hint_exact(&self) -> Option<u64> {
            hyper::body::Body::size_hint(self).exact()
        }
    }

    #[tokio::test]
    async fn declared_headers_stand_in_place_of_the_usual_ones() {
        let response = streamed("text/plain", |_, out| {
            out.declare([(CONTENT_TYPE, HeaderValue::from_static("image/png"))]);
            out.write_all(b"x").expect("somebody reads");
            Ok(())
        });
        let response = response.await.unwrap();
        let types: Vec<_> = response.headers().get_all(CONTENT_TYPE).iter().collect();
        assert_eq!(types, ["image/png"]);
    }

    #[tokio::test]
    async fn an_error_at_the_beginning_is_the_answer_and_later_breaks_off() {
        let early = streamed("text/plain", |_, _| Err(Error::NotFound("x".into()))).await;
        assert!(matches!(early, Err(Error::NotFound(_))));
        let late = streamed("text/plain", |_, out| {
            out.write_all(&vec![b'x'; PIECE * 3])
                .expect("somebody reads");
            out.write_all(&vec![b'x'; PIECE * 3])
                .expect("somebody reads");
            Err(Error::NotFound("x".into()))
        });
        let body = late.await.unwrap().into_body();
        assert!(body.collect().await.is_err());
    }

    #[tokio::test]
    async fn work_is_told_when_nobody_waits_for_it() {
        let (told, mut heard) = mpsc::channel::<()>(1);
        let work = blocking(move |stop: &AtomicBool| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            drop(told);
            Ok::<(), Error>(())
        });
        tokio::time::timeout(Duration::from_millis(50), work)
            .await
            .unwrap_err();
        assert_eq!(heard.recv().await, None);
    }
}
