//! How a client comes to a terminal: the handshake and the first message.

use std::net::TcpStream;

use nix::sys::socket::{setsockopt, sockopt};
use serde_json::{Map, Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::Request;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::{Error, HandshakeError};

use super::{Caller, Client};
use crate::support::{Server, seconds};

/// A connection to be made: as what, and with which first message.
#[must_use]
pub(crate) struct Attach<'a> {
    server: &'a Server,
    path: String,
    headers: Vec<(String, String)>,
    auth: Map<String, Value>,
    small: bool,
}

impl<'a> Attach<'a> {
    pub(super) fn new(server: &'a Server, id: &str) -> Self {
        let auth = [
            ("type".to_owned(), json!("auth")),
            ("token".to_owned(), json!(server.key)),
        ];
        Self {
            server,
            path: format!("/api/terminals/{id}"),
            headers: Vec::new(),
            auth: auth.into_iter().collect(),
            small: false,
        }
    }

    /// Adds a header to the handshake.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a query to the address.
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }

    /// Says who it is, by headers.
    pub(crate) fn by(mut self, who: Caller) -> Self {
        for (name, value) in [("x-user-id", who.user), ("x-session-id", who.session)] {
            if !value.is_empty() {
                self = self.header(name, value);
            }
        }
        self
    }

    /// Sets a member of the first message.
    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.auth.insert(member.to_owned(), value.into());
        self
    }

    /// Goes on from this byte.
    pub(crate) fn since(self, offset: u64) -> Self {
        self.with("since", offset)
    }

    /// Only looks on.
    pub(crate) fn view(self) -> Self {
        self.with("mode", "view")
    }

    /// Takes little into its receive buffer, so that the server soon notices that it does not read.
    /// (Less than a few segments of the loopback device, and the kernel brings it by the trickle.)
    pub(crate) fn small_buffer(mut self) -> Self {
        self.small = true;
        self
    }

    /// Connects, and sends the first message.
    #[track_caller]
    pub(crate) fn start(self) -> Client {
        let auth = Value::Object(self.auth.clone());
        let since = self.auth.get("since").and_then(Value::as_u64);
        let mut client = self.connect();
        client.offset = since.unwrap_or(0);
        client.greeted = since.is_none();
        client.control(&auth);
        client
    }

    /// Connects; the server must take it.
    #[track_caller]
    pub(crate) fn connect(self) -> Client {
        self.try_connect()
            .unwrap_or_else(|(status, body)| panic!("refused by {status}: {body}"))
    }

    /// Connects; the status and the body when it is refused at the handshake.
    pub(crate) fn try_connect(self) -> Result<Client, (u16, String)> {
        let address = ("127.0.0.1", self.server.port);
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("it is a TCP socket");
        let limit = Some(seconds(30));
        stream.set_write_timeout(limit).expect("it can be set");
        if self.small {
            setsockopt(&stream, sockopt::RcvBuf, &200_000).expect("it can be set");
        }
        match tungstenite::client(self.request(), stream) {
            Ok((socket, _)) => Ok(Client::new(socket)),
            Err(HandshakeError::Failure(Error::Http(answer))) => {
                let body = answer.body().clone().unwrap_or_default();
                let body = String::from_utf8_lossy(&body).into_owned();
                Err((answer.status().as_u16(), body))
            }
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    fn request(&self) -> Request {
        let url = format!("ws://127.0.0.1:{}{}", self.server.port, self.path);
        let mut request = url.into_client_request().expect("the address is good");
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().expect("the name is good");
            let value: HeaderValue = value.parse().expect("the value is good");
            request.headers_mut().append(name, value);
        }
        request
    }
}
