//! Which walls will stand here, tried out in a child that ends at once.

use std::fs::File;
use std::io::{Read, Write};

use nix::fcntl::OFlag;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, pipe2};

use super::{Entered, Plan, Wall, enter};
use crate::config::{Demand, WallDemands};
use crate::sys;

/// The walls that a plan gets here and, for each that does not stand, why and how to get it.
///
/// To be called before any thread is started. What is required and cannot be had is told like the rest. It makes the
/// directories for temporary files that the plan names.
pub fn probe(plan: &Plan) -> Vec<Wall> {
    let plan = Plan {
        demands: lenient(plan.demands),
        ..plan.clone()
    };
    try_out(&plan).unwrap_or_else(|why| {
        vec![Wall {
            name: "identity".to_owned(),
            asked: true,
            active: false,
            detail: why,
        }]
    })
}

/// As much is asked for, but nothing is required: all is to be told.
fn lenient(demands: WallDemands) -> WallDemands {
    let lenient = |demand| match demand {
        Demand::Off => Demand::Off,
        Demand::Required | Demand::Optional => Demand::Optional,
    };
    WallDemands {
        mount_namespace: lenient(demands.mount_namespace),
        pid_namespace: lenient(demands.pid_namespace),
        landlock: lenient(demands.landlock),
        no_new_privs: lenient(demands.no_new_privs),
        seccomp: lenient(demands.seccomp),
    }
}

fn try_out(plan: &Plan) -> Result<Vec<Wall>, String> {
    let failed = |errno: nix::Error| format!("the walls cannot be tried out: {}", errno.desc());
    let (ours, theirs) = pipe2(OFlag::O_CLOEXEC).map_err(failed)?;
    match sys::fork_single_threaded().map_err(failed)? {
        ForkResult::Child => {
            drop(ours);
            let said = match enter(plan) {
                Ok(Entered::Outside(child)) => {
                    waitpid(child, None).ok();
                    sys::exit_now(0)
                }
                Ok(Entered::Inside(walls)) => Ok(walls),
                Err(why) => Err(why),
            };
            let text = serde_json::to_vec(&said).unwrap_or_default();
            File::from(theirs).write_all(&text).ok();
            sys::exit_now(0)
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            let mut text = Vec::new();
            File::from(ours).read_to_end(&mut text).ok();
            waitpid(child, None).ok();
            serde_json::from_slice(&text).unwrap_or_else(|_| {
                Err("the walls cannot be tried out: the trial broke off".to_owned())
            })
        }
    }
}
