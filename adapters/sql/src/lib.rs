//! The stores on MySQL and on embedded SQLite.

mod accounts;
mod audit;
mod catalogue;
mod database;
mod health;
mod purge;
mod sales;
#[cfg(test)]
mod snapshots;

pub use accounts::SqlAccounts;
pub use audit::SqlAudit;
pub use catalogue::SqlCatalogue;
pub use database::{
    Cell, Column, Database, DatabaseSettings, Dialect, Key, PoolUse, Row, SizedText, SqlError, Statement, Text,
    Transaction, Value, in_list, values_rows,
};
pub use health::SqlHealth;
pub use purge::SqlPurge;
pub use sales::SqlSales;
