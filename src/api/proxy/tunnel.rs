//! A tunnel: what becomes of a connection that both ends have upgraded, such as to a WebSocket.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;
use tokio_util::sync::CancellationToken;

/// Bytes under way in each direction.
const BUFFER: usize = 16 << 10;

/// Carries bytes both ways, as they come, until both ends have said all or one of them breaks off. An end that has
/// finished speaking still hears the other.
pub(super) async fn run(client: OnUpgrade, server: OnUpgrade, stop: CancellationToken) {
    let carry = async {
        let (Ok(client), Ok(server)) = tokio::join!(client, server) else {
            return;
        };
        let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
        // That one end breaks off is told to the other by the end of its connection.
        copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER)
            .await
            .ok();
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = carry => {}
    }
}
