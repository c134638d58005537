//! Real MySQL and Redis servers for tests and benchmarks.
//!
//! A server comes from the first of these that there is:
//! 1. the address in `ONSALE_TEST_MYSQL_URL` or `ONSALE_TEST_REDIS_URL`,
//! 2. a container, when a Docker engine answers,
//! 3. a program on this machine (`mysqld`, `mariadbd`, `redis-server`), started as a private process in a folder of
//!    its own, listening on loopback only.
//!
//! [`mysql`] and [`redis`] share one server in a test process. [`private_mysql`] and [`private_redis`] start one that a
//! test may crash, [`redis_cluster`] a Cluster of three nodes, [`secured_mysql`] and [`secured_redis`] one with TLS.
//! Whatever was started ends with the process that started it, however that ends.

mod backing;
mod certificates;
mod container;
mod error;
mod guard;
mod mysql;
mod process;
mod redis;
mod redis_cluster;
mod redis_secured;

pub use backing::Source;
pub use error::ServerError;
pub use mysql::{
    Database, MYSQL_URL_VARIABLE, MysqlServer, find_mysql, mysql, private_mysql, secured_mysql, start_mysql,
};
pub use redis::{REDIS_URL_VARIABLE, RedisServer, find_redis, private_redis, redis, start_redis};
pub use redis_cluster::{RedisCluster, redis_cluster};
pub use redis_secured::{SecuredRedis, secured_redis};
