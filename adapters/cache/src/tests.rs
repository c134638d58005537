//! The cache in front of a store whose answers the tests hold back, change and refuse.

mod changes;
mod loads;
mod store;
mod trouble;
