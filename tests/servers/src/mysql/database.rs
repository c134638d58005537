//! One test's own database.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    process, thread,
};

use url::Url;

use super::execute;
use crate::ServerError;

/// A database of its own on a shared server. Dropping it drops the database when the server outlives the tests.
pub struct Database {
    url: Url,
    server: Url,
    name: String,
    keep: bool,
}

impl Database {
    pub(super) async fn create(server: &Url, keep: bool) -> Result<Self, ServerError> {
        let name = format!("onsale_test_{}_{:016x}", process::id(), RandomState::new().build_hasher().finish());
        execute(server, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).await?;
        let mut url = server.clone();
        url.set_path(&name);
        Ok(Self { url, server: server.clone(), name, keep })
    }

    /// `mysql://user:password@host:port/name`
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        // a thread with a runtime of its own, because the test's runtime may be ending and must not be blocked on
        let dropped = thread::spawn(move || drop_database(&server, &name)).join();
        match dropped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("cannot drop database {}: {error}", self.name),
            Err(_) => eprintln!("cannot drop database {}: the thread panicked", self.name),
        }
    }
}

/// Gives up on a database whose tables some connection still uses, instead of waiting for it.
fn drop_database(server: &Url, name: &str) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServerError::Folder)?;
    let statements = format!("SET SESSION lock_wait_timeout = 10; DROP DATABASE IF EXISTS {name}");
    Ok(runtime.block_on(execute(server, &statements))?)
}
