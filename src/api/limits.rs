//! Limits on the wire: what a command may ask for, and what the settings allow and how much of it is used.

use axum::extract::State as Use;
use serde::Serialize;
use serde_json::{Value, json};

use super::blocking::blocking;
use super::json::Json;
use super::validate::{Number, Problem, Problems, Size, Within};
use super::{Error, State};
use crate::config::Demand;
use crate::limits::{Bounds, Limits, OwnLimits, Present, Refusal, Scope, Settings, Status};

/// Memory a command may ask for: with less not even a shell starts.
pub(super) const MEMORY: Size = Size { min: 1 << 20 };
/// Swap it may ask for.
pub(super) const SWAP: Size = Size { min: 0 };
/// Processors it may ask for.
pub(super) const CPU: Number = Number {
    min: Some(0.01),
    above: None,
    max: Some(100_000.0),
};
/// Processes it may ask for: a shell and the ends of a pipe, up to as many as Linux has numbers for.
pub(super) const PIDS: Within = Within {
    min: 4,
    max: 1 << 22,
};
/// Share of the disk's time it may ask for.
pub(super) const IO_WEIGHT: Within = Within {
    min: 1,
    max: 10_000,
};

/// What a command gets that asks for this much; none when it asks for nothing and gets what the settings say.
pub(super) fn granted(limits: &Limits, asked: &Bounds) -> Result<Option<Bounds>, Error> {
    if asked.is_empty() {
        return Ok(None);
    }
    if limits.settings().demand == Demand::Off {
        return Err(Error::Invalid(off(asked)));
    }
    let granted = limits.narrowed(asked);
    granted
        .map(Some)
        .map_err(|refusal| Error::Invalid(refused(&refusal, asked).into()))
}

/// The members of `asked` that are there, as JSON.
fn members(asked: &Bounds) -> impl Iterator<Item = (&'static str, Value)> {
    [
        ("memory_limit", asked.memory.map(Value::from)),
        ("swap_limit", asked.swap.map(Value::from)),
        ("cpu_limit", asked.cpu.map(Value::from)),
        ("pids_limit", asked.pids.map(Value::from)),
        ("io_weight", asked.io_weight.map(Value::from)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

/// Where nothing is limited, nothing can be asked for.
fn off(asked: &Bounds) -> Problems {
    let mut problems = Problems::default();
    for (name, value) in members(asked) {
        let msg = format!("limits are off on this server, so none can be kept; leave {name} out");
        problems.push(Problem::of_member(name, "value_error", msg, value));
    }
    problems
}

fn refused(refusal: &Refusal, asked: &Bounds) -> Problem {
    let (field, kind) = match refusal {
        Refusal::TooMuch(error) => (error.field, "less_than_equal"),
        Refusal::NotKept { field, .. } => (*field, "value_error"),
    };
    let sent = members(asked).find(|(name, _)| *name == field);
    let input = sent.map_or(Value::Null, |(_, value)| value);
    Problem::of_member(field, kind, refusal.to_string(), input)
}

/// The limits of one level.
#[derive(Serialize)]
struct Level {
    memory_limit: Option<u64>,
    swap_limit: Option<u64>,
    cpu_limit: Option<f64>,
    pids_limit: Option<u64>,
    io_weight: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Present>,
}

impl Level {
    fn new(bounds: &Bounds, usage: Option<Present>) -> Self {
        Self {
            memory_limit: bounds.memory,
            swap_limit: bounds.swap,
            cpu_limit: bounds.cpu,
            pids_limit: bounds.pids,
            io_weight: bounds.io_weight,
            usage,
        }
    }
}

/// The limits there are, how they are kept, and what is used of them now.
pub(super) async fn get_limits(Use(state): Use<State>) -> Result<Json<Value>, Error> {
    let limits = state.limits().clone();
    // To look at what is used reads files, and without cgroups those of every process.
    let looked = blocking(move |_| {
        let user = limits.present(Scope::User);
        Ok::<_, Error>((user, limits.present(Scope::Total)))
    });
    let (user, total) = looked.await?;
    let limits = state.limits();
    Ok(Json(shown(limits.settings(), limits.status(), user, total)))
}

fn shown(settings: &Settings, status: &Status, user: Present, total: Present) -> Value {
    let OwnLimits {
        nofile,
        fsize,
        core,
        ..
    } = settings.own;
    json!({
        "by": status.by,
        "detail": status.detail,
        "command": Level::new(&settings.command, None),
        "user": Level::new(&settings.user, Some(user)),
        "total": Level::new(&settings.total, Some(total)),
        "process": { "nofile": nofile, "fsize": fsize, "core": core },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::TooMuch;

    #[test]
    fn with_limits_off_each_that_is_asked_for_is_refused() {
        let limits = Limits::off();
        assert_eq!(granted(&limits, &Bounds::default()).unwrap(), None);
        let asked = Bounds {
            cpu: Some(0.5),
            pids: Some(64),
            ..Bounds::default()
        };
        let Err(Error::Invalid(problems)) = granted(&limits, &asked) else {
            panic!("limits were granted where there are none");
        };
        let told = json!(problems);
        assert_eq!(told[0]["loc"], json!(["body", "cpu_limit"]));
        assert_eq!(told[1]["loc"], json!(["body", "pids_limit"]));
        assert_eq!(told[1]["input"], 64);
        let msg = told[1]["msg"].as_str().unwrap();
        assert!(
            msg.contains("off") && msg.contains("leave pids_limit out"),
            "{msg}"
        );
    }

    #[test]
    fn what_is_too_much_is_told_with_what_is_allowed() {
        let error = TooMuch {
            field: "memory_limit",
            asked: "2 GB".to_owned(),
            most: "1 GB".to_owned(),
        };
        let asked = Bounds {
            memory: Some(2_000_000_000),
            ..Bounds::default()
        };
        let told = json!(refused(&error.into(), &asked));
        assert_eq!(told["loc"], json!(["body", "memory_limit"]));
        assert_eq!(told["type"], "less_than_equal");
        assert_eq!(told["input"], 2_000_000_000_u64);
        assert!(told["msg"].as_str().unwrap().contains("1 GB"), "{told}");
        let error = Refusal::NotKept {
            field: "memory_limit",
            why: "there is none".to_owned(),
        };
        let told = json!(refused(&error, &asked));
        assert_eq!(told["loc"], json!(["body", "memory_limit"]));
        assert_eq!(told["type"], "value_error");
    }

    #[test]
    fn limits_are_shown_by_level_with_what_is_used() {
        let mut settings = Settings::default();
        settings.command.memory = Some(1000);
        settings.user.cpu = Some(1.5);
        settings.own.core = Some(0);
        let used = Present {
            memory_bytes: Some(7),
            ..Present::default()
        };
        let status = Limits::off().status().clone();
        let value = shown(&settings, &status, used, Present::default());
        assert_eq!(value["by"], "off");
        assert!(value["detail"].is_string());
        let command = json!({"memory_limit": 1000, "swap_limit": null, "cpu_limit": null, "pids_limit": null, "io_weight": null});
        assert_eq!(value["command"], command);
        assert_eq!(value["user"]["cpu_limit"], 1.5);
        let usage =
            json!({"memory_bytes": 7, "swap_bytes": null, "cpu_seconds": null, "pids": null});
        assert_eq!(value["user"]["usage"], usage);
        assert_eq!(value["total"]["usage"]["memory_bytes"], Value::Null);
        let process = json!({"nofile": null, "fsize": null, "core": 0});
        assert_eq!(value["process"], process);
    }
}
