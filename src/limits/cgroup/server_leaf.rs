//! The server's own leaf: on version 2 a cgroup that hands on controllers must not have processes itself.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;

use super::broom;
use super::files::{self, has_word, write};
use super::mounts::{Place, SERVER};
use super::sweep::Id;
use super::trouble;

/// Rounds of moving what is in the way, each catching what was forked meanwhile.
const ROUNDS: usize = 20;
/// The server's share of the processor against all it runs together, which have 100.
const WEIGHT: &str = "1000";

const CONTROL: &str = "cgroup.subtree_control";

/// The leaf the server moved itself into, and what it changed for that.
#[derive(Debug)]
pub(super) struct ServerLeaf {
    own: PathBuf,
    leaf: PathBuf,
    enabled: Mutex<Vec<&'static str>>,
}

/// What there is after moving: the leaf, the controllers that can be handed on, and why others cannot.
pub(super) struct Entered {
    pub(super) leaf: ServerLeaf,
    pub(super) controllers: Vec<&'static str>,
    pub(super) refused: Vec<(&'static str, String)>,
}

/// Moves this process into a leaf of its own and enables controllers beside it.
pub(super) fn enter(place: &Place, id: Id, wanted: &[&'static str]) -> Result<Entered, String> {
    let own = place.own.clone();
    let leaf = own.join(format!("{SERVER}{id}"));
    fs::create_dir(&leaf).map_err(|error| trouble::cannot_make(place, &error))?;
    let leaf = ServerLeaf {
        own,
        leaf,
        enabled: Mutex::default(),
    };
    // Zero is who writes it. From here on, dropping the leaf moves back.
    write(&leaf.leaf, "cgroup.procs", "0").map_err(|error| trouble::cannot_move(place, &error))?;
    let (mut controllers, mut refused) = (Vec::new(), Vec::new());
    for controller in wanted {
        match leaf.enable(place, controller) {
            Ok(()) => controllers.push(*controller),
            Err(reason) => refused.push((*controller, reason)),
        }
    }
    // Without the controller there is no such file, and no need.
    write(&leaf.leaf, "cpu.weight", WEIGHT).ok();
    Ok(Entered {
        leaf,
        controllers,
        refused,
    })
}

impl ServerLeaf {
    fn enable(&self, place: &Place, controller: &'static str) -> Result<(), String> {
        if !has_word(&self.own, "cgroup.controllers", controller) {
            return Err(trouble::no_controller(place, controller));
        }
        if has_word(&self.own, CONTROL, controller) {
            return Ok(());
        }
        // The real root may have processes beside controllers; it alone lacks this file.
        let real_root = !self.own.join("cgroup.events").exists();
        let ours = place.path.as_os_str() == "/" && !real_root;
        for _ in 0..ROUNDS {
            match write(&self.own, CONTROL, &format!("+{controller}")) {
                Ok(()) => {
                    self.enabled().push(controller);
                    return Ok(());
                }
                Err(error) if !is_busy(&error) => {
                    return Err(trouble::cannot_enable(place, controller, &error));
                }
                // In a container, everything in its root cgroup belongs to it.
                Err(_) if ours => self.move_others(),
                Err(_) => break,
            }
        }
        Err(trouble::not_alone(place))
    }

    fn move_others(&self) {
        for pid in files::processes(&self.own).unwrap_or_default() {
            // It may have gone.
            write(&self.leaf, "cgroup.procs", &pid.to_string()).ok();
        }
    }

    fn enabled(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        self.enabled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Undoes it all, as far as that goes: another server beside may need the controllers still.
    pub(super) fn leave(&self) {
        for controller in self.enabled().drain(..) {
            write(&self.own, CONTROL, &format!("-{controller}")).ok();
        }
        for _ in 0..ROUNDS {
            let inside = files::processes(&self.leaf).unwrap_or_default();
            for pid in &inside {
                write(&self.own, "cgroup.procs", &pid.to_string()).ok();
            }
            if inside.is_empty() {
                break;
            }
        }
        broom::is_removed_soon(&self.leaf);
    }
}

impl Drop for ServerLeaf {
    fn drop(&mut self) {
        self.leave();
    }
}

fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::EBUSY as i32)
}
