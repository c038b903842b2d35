//! Attacks on the walls.
