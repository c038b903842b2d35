//! A theme of attacks: each is shown to be one, then shown to be stopped, and all are counted.

use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::{Ground, Later, Walls};
use crate::support::{needs_mounts, needs_pid_namespaces, needs_root};

/// Counts attempts and keeps what went wrong, so that one hole does not hide the next.
pub(crate) struct Theme {
    name: &'static str,
    count: Cell<u32>,
    wrong: RefCell<Vec<String>>,
}

impl Theme {
    /// Starts with none.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            count: Cell::new(0),
            wrong: RefCell::default(),
        }
    }

    /// An attack that succeeds `without` the wall it meets, and must not `with` it.
    pub(crate) fn attempt(
        &self,
        name: &str,
        without: impl FnOnce() -> bool,
        with: impl FnOnce() -> bool,
    ) {
        self.count.set(self.count.get() + 1);
        if !without() {
            self.wrong(format!("{name}: it does not work without the wall either"));
        }
        if with() {
            self.wrong(format!("{name}: it GETS THROUGH"));
        }
    }

    /// Notes what is wrong.
    pub(crate) fn wrong(&self, what: String) {
        eprintln!("{}: {what}", self.name);
        self.wrong.borrow_mut().push(what);
    }

    /// Says how many there were; fails when one got through, was none, or fewer than `least` were made.
    #[track_caller]
    pub(crate) fn end(&self, least: u32) {
        let count = self.count.get();
        eprintln!("{}: {count} attempts", self.name);
        let wrong = self.wrong.borrow();
        assert!(wrong.is_empty(), "{}:\n  {}", self.name, wrong.join("\n  "));
        assert!(count >= least, "only {count} of {least} attempts");
    }
}

/// The grounds of a theme: each is made when it is first asked for.
pub(crate) struct Grounds {
    /// What happens on them.
    pub(crate) theme: Theme,
    settings: Vec<(String, String)>,
    none: Later,
    accounts: Later,
    all: Later,
}

impl Grounds {
    /// Those of a theme; none, loudly, where accounts cannot be made or walls cannot be had.
    pub(crate) fn of(name: &'static str) -> Option<Self> {
        Self::with(name, &[])
    }

    /// Those of a theme, with further settings.
    pub(crate) fn with(name: &'static str, settings: &[(&str, &str)]) -> Option<Self> {
        if !(needs_root() && needs_mounts() && needs_pid_namespaces()) {
            return None;
        }
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Some(Self {
            theme: Theme::new(name),
            settings: settings.iter().map(owned).collect(),
            none: Later::new(),
            accounts: Later::new(),
            all: Later::new(),
        })
    }

    fn ground<'a>(&self, cell: &'a Later, walls: Walls) -> &'a Ground {
        cell.get_or_init(|| {
            let settings = self.settings.iter();
            let settings: Vec<(&str, &str)> = settings
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            Ground::with(walls, &settings)
        })
    }

    /// Where nothing keeps users apart.
    pub(crate) fn none(&self) -> &Ground {
        self.ground(&self.none, Walls::None)
    }

    /// Where accounts alone do.
    pub(crate) fn accounts(&self) -> &Ground {
        self.ground(&self.accounts, Walls::Accounts)
    }

    /// Where all walls do.
    pub(crate) fn all(&self) -> &Ground {
        self.ground(&self.all, Walls::All)
    }

    /// An attack that works where all are one account; accounts alone must stop it, and the more so all walls.
    pub(crate) fn accounts_stop(&self, name: &str, attack: impl Fn(&Ground) -> bool) {
        self.theme.attempt(
            name,
            || attack(self.none()),
            || attack(self.accounts()) | attack(self.all()),
        );
    }

    /// An attack that works between accounts; all walls must stop it.
    pub(crate) fn walls_stop(&self, name: &str, attack: impl Fn(&Ground) -> bool) {
        self.theme
            .attempt(name, || attack(self.accounts()), || attack(self.all()));
    }

    /// Ends the theme.
    #[track_caller]
    pub(crate) fn end(&self, least: u32) {
        self.theme.end(least);
    }
}

/// The entry of a name somewhere in JSON.
pub(super) fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Array(list) => list.iter().find_map(|entry| find(entry, name)),
        Value::Object(map) => {
            if map.get("name").is_some_and(|found| found == name) {
                return Some(value);
            }
            map.iter().find_map(|(key, entry)| {
                if key == name {
                    Some(entry)
                } else {
                    find(entry, name)
                }
            })
        }
        _ => None,
    }
}
