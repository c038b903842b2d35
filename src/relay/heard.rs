//! A stream that is heard out though nothing more can be said on it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose reading end goes on when its writing end has broken.
///
/// A server may answer before it has all of a request, and close (RFC 9112, 9.6). What it said is there to be read,
/// while whoever goes on to write learns only that nobody listens. What is written from then on is dropped.
#[derive(Debug)]
pub struct Heard<S> {
    stream: S,
    broken: bool,
}

impl<S> Heard<S> {
    /// One that nothing was written to yet.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            broken: false,
        }
    }

    /// What an attempt to write comes to; `dropped` when nobody is there to take it.
    fn tried<T>(&mut self, tried: Poll<io::Result<T>>, dropped: T) -> Poll<io::Result<T>> {
        match tried {
            Poll::Ready(Err(error)) if is_broken(&error) => {
                self.broken = true;
                Poll::Ready(Ok(dropped))
            }
            tried => tried,
        }
    }
}

fn is_broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected)
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Ok(bytes.len()));
        }
        let tried = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.tried(tried, bytes.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all = parts.iter().map(|part| part.len()).sum();
        if self.broken {
            return Poll::Ready(Ok(all));
        }
        let tried = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.tried(tried, all)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_flush(cx);
        self.tried(tried, ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.tried(tried, ())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn what_was_said_before_the_end_is_heard() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut ours = Heard::new(ours);
        ours.write_all(b"a request").await.unwrap();
        theirs.write_all(b"its answer").await.unwrap();
        // It has not read the request, and so breaks off.
        drop(theirs);
        for _ in 0..3 {
            ours.write_all(b"more of it").await.unwrap();
            ours.flush().await.unwrap();
        }
        let mut answer = [0; 10];
        ours.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"its answer");
        ours.shutdown().await.unwrap();
    }
}
