//! The gateway: which workspace a request belongs to, and its way there and back.
//!
//! ```text
//! edge ──X-User-Id──▶ gateway ──a socket pair for each connection──▶ workspace (a process that is the user)
//! ```
//!
//! A workspace is this program once more, started when its user first asks for something, confined by
//! [`crate::walls`], and ended when nobody uses it. Connections to it have no address that anybody else could connect
//! to: one end of each is handed over the control socket that the workspace was started with.

mod connections;
mod control;
mod first_message;
mod forward;
mod handover;
mod launch;
mod running;
mod slots;
mod who;
mod workspaces;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use tower::util::BoxCloneSyncService;

use crate::api::{Elsewhere, Refusal, Unproven};
use crate::walls::Wall;

pub use control::{Connections, Control, Said};
pub use forward::{PEER, REQUEST_ID};
pub use handover::Handover;
pub use launch::{Launcher, WORKSPACE_ARGUMENT};
use workspaces::Workspaces;

/// Brings requests to their workspaces. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    key: Vec<u8>,
    workspaces: Workspaces,
    launcher: Arc<Launcher>,
}

impl Gateway {
    /// Starts nothing yet. `key` is the one that clients show.
    pub fn new(launcher: Launcher, key: &[u8]) -> Self {
        let launcher = Arc::new(launcher);
        Self(Arc::new(Shared {
            key: key.to_vec(),
            workspaces: Workspaces::new(Arc::clone(&launcher)),
            launcher,
        }))
    }

    /// The walls that stand round workspaces, and those that do not.
    pub fn walls(&self) -> &[Wall] {
        self.0.launcher.walls()
    }

    /// Whose the workspaces are, in words.
    pub fn whose(&self) -> String {
        self.0.launcher.whose()
    }

    /// What had to be done for their accounts and homes, and which secrets are open to them, for who starts the server.
    pub fn told(&self) -> &[String] {
        self.0.launcher.told()
    }

    /// What the edge passes requests on to.
    pub fn elsewhere(&self) -> Elsewhere {
        let (serving, asked) = (self.clone(), self.clone());
        let service = tower::service_fn(move |request: Request| {
            let gateway = serving.clone();
            async move { gateway.serve(request).await }
        });
        Elsewhere {
            service: BoxCloneSyncService::new(service),
            per_user: self.0.launcher.per_user(),
            problem: Arc::new(move || asked.0.launcher.problem()),
        }
    }

    /// Starts the workspace if there is one for all, so that the first request does not wait for it.
    pub async fn warm_up(&self) {
        if !self.0.launcher.per_user()
            && let Err(error) = self.0.workspaces.enter(&Arc::from("")).await
        {
            tracing::error!(%error, "the workspace cannot be started");
        }
    }

    /// Ends all workspaces, which have so long for their commands, and waits until they are gone.
    pub async fn shut_down(&self, most: Duration) {
        self.0.workspaces.shut_down(most).await;
    }

    async fn serve(&self, mut request: Request) -> Result<Response, Refusal> {
        let user = who::user(&request, self.0.launcher.per_user())?;
        let visit = if request.extensions_mut().remove::<Unproven>().is_some() {
            // Terminals are only where a workspace runs.
            let visit = self.0.workspaces.visit(&user).await;
            visit.ok_or_else(|| Refusal::Reserved("there is no such terminal here".to_owned()))?
        } else {
            self.0.workspaces.enter(&user).await?
        };
        forward::forward(visit, request, &user, &self.0.key).await
    }
}
