//! The stores on MySQL and on embedded SQLite.

mod accounts;
mod audit;
mod catalogue;
mod coupons;
mod database;
mod health;
mod page;
mod pass_keys;
mod purge;
mod rooms;
mod sales;
mod settling;
#[cfg(test)]
mod snapshots;
mod tenants;

pub use accounts::SqlAccounts;
pub use audit::SqlAudit;
pub use catalogue::{CatalogueCopy, SqlCatalogue};
pub use coupons::SqlCoupons;
pub use database::{
    Cell, Column, Database, DatabaseSettings, Dialect, Key, PoolUse, Row, SizedText, SqlError, Statement, Text,
    Transaction, Value, in_list, values_rows,
};
pub use health::SqlHealth;
pub use pass_keys::SqlPassKeys;
pub use purge::SqlPurge;
pub use rooms::SqlRooms;
pub use sales::SqlSales;
pub use tenants::SqlTenants;
