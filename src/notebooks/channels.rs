//! Channels: the three connections over which a kernel is spoken to, and how they are made.

use std::future::pending;
use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep, timeout_at};

use super::connection::{Channel, Connection};
use super::message::Signer;
use super::zmtp::{Role, Socket};

/// How soon a kernel that does not listen yet is tried again.
const AGAIN: Duration = Duration::from_millis(4);
/// How soon a kernel that has published nothing yet is asked again: a subscription takes a moment to count.
const UNHEARD: Duration = Duration::from_millis(300);

/// The channels of one kernel.
pub(super) struct Channels {
    /// Takes requests and replies to them.
    pub(super) shell: Socket,
    /// Publishes what happens.
    pub(super) iopub: Socket,
    /// Takes requests that do not wait for a cell.
    pub(super) control: Socket,
}

/// Connects, and waits until requests are answered and what is published arrives.
pub(super) async fn open(connection: &Connection, signer: &mut Signer) -> io::Result<Channels> {
    let mut iopub = connect(connection, Channel::Iopub, Role::Subscriber).await?;
    let mut shell = connect(connection, Channel::Shell, Role::Dealer).await?;
    let control = connect(connection, Channel::Control, Role::Dealer).await?;
    let (mut answered, mut heard) = (false, false);
    while !(answered && heard) {
        let (_, frames) = signer.request("kernel_info_request", &json!({}));
        shell.send(&frames).await?;
        let mut asked_again_at = Instant::now() + UNHEARD;
        while !(answered && heard) {
            let reply = async {
                if answered {
                    pending().await
                } else {
                    shell.receive().await
                }
            };
            let news = async {
                tokio::select! {
                    incoming = reply => incoming.map(|_| true),
                    incoming = iopub.receive() => incoming.map(|_| false),
                }
            };
            match timeout_at(asked_again_at, news).await {
                Ok(reply) => {
                    let reply = reply?;
                    answered |= reply;
                    heard |= !reply;
                }
                // It is still starting; it gets the first request when it is ready.
                Err(_) if !answered => asked_again_at += UNHEARD,
                Err(_) => break,
            }
        }
    }
    Ok(Channels {
        shell,
        iopub,
        control,
    })
}

/// Connects as soon as the kernel listens.
async fn connect(connection: &Connection, channel: Channel, role: Role) -> io::Result<Socket> {
    loop {
        match Socket::connect(connection.address(channel), role).await {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                sleep(AGAIN).await;
            }
            connected => return connected,
        }
    }
}
