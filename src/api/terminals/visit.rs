//! A visit: a client that is connected and not let in yet.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use tokio::time::timeout;

use super::access::{Auth, EXPECTED};
use super::line::{Farewell, Heard, Line};
use crate::config::Config;
use crate::terminal::{Attachment, Error, Request, Terminals};
use crate::workspace::Owner;

/// The first message must come within this.
const FIRST: Duration = Duration::from_secs(10);

/// A client before it is let in.
pub(super) struct Visit {
    /// The terminal it asks for.
    pub(super) id: String,
    /// Who it is by its request.
    pub(super) owner: Owner,
    /// Where the terminals are.
    pub(super) terminals: Terminals,
    /// The key, and how clients are treated.
    pub(super) config: Arc<Config>,
}

impl Visit {
    /// Reads the first message and attaches; else says how to close, or none for a client that is gone.
    pub(super) async fn let_in(
        &self,
        line: &mut Line,
    ) -> Result<(Auth, Attachment), Option<Farewell>> {
        let refused = |reason| Some((4001, reason));
        let Ok(first) = timeout(FIRST, first_message(line)).await else {
            return Err(refused(EXPECTED));
        };
        let auth = Auth::read(&first?, self.config.api_key.as_bytes()).map_err(refused)?;
        let owner = Owner {
            user: self.owner.user.clone(),
            session: self.owner.session.clone().or_else(|| auth.chat.clone()),
        };
        let request = Request {
            view: auth.view,
            since: auth.since,
        };
        let attached = self.terminals.attach(&owner, &self.id, request);
        attached
            .map(|attachment| (auth, attachment))
            .map_err(|error| Some(refusal(&error)))
    }
}

/// The first message, which must be text; else how to close.
async fn first_message(line: &mut Line) -> Result<String, Option<Farewell>> {
    loop {
        match line.heard().await {
            Heard::Message(Message::Text(text)) => return Ok(text.as_str().to_owned()),
            Heard::Message(Message::Binary(_)) => return Err(Some((4001, EXPECTED))),
            Heard::Message(_) => {}
            Heard::Gone => return Err(None),
            Heard::Broken(why) => return Err(Some(why)),
        }
    }
}

/// How to close for a client that cannot attach.
fn refusal(error: &Error) -> Farewell {
    match error {
        Error::NotFound { .. } => (4004, "there is no such terminal of this user and chat"),
        Error::Taken { .. } => (4009, "another client is attached to this terminal"),
        Error::ShuttingDown => (1001, "the server is shutting down"),
        Error::TooMany { .. }
        | Error::NoneConnected
        | Error::InputFull { .. }
        | Error::NoPty { .. }
        | Error::Start { .. } => (1011, "the terminal cannot be attached to"),
    }
}
