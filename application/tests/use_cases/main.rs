//! The use cases on doubles of their ports: every interleaving is forced, every moment is set.

mod accounts;
mod admissions;
mod availability;
mod charge_points;
mod coupons;
mod doubles;
mod edit_catalogue;
mod hold_seats;
mod readiness;
mod tidying;
mod waiting_rooms;
