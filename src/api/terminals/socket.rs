//! One client at a terminal: lets it in, and moves bytes both ways, neither waiting for the other.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::access::Auth;
use super::frames::{self, Control};
use super::line::{Farewell, Heard, Line, Sent};
use super::pulse::{Pulse, Verdict};
use super::visit::Visit;
use crate::terminal::{Attachment, End, Next, Replay};

/// A client that gets a repaint has this long to say how large its window is: pages say so at once.
const FIRST_SIZE: Duration = Duration::from_millis(150);
/// A repaint is sent in pieces of this many bytes.
const PIECE: usize = 64 * 1024;
/// Answers that wait to be sent; with more, nothing is read.
const MOST_NOTES: usize = 16;
/// Sides of a window at most, and those the reference takes.
const LARGEST: u16 = 1000;
const LARGEST_EXCLUSIVE: u16 = u16::MAX;

/// A client at a terminal.
struct Talk<'a> {
    line: &'a mut Line,
    attachment: Attachment,
    /// What is left of the repaint.
    repaint: Bytes,
    /// What it is to be told before it gets more output.
    notes: VecDeque<Message>,
    pulse: Pulse,
    /// Whether it is to be asked for a sign of life.
    ask: bool,
    /// Sides of a window at most.
    largest: u16,
    /// Whether it has said how large its window is.
    sized: bool,
    /// What it typed and the terminal cannot take yet. Nothing more is heard of it until then.
    typed: Option<Bytes>,
    /// When the last look found that: what the terminal had taken until then.
    blocked_at: Option<u64>,
}

/// Why a client is no longer at the terminal.
#[derive(Debug)]
enum Over {
    /// The terminal or its output has no more for it.
    Ended(End),
    /// It has left, or cannot be reached.
    Left,
    /// It breaks the protocol.
    Broken(Farewell),
    /// It gives no sign of life.
    Silent,
    /// It does not take what it is sent.
    Stuck,
    /// The program in the terminal does not take what it types.
    Unread,
}

/// What there is to see to; several things may have come at once.
struct News {
    sent: Option<Sent>,
    heard: Option<Heard>,
    due: bool,
}

/// Serves a client to its end.
pub(super) async fn serve(socket: WebSocket, visit: Visit) {
    let mut line = Line::new(socket);
    let interval = visit.config.terminal_ping_interval;
    let patience = Pulse::patience(interval);
    let (auth, attachment) = match visit.let_in(&mut line).await {
        Ok(entered) => entered,
        Err(None) => return line.hang_up(patience).await,
        Err(Some(refusal)) => {
            line.close(None, refusal, patience).await;
            return line.linger().await;
        }
    };
    tracing::debug!(id = visit.id, view = auth.view, "a client attaches");
    let mut talk = Talk {
        line: &mut line,
        attachment,
        repaint: Bytes::new(),
        notes: VecDeque::new(),
        pulse: Pulse::new(interval, Instant::now()),
        ask: false,
        largest: if visit.config.terminal_exclusive {
            LARGEST_EXCLUSIVE
        } else {
            LARGEST
        },
        sized: false,
        typed: None,
        blocked_at: None,
    };
    let over = match talk.greet(&auth).await {
        Ok(()) => talk.run().await,
        Err(over) => over,
    };
    tracing::debug!(id = visit.id, ?over, "a client leaves");
    let attachment = talk.attachment;
    part(line, attachment, over, patience).await;
}

/// What a client gets first: the repaint, announced to one that counts bytes.
fn greeting(auth: &Auth, replay: Replay) -> (Option<Message>, Bytes) {
    let goes_on = replay.repaint.is_none() && auth.since == Some(replay.offset);
    let repaint = replay.repaint.unwrap_or_default();
    let note = (auth.counts && !goes_on)
        .then(|| Message::Text(frames::repaint(replay.offset, repaint.len()).into()));
    (note, repaint)
}

impl Talk<'_> {
    /// Prepares what the client gets first.
    async fn greet(&mut self, auth: &Auth) -> Result<(), Over> {
        let mut first = None;
        if self.attachment.wants_repaint() && !auth.view {
            let mut late = pin!(sleep(FIRST_SIZE));
            while !self.sized && self.listens() {
                match self.heard_before(late.as_mut()).await {
                    Some(heard @ Heard::Message(Message::Text(_))) => self.hear(heard)?,
                    // What it types comes after what it is shown.
                    other => {
                        first = other;
                        break;
                    }
                }
            }
        }
        let (note, repaint) = greeting(auth, self.attachment.replay().await);
        self.notes.extend(note);
        self.repaint = repaint;
        first.map_or(Ok(()), |heard| self.hear(heard))
    }

    /// What the client says next; none if it is late.
    async fn heard_before(&mut self, late: Pin<&mut Sleep>) -> Option<Heard> {
        tokio::select! {
            heard = self.line.heard() => Some(heard),
            () = late => None,
        }
    }

    /// Moves bytes until one side has no more.
    async fn run(&mut self) -> Over {
        let mut timer = pin!(sleep_until(self.pulse.next(None)));
        loop {
            if self.line.sending().is_none()
                && let Err(over) = self.say_more()
            {
                return over;
            }
            let news = self.news(timer.as_mut()).await;
            if let Some(typed) = self.typed.take() {
                self.type_in(typed);
            }
            match news.sent {
                Some(Sent::Failed) => return Over::Left,
                // Only a client that takes something makes room for more.
                Some(Sent::Late) => self.pulse.heard(),
                Some(Sent::AtOnce) | None => {}
            }
            if let Some(heard) = news.heard
                && let Err(over) = self.hear(heard)
            {
                return over;
            }
            if news.due {
                if let Err(over) = self.look() {
                    return over;
                }
                timer.as_mut().reset(self.pulse.next(self.line.sending()));
            }
        }
    }

    /// Sends the next message on its way, if there is one.
    fn say_more(&mut self) -> Result<(), Over> {
        let message = if let Some(note) = self.notes.pop_front() {
            note
        } else if std::mem::take(&mut self.ask) {
            Message::Ping(Bytes::new())
        } else if !self.repaint.is_empty() {
            let piece = self.repaint.len().min(PIECE);
            Message::Binary(self.repaint.split_to(piece))
        } else {
            match self.attachment.next() {
                Next::Output(output) => Message::Binary(output),
                Next::Nothing => return Ok(()),
                Next::End(end) => return Err(Over::Ended(end)),
            }
        };
        self.line.put(message).map_err(|_| Over::Left)
    }

    /// Whether what the client says can be seen to now.
    fn listens(&self) -> bool {
        self.typed.is_none() && self.notes.len() < MOST_NOTES
    }

    /// Waits until there is something to see to.
    async fn news(&mut self, mut timer: Pin<&mut Sleep>) -> News {
        let listens = self.listens();
        // While a message is on its way, more output changes nothing; room for what is typed does.
        let curious = self.line.sending().is_none() || !listens;
        let line = &mut *self.line;
        let mut changed = pin!(self.attachment.changed());
        poll_fn(|cx| {
            let sent = line.poll_sent(cx);
            let heard = if listens {
                line.poll_heard(cx)
            } else {
                Poll::Pending
            };
            let changed = curious && changed.as_mut().poll(cx).is_ready();
            let due = timer.as_mut().poll(cx).is_ready();
            if sent.is_pending() && heard.is_pending() && !changed && !due {
                return Poll::Pending;
            }
            Poll::Ready(News {
                sent: ready(sent),
                heard: ready(heard),
                due,
            })
        })
        .await
    }

    /// Does what the client says.
    fn hear(&mut self, heard: Heard) -> Result<(), Over> {
        self.pulse.heard();
        match heard {
            Heard::Message(Message::Binary(typed)) => self.type_in(typed),
            Heard::Message(Message::Text(text)) => match Control::read(&text, self.largest) {
                Some(Control::Resize(size)) => {
                    self.sized = true;
                    self.attachment.resize(size);
                }
                Some(Control::Signal(signal)) => self.attachment.signal(signal),
                Some(Control::Ping(id)) => {
                    self.notes.push_back(Message::Text(frames::pong(id).into()));
                }
                None => {}
            },
            // Pings are answered below us.
            Heard::Message(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => {}
            Heard::Gone => return Err(Over::Left),
            Heard::Broken(why) => return Err(Over::Broken(why)),
        }
        Ok(())
    }

    fn type_in(&mut self, typed: Bytes) {
        if !self.attachment.type_in(&typed) {
            self.typed = Some(typed);
        }
    }

    /// Looks whether the client is still there.
    fn look(&mut self) -> Result<(), Over> {
        let blocked = self.typed.as_ref().map(|_| self.attachment.taken());
        if blocked.is_some() && self.blocked_at == blocked {
            return Err(Over::Unread);
        }
        self.blocked_at = blocked;
        if !self.listens() {
            // It may well have said something.
            self.pulse.heard();
        }
        match self.pulse.look(Instant::now(), self.line.sending()) {
            Verdict::Fine => {}
            Verdict::Ask => self.ask = true,
            Verdict::Gone => return Err(Over::Silent),
            Verdict::Stuck => return Err(Over::Stuck),
        }
        Ok(())
    }
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Closes the connection.
async fn part(mut line: Line, attachment: Attachment, over: Over, patience: Duration) {
    let (last, why) = match over {
        Over::Ended(End::Exited(exit)) => (Some(exit), (1000, "the shell has ended")),
        Over::Ended(End::ShutDown(exit)) => (Some(exit), (1001, "the server is shutting down")),
        Over::Ended(End::Behind) => (
            None,
            (
                4008,
                "too far behind the output; attach again, with since to go on",
            ),
        ),
        Over::Stuck => (
            None,
            (
                4008,
                "the output was not taken in time; attach again, with since to go on",
            ),
        ),
        Over::Silent => (
            None,
            (
                4008,
                "no answer to pings; attach again, with since to go on",
            ),
        ),
        Over::Unread => {
            attachment.forget_typed();
            (
                None,
                (
                    4008,
                    "the program in the terminal does not read what is typed; that was thrown away",
                ),
            )
        }
        Over::Broken(why) => (None, why),
        Over::Left => {
            drop(attachment);
            return line.hang_up(patience).await;
        }
    };
    // Who was in the way is out of it now. To be told of the end is still to be attached: the server's
    // own end waits for that.
    let attachment = last.is_some().then_some(attachment);
    line.close(last.map(frames::exit), why, patience).await;
    drop(attachment);
    line.linger().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(counts: bool, since: Option<u64>) -> Auth {
        Auth {
            chat: None,
            view: false,
            counts,
            since,
        }
    }

    fn announced(
        counts: bool,
        since: Option<u64>,
        repaint: Option<&'static str>,
    ) -> Option<String> {
        let replay = Replay {
            repaint: repaint.map(Bytes::from),
            offset: 7,
        };
        let (note, left) = greeting(&auth(counts, since), replay);
        assert_eq!(left, repaint.unwrap_or(""));
        Some(note?.to_text().unwrap().to_owned())
    }

    #[test]
    fn a_repaint_is_announced_to_clients_that_count() {
        let three = Some(r#"{"type":"repaint","offset":7,"bytes":3}"#.to_owned());
        let none = Some(r#"{"type":"repaint","offset":7,"bytes":0}"#.to_owned());
        assert_eq!(announced(true, Some(2), Some("abc")), three);
        assert_eq!(announced(true, None, Some("abc")), three);
        assert_eq!(announced(true, Some(7), Some("abc")), three);
        assert_eq!(announced(true, None, None), none);
        assert_eq!(announced(true, Some(8), None), none);
        assert_eq!(announced(true, Some(7), None), None);
        assert_eq!(announced(false, None, Some("abc")), None);
        assert_eq!(announced(false, None, None), None);
    }
}
