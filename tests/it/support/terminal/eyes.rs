//! A person at a terminal: a client together with the screen that shows what it gets.

use std::time::{Duration, Instant};

use super::{Attach, Client, Look, Screen};
use crate::support::seconds;

/// A client, and the screen that a person has before them.
pub(crate) struct Eyes {
    /// Its connection.
    pub(crate) client: Client,
    screen: Screen,
    fed: usize,
}

impl Eyes {
    /// Attaches, and looks at a screen of this size.
    pub(crate) fn open(attach: Attach, cols: u16, rows: u16) -> Self {
        let screen = Screen::new(cols, rows);
        let client = attach.start();
        Self {
            client,
            screen,
            fed: 0,
        }
    }

    /// What is on the screen now.
    pub(crate) fn look(&mut self) -> Look {
        while self.client.step(Duration::from_millis(1)) {}
        self.screen.feed(&self.client.output[self.fed..]);
        self.fed = self.client.output.len();
        self.screen.look()
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            let look = self.look();
            if look.has(text) {
                return;
            }
            let shown = look.rows.join("\n");
            assert!(start.elapsed() < seconds(20), "no {text:?} on\n{shown}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
