//! Mounts: where the cgroups of this process are, read from `/proc/self/cgroup` and `/proc/self/mountinfo`.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The file name that a server gives its own leaf on version 2 begins so.
pub(super) const SERVER: &str = "open-terminal-server.";

/// Which of the kernel's two interfaces (cgroups(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Version {
    One,
    Two,
}

/// One hierarchy of cgroups that this process is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    pub(super) version: Version,
    /// Those of version 1 by their kernel names; version 2 tells its own in `cgroup.controllers`.
    pub(super) controllers: Vec<String>,
    pub(super) place: Result<Place, Trouble>,
}

/// A directory that shows the cgroup of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) own: PathBuf,
    /// The mount point, at `own` or above it.
    pub(super) mount: PathBuf,
    pub(super) read_only: bool,
    /// As the process sees it: `/` is its root, or that of its cgroup namespace.
    pub(super) path: PathBuf,
}

/// Why there is no directory that shows the cgroup of this process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("no cgroup file system that has it is mounted; mount one below /sys/fs/cgroup")]
    Unmounted,
    #[error(
        "the cgroups that are mounted here are not those below the server's own: the namespace is another than the \
         mount's; give a container with the host's /sys/fs/cgroup the host's namespace too (`--cgroupns=host`)"
    )]
    Elsewhere {
        mount: String,
        root: String,
        path: String,
    },
}

impl Place {
    /// The directories from the own one up to the mount point.
    pub(super) fn upwards(&self) -> impl Iterator<Item = &Path> {
        let within = |directory: &&Path| directory.starts_with(&self.mount);
        self.own.ancestors().take_while(within)
    }

    /// This place; or the one above, when it is but the leaf into which an earlier server has moved what it found.
    pub(super) fn outside_of_servers(mut self) -> Self {
        let name = self.own.file_name().unwrap_or_default();
        if name.to_string_lossy().starts_with(SERVER) && self.own != self.mount {
            self.own.pop();
            self.path.pop();
        }
        self
    }
}

/// The hierarchies of a process, from the texts of its two files.
pub(super) fn find(cgroup: &str, mountinfo: &str) -> Vec<Hierarchy> {
    let mounts = Mount::all(mountinfo);
    cgroup
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (list, path) = (fields.next()?, fields.next()?);
            let controllers: Vec<String> = list
                .split(',')
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
            let version = if list.is_empty() {
                Version::Two
            } else {
                Version::One
            };
            let named = controllers.iter().any(|name| name.starts_with("name="));
            let place = best_place(&mounts, version, &controllers, path);
            (!named).then_some(Hierarchy {
                version,
                controllers,
                place,
            })
        })
        .collect()
}

/// The place in the mount that is of most use: best a writable one.
fn best_place(
    mounts: &[Mount],
    version: Version,
    controllers: &[String],
    path: &str,
) -> Result<Place, Trouble> {
    let serves = |mount: &&Mount| {
        mount.version == version && controllers.iter().all(|name| mount.options.contains(name))
    };
    let places = mounts
        .iter()
        .filter(serves)
        .map(|mount| mount.place_of(path));
    places
        .min_by_key(|place| match place {
            Ok(place) if !place.read_only => 0,
            Ok(_) => 1,
            Err(_) => 2,
        })
        .unwrap_or(Err(Trouble::Unmounted))
}

/// A mounted cgroup file system: a line of mountinfo (proc(5)).
#[derive(Debug)]
struct Mount {
    version: Version,
    root: String,
    point: String,
    read_only: bool,
    /// Of the file system: the controllers of version 1 are among them.
    options: Vec<String>,
}

impl Mount {
    fn all(mountinfo: &str) -> Vec<Self> {
        let mut mounts: Vec<(String, Option<Self>)> = Vec::new();
        for (point, mount) in mountinfo.lines().filter_map(Self::parse) {
            // What is mounted later at the same point hides what was there.
            mounts.retain(|(earlier, _)| *earlier != point);
            mounts.push((point, mount));
        }
        mounts.into_iter().filter_map(|(_, mount)| mount).collect()
    }

    /// The mount point and, when it is of cgroups, the mount.
    fn parse(line: &str) -> Option<(String, Option<Self>)> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (unescaped(mount.next()?), unescaped(mount.next()?));
        let flags = mount.next()?;
        let mut file_system = file_system.split(' ');
        let version = match file_system.next()? {
            "cgroup" => Version::One,
            "cgroup2" => Version::Two,
            _ => return Some((point, None)),
        };
        let options: Vec<String> = file_system
            .nth(1)
            .unwrap_or_default()
            .split(',')
            .map(str::to_owned)
            .collect();
        let read_only =
            flags.split(',').any(|flag| flag == "ro") || options.iter().any(|o| o == "ro");
        let mount = Self {
            version,
            root,
            point: point.clone(),
            read_only,
            options,
        };
        Some((point, Some(mount)))
    }

    /// Where this mount shows the cgroup of that path.
    fn place_of(&self, path: &str) -> Result<Place, Trouble> {
        let below = Path::new(path).strip_prefix(&self.root).ok();
        // Outside of the cgroup namespace, paths begin with `/..` (cgroup_namespaces(7)).
        let below = below.filter(|rest| !rest.components().any(|c| c == Component::ParentDir));
        let Some(below) = below else {
            return Err(Trouble::Elsewhere {
                mount: self.point.clone(),
                root: self.root.clone(),
                path: path.to_owned(),
            });
        };
        let mount = PathBuf::from(&self.point);
        let own = if below.as_os_str().is_empty() {
            mount.clone()
        } else {
            mount.join(below)
        };
        Ok(Place {
            own,
            mount,
            read_only: self.read_only,
            path: path.into(),
        })
    }
}

/// A field of mountinfo: white space and the backslash are written as three octal digits.
fn unescaped(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, tail @ ..] = rest {
        let octal = tail
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests;
