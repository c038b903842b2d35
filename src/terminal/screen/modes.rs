//! Modes of input and looks that the emulator does not keep.

use std::fmt::Write as _;

/// Characters of a title that are kept, in bytes.
const TITLE_LIMIT: usize = 1024;

/// Titles put aside by programs, to be taken up again when they end.
const STACK_LIMIT: usize = 10;

/// Private modes that are on or off by themselves: reverse video, blinking cursor, reverse wrap, focus
/// events, wheel as arrow keys, bracketed paste. Off is the default of each.
const SWITCHES: [u16; 6] = [5, 12, 45, 1004, 1007, 2004];

/// Which mouse events are reported; one of them at a time.
const MOUSE: [u16; 4] = [9, 1000, 1002, 1003];

/// How mouse events are written; one of them at a time.
const MOUSE_FORMATS: [u16; 4] = [1005, 1006, 1015, 1016];

/// The private mode that is the same as the application keypad.
const KEYPAD: u16 = 66;

/// Modes as the output has set them.
#[derive(Debug, Default)]
pub(super) struct Modes {
    settings: Settings,
    titles: Titles,
    put_aside: Vec<Titles>,
}

/// What a full reset sets back.
#[derive(Debug, Default)]
struct Settings {
    switches: [bool; SWITCHES.len()],
    /// In the order they were set: a terminal takes the last that it knows.
    mouse: Vec<u16>,
    mouse_formats: Vec<u16>,
    keypad: bool,
    cursor_style: u16,
    other_keys: u16,
}

#[derive(Clone, Debug, Default)]
struct Titles {
    icon: String,
    window: String,
}

impl Modes {
    /// Obeys a complete sequence, other than one that ends a string.
    pub(super) fn apply(&mut self, sequence: &str) {
        match sequence {
            "\x1bc" => self.settings = Settings::default(),
            "\x1b=" => self.settings.keypad = true,
            "\x1b>" | "\x1b[!p" => self.settings.keypad = false,
            _ => {
                let body = sequence.strip_prefix("\x1b[");
                if let Some(body) = body.or_else(|| sequence.strip_prefix('\u{9b}')) {
                    self.control(body);
                }
            }
        }
    }

    /// A control sequence, without its introducer.
    fn control(&mut self, body: &str) {
        if let Some(modes) = body.strip_prefix('?') {
            for on in [true, false] {
                let end = if on { 'h' } else { 'l' };
                let modes = modes.strip_suffix(end).unwrap_or_default();
                for mode in modes.split(';').filter_map(|mode| mode.parse().ok()) {
                    self.settings.switch(mode, on);
                }
            }
        } else if let Some(style) = body.strip_suffix(" q") {
            self.settings.cursor_style = number(style);
        } else if let Some(keys) = body
            .strip_prefix('>')
            .and_then(|keys| keys.strip_suffix('m'))
        {
            match keys.split_once(';') {
                Some(("4", value)) => self.settings.other_keys = number(value),
                None if matches!(keys, "" | "4") => self.settings.other_keys = 0,
                _ => {}
            }
        } else if let Some(parameters) = body.strip_suffix('t') {
            self.put_titles_aside(parameters);
        }
    }

    fn put_titles_aside(&mut self, parameters: &str) {
        let mut parameters = parameters.split(';').map(number);
        match (parameters.next(), parameters.next().unwrap_or(0)) {
            (Some(22), 0..=2) if self.put_aside.len() < STACK_LIMIT => {
                self.put_aside.push(self.titles.clone());
            }
            (Some(23), which @ 0..=2) => {
                if let Some(titles) = self.put_aside.pop() {
                    if which != 2 {
                        self.titles.icon = titles.icon;
                    }
                    if which != 1 {
                        self.titles.window = titles.window;
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes the title from an operating system command, if it sets one.
    pub(super) fn set_title(&mut self, sequence: &str) {
        let body = sequence.strip_prefix("\x1b]");
        let body = body.or_else(|| sequence.strip_prefix('\u{9d}'));
        let Some((which @ ("0" | "1" | "2"), title)) = body.and_then(|body| body.split_once(';'))
        else {
            return;
        };
        let title = &title[..title.floor_char_boundary(TITLE_LIMIT)];
        if which != "2" {
            title.clone_into(&mut self.titles.icon);
        }
        if which != "1" {
            title.clone_into(&mut self.titles.window);
        }
    }

    /// What sets them on a terminal that has been reset.
    pub(super) fn restore(&self) -> Vec<u8> {
        let mut out = String::new();
        for titles in &self.put_aside {
            titles.restore(&mut out);
            out.push_str("\x1b[22;0t");
        }
        self.titles.restore(&mut out);
        self.settings.restore(&mut out);
        out.into_bytes()
    }
}

impl Settings {
    fn switch(&mut self, mode: u16, on: bool) {
        if let Some(place) = SWITCHES.iter().position(|known| *known == mode) {
            self.switches[place] = on;
        } else if MOUSE.contains(&mode) {
            choose(&mut self.mouse, mode, on);
        } else if MOUSE_FORMATS.contains(&mode) {
            choose(&mut self.mouse_formats, mode, on);
        } else if mode == KEYPAD {
            self.keypad = on;
        }
    }

    fn restore(&self, out: &mut String) {
        let switches = SWITCHES.iter().zip(self.switches);
        let on = switches.filter_map(|(mode, on)| on.then_some(*mode));
        let mouse = self.mouse.iter().chain(&self.mouse_formats).copied();
        for mode in on.chain(mouse) {
            write(out, format_args!("\x1b[?{mode}h"));
        }
        if self.keypad {
            out.push_str("\x1b=");
        }
        if self.cursor_style != 0 {
            write(out, format_args!("\x1b[{} q", self.cursor_style));
        }
        if self.other_keys != 0 {
            write(out, format_args!("\x1b[>4;{}m", self.other_keys));
        }
    }
}

impl Titles {
    fn restore(&self, out: &mut String) {
        let (icon, window) = (&self.icon, &self.window);
        if icon == window && !icon.is_empty() {
            write(out, format_args!("\x1b]0;{icon}\x07"));
            return;
        }
        for (code, title) in [(1, icon), (2, window)] {
            if !title.is_empty() {
                write(out, format_args!("\x1b]{code};{title}\x07"));
            }
        }
    }
}

/// Makes a mode the chosen one; none is when any is reset.
fn choose(chosen: &mut Vec<u16>, mode: u16, on: bool) {
    chosen.retain(|other| on && *other != mode);
    if on {
        chosen.push(mode);
    }
}

/// A parameter; zero when it is left out or makes no sense.
fn number(parameter: &str) -> u16 {
    parameter.parse().unwrap_or(0)
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory takes all");
}
