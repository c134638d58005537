//! A Redis with TLS and users.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    ServerError,
    certificates::Certificates,
    process::{PrivateServer, Recipe, find_program, free_port},
    redis::READY,
};

/// A Redis that speaks TLS only, and knows the users it was given.
pub struct SecuredRedis {
    port: u16,
    authority: PathBuf,
    _server: PrivateServer,
}

/// A server for one test alone, of a private process. `users` is an ACL file; the user `default` should be off.
///
/// # Panics
/// When it cannot be started; the message says what to install.
pub async fn secured_redis(users: &str) -> SecuredRedis {
    SecuredRedis::start(users).await.unwrap_or_else(|error| panic!("{error}"))
}

impl SecuredRedis {
    async fn start(users: &str) -> Result<Self, ServerError> {
        let program = find_program("redis-server").ok_or(ServerError::NoRedisProgram)?;
        let folder = tempfile::Builder::new().prefix("onsale-redis-").tempdir().map_err(ServerError::Folder)?;
        let port = free_port()?;
        let Certificates { authority, certificate, key } = Certificates::make(folder.path())?;
        let acl = folder.path().join("users.acl");
        fs::write(&acl, users).map_err(ServerError::Folder)?;
        let mut arguments: Vec<OsString> = vec!["--tls-port".into(), port.to_string().into()];
        let files = [
            ("--dir", folder.path()),
            ("--aclfile", &acl),
            ("--tls-cert-file", &certificate),
            ("--tls-key-file", &key),
            ("--tls-ca-cert-file", &authority),
        ];
        arguments.extend(files.into_iter().flat_map(|(option, file)| [option.into(), file.into()]));
        let fixed =
            ["--port", "0", "--tls-auth-clients", "no", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        arguments.extend(fixed.map(OsString::from));
        let server = PrivateServer::start(Recipe { program, arguments, ready: READY }, folder).await?;
        Ok(Self { port, authority, _server: server })
    }

    /// `rediss://user:password@host:port`
    #[must_use]
    pub fn url(&self, user: &str, password: &str) -> String {
        format!("rediss://{user}:{password}@127.0.0.1:{}", self.port)
    }

    /// The file with the certificate of its authority.
    #[must_use]
    pub fn authority(&self) -> &Path {
        &self.authority
    }
}
