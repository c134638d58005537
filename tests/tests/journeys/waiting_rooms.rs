//! Waiting in line, being let in, and what that is good for.

mod concerts;
mod draws;
mod flow;
mod tenants;
mod tokens;
