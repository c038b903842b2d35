//! Attacks: two users, one of whom is after what the other or the server has.
//!
//! Each attempt is first made where the wall it meets is not, and has to succeed there: then it is an attack. Then it
//! is made behind the wall, and has to fail.

/// Limits: raising one's own, taking another's.
mod cgroups;
/// What commands find open.
mod descriptors;
/// `..` in all spellings.
mod dots;
/// A user who takes all there is, felt by another.
mod exhaustion;
/// Groups, user namespaces, and ways to be somebody else.
mod groups;
/// Headers that say who asks.
mod identity;
/// Links to what another has.
mod links;
/// Code in the environment of commands.
mod preload;
/// `/proc` and what shines through it.
mod proc;
/// Looking into processes, and changing them.
mod ptrace;
/// Links that change while they are followed.
mod races;
/// The server's own files.
mod secrets;
/// Programs that run as their owner.
mod setuid;
/// Signals.
mod signals;
/// Sockets, shared memory and terminals.
mod sockets;
/// Files of system accounts and programs that run by themselves.
mod system;
/// What another runs: commands, terminals, notebooks, ports, uploads.
mod theirs;
/// Places that are shared where there is no wall.
mod tmp;
