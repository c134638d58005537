//! Tickets without seats: as many as there are, all that are wanted or none, and like seats in everything else.

mod capacity;
mod crash;
mod crowds;
mod ends;
mod holds;
mod lost_commits;
mod storm;
mod watching;
