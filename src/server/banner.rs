//! What the server says of itself when it starts: lines on a terminal, log lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

use crate::api::Protection;
use crate::config::{Isolation, Startup};
use crate::limits::Status;

/// One line, and whether it warns.
struct Line {
    text: String,
    warns: bool,
}

/// Prints where the server listens, the key if it was made up, and what deserves a second look.
pub(super) fn show(
    startup: &Startup,
    address: SocketAddr,
    limits: &Status,
    protections: &[Protection],
    told: &[String],
) {
    let mut lines = lines(startup, address, limits);
    let told = told.iter().cloned();
    lines.extend(told.map(|text| Line { text, warns: true }));
    if startup.loaded.config.isolation == Isolation::Process {
        lines.extend(isolation(protections));
    }
    if startup.loaded.config.json_logs || !io::stdout().is_terminal() {
        for Line { text, warns } in lines {
            if warns {
                tracing::warn!("{text}");
            } else {
                tracing::info!("{text}");
            }
        }
        return;
    }
    let mut out = io::stdout().lock();
    for Line { text, warns } in lines {
        let mark = if warns { "! " } else { "  " };
        writeln!(out, "{mark}{text}").ok();
    }
    writeln!(out).ok();
}

/// Whose the workspaces are, and each wall that does not stand: why, and how to get it.
fn isolation(protections: &[Protection]) -> Vec<Line> {
    const NO_WALLS: [&str; 3] = ["key_hiding", "isolation", "limits"];
    let whose = protections.iter().filter(|each| each.name == "isolation");
    let mut lines: Vec<Line> = whose
        .map(|each| Line {
            text: format!("Isolated: {}", each.detail),
            warns: false,
        })
        .collect();
    let walls = || {
        protections
            .iter()
            .filter(|each| !NO_WALLS.contains(&each.name.as_str()))
    };
    let standing: Vec<&str> = walls()
        .filter(|wall| wall.active)
        .map(|wall| wall.name.as_str())
        .collect();
    lines.push(Line {
        text: format!("Walls:   {}", standing.join(", ")),
        warns: false,
    });
    lines.extend(walls().filter(|wall| !wall.active).map(|wall| Line {
        text: format!("No {}: {}", wall.name, wall.detail),
        warns: true,
    }));
    lines
}

fn lines(startup: &Startup, address: SocketAddr, limits: &Status) -> Vec<Line> {
    let config = &startup.loaded.config;
    let mut lines = Vec::new();
    let mut say = |text: String, warns: bool| lines.push(Line { text, warns });
    say(
        format!("Open Terminal {}", env!("CARGO_PKG_VERSION")),
        false,
    );
    let port = address.port();
    let local = if address.ip().is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        address.ip()
    };
    say(
        format!("Local:   http://{}", SocketAddr::new(local, port)),
        false,
    );
    if let Some(network) = network(address.ip()) {
        say(
            format!("Network: http://{}", SocketAddr::new(network, port)),
            false,
        );
    }
    if config.api_key.generated {
        let key = String::from_utf8_lossy(config.api_key.as_bytes());
        say(format!("API Key: {key}"), false);
        say(
            "The API Key was made up for this run; set api_key to keep one.".into(),
            false,
        );
    }
    say(format!("Limits:  {}", limits.detail), limits.weaker);
    if address.ip().is_unspecified() {
        say("Listening on all interfaces: whoever has the key runs commands here. Use --host 127.0.0.1 to keep it local.".into(), true);
    }
    if config
        .cors_allowed_origins
        .iter()
        .any(|origin| origin == "*")
    {
        say("CORS allows every origin ('*'): any web page may ask. Use --cors-allowed-origins https://your.site to narrow it.".into(), true);
    }
    if !startup.hidden {
        say("The key could not be hidden from other processes of this user: /proc is missing or read-only.".into(), true);
    }
    for warning in &startup.loaded.warnings {
        say(warning.clone(), true);
    }
    lines
}

/// The address under which others on the network reach this machine.
fn network(bound: IpAddr) -> Option<IpAddr> {
    if bound.is_loopback() {
        return None;
    }
    if !bound.is_unspecified() {
        return Some(bound);
    }
    let mut interfaces = getifaddrs().ok()?.filter(|i| {
        i.flags.contains(InterfaceFlags::IFF_UP) && !i.flags.contains(InterfaceFlags::IFF_LOOPBACK)
    });
    interfaces.find_map(|i| Some(IpAddr::V4(i.address?.as_sockaddr_in()?.ip())))
}
