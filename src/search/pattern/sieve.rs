//! A sieve: the pattern made fit to run over many lines at once, without ever missing one that matches.
//!
//! A line is matched with its line break, so a pattern may take the break as its last character. In a
//! text of many lines the same pattern could run on into the next line. Here the break is never taken:
//! where it could be, the end of the line is enough. Whoever uses a loose sieve asks again, line by line.

use regex_automata::meta::{self, Regex};
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::syntax;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange};
use regex_syntax::hir::{Hir, HirKind, Literal, Look, Repetition};

/// A compiled sieve, and whether it lets through lines that do not match.
pub(super) struct Sieve {
    /// Finds lines.
    pub(super) regex: Regex,
    /// Whether each has to be asked again.
    pub(super) loose: bool,
    /// Whether it can find nothing else in a text whose line breaks are of other kinds.
    pub(super) any_breaks: bool,
}

/// Reads what was written for the linear engine.
pub(super) fn read(text: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    let config = syntax::Config::new().utf8(false).nest_limit(1000);
    syntax::parse_with(text, &config).map_err(Box::new)
}

/// Compiles for the linear engine, in at most `size` bytes of states.
pub(super) fn compile(hir: &Hir, size: usize) -> Result<Regex, Box<meta::BuildError>> {
    let config = meta::Config::new()
        .utf8_empty(false)
        .which_captures(WhichCaptures::Implicit)
        .nfa_size_limit(Some(size))
        .hybrid_cache_capacity(2 << 20);
    let regex = meta::Builder::new().configure(config).build_from_hir(hir);
    regex.map_err(Box::new)
}

/// Makes a sieve of a pattern; none when it would be too large to pay.
pub(super) fn sieve(hir: &Hir, loose: bool) -> Option<Sieve> {
    let mut strainer = Strainer { loose };
    let hir = strainer.strain(hir);
    let looks = hir.properties().look_set();
    let any_breaks = !looks.contains(Look::StartLF) && !looks.contains(Look::EndLF);
    Some(Sieve {
        regex: compile(&hir, 1 << 20).ok()?,
        loose: strainer.loose,
        any_breaks,
    })
}

struct Strainer {
    loose: bool,
}

impl Strainer {
    fn strain(&mut self, hir: &Hir) -> Hir {
        match hir.kind() {
            HirKind::Empty => Hir::empty(),
            HirKind::Literal(literal) => self.literal(literal),
            HirKind::Class(class) => match without_break(class) {
                Some(class) => {
                    self.loose = true;
                    Hir::alternation(vec![Hir::class(class), Hir::look(Look::EndLF)])
                }
                None => Hir::class(class.clone()),
            },
            HirKind::Look(look) => self.look(*look),
            HirKind::Repetition(repetition) => self.repetition(repetition),
            HirKind::Capture(capture) => self.strain(&capture.sub),
            HirKind::Concat(parts) => {
                Hir::concat(parts.iter().map(|hir| self.strain(hir)).collect())
            }
            HirKind::Alternation(parts) => {
                Hir::alternation(parts.iter().map(|hir| self.strain(hir)).collect())
            }
        }
    }

    fn literal(&mut self, literal: &Literal) -> Hir {
        match memchr::memchr(b'\n', &literal.0) {
            None => Hir::literal(literal.0.clone()),
            Some(end) => {
                self.loose = true;
                Hir::concat(vec![
                    Hir::literal(literal.0[..end].to_vec()),
                    Hir::look(Look::EndLF),
                ])
            }
        }
    }

    fn look(&mut self, look: Look) -> Hir {
        match look {
            Look::Start => Hir::look(Look::StartLF),
            Look::EndLF => Hir::look(Look::EndLF),
            Look::End => {
                self.loose = true;
                Hir::look(Look::EndLF)
            }
            // After the line break too, which is the end of the line.
            Look::StartLF => {
                self.loose = true;
                Hir::alternation(vec![Hir::look(Look::StartLF), Hir::look(Look::EndLF)])
            }
            _ => {
                self.loose = true;
                Hir::empty()
            }
        }
    }

    fn repetition(&mut self, repetition: &Repetition) -> Hir {
        let sub = match repetition.sub.kind() {
            // None at all is as good as the end of the line.
            HirKind::Class(class) if repetition.min == 0 => match without_break(class) {
                Some(class) => {
                    self.loose = true;
                    Hir::class(class)
                }
                None => self.strain(&repetition.sub),
            },
            _ => self.strain(&repetition.sub),
        };
        Hir::repetition(Repetition {
            sub: Box::new(sub),
            ..*repetition
        })
    }
}

/// The class without the line break, if it has it.
fn without_break(class: &Class) -> Option<Class> {
    match class {
        Class::Unicode(class) => {
            let newline = ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]);
            let mut rest = class.clone();
            rest.difference(&newline);
            (rest != *class).then_some(Class::Unicode(rest))
        }
        Class::Bytes(class) => {
            let newline = ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]);
            let mut rest = class.clone();
            rest.difference(&newline);
            (rest != *class).then_some(Class::Bytes(rest))
        }
    }
}
