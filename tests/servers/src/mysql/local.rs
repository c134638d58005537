//! A MySQL or MariaDB program of this machine, run privately.

use std::{ffi::OsString, fs, os::unix::fs::MetadataExt, path::Path, path::PathBuf};

use tempfile::TempDir;

use super::MAX_CONNECTIONS;
use crate::{
    ServerError,
    certificates::Certificates,
    process::{self, PrivateServer, Recipe, in_background, option},
};

/// The user that tests connect as; without a password, on loopback only, with every right.
pub(super) const USER: &str = "onsale";

/// Says the same to MySQL and MariaDB, whatever their installers create.
const CREATE_USER: &str =
    "CREATE USER IF NOT EXISTS 'onsale'@'%';\nGRANT ALL ON *.* TO 'onsale'@'%' WITH GRANT OPTION;\n";

pub(super) fn find_program() -> Option<PathBuf> {
    process::find_program("mariadbd").or_else(|| process::find_program("mysqld"))
}

pub(super) async fn start(program: PathBuf, port: u16) -> Result<PrivateServer, ServerError> {
    let (recipe, folder) = in_background(move || prepare(program, port)).await?;
    PrivateServer::start(recipe, folder).await
}

/// A server that takes connections with TLS only, and the file with its authority.
pub(super) async fn start_secured(program: PathBuf, port: u16) -> Result<(PrivateServer, PathBuf), ServerError> {
    let secure = move || {
        let (mut recipe, folder) = prepare(program, port)?;
        let Certificates { authority, certificate, key } = Certificates::make(folder.path())?;
        recipe.arguments.extend([option("--ssl-ca", &authority), option("--ssl-cert", certificate)]);
        recipe.arguments.extend([option("--ssl-key", key), "--require-secure-transport=ON".into()]);
        Ok((recipe, folder, authority))
    };
    let (recipe, folder, authority) = in_background(secure).await?;
    Ok((PrivateServer::start(recipe, folder).await?, authority))
}

fn prepare(program: PathBuf, port: u16) -> Result<(Recipe, TempDir), ServerError> {
    let folder = tempfile::Builder::new().prefix("onsale-mysql-").tempdir().map_err(ServerError::Folder)?;
    let as_root = fs::metadata(folder.path()).map_err(ServerError::Folder)?.uid() == 0;
    let user = as_root.then(|| OsString::from("--user=root"));
    create_data(&program, folder.path(), user.clone())?;
    fs::write(folder.path().join("init.sql"), CREATE_USER).map_err(ServerError::Folder)?;
    let mut arguments = server_arguments(folder.path(), port);
    arguments.extend(user);
    Ok((Recipe { program, arguments, ready: "ready for connections" }, folder))
}

fn create_data(program: &Path, folder: &Path, user: Option<OsString>) -> Result<(), ServerError> {
    // a folder of its own for temporary tables too: their names are numbers of processes, which containers share
    let mut arguments =
        vec!["--no-defaults".into(), option("--datadir", folder.join("data")), option("--tmpdir", folder)];
    arguments.extend(user);
    let version = process::run(program, &["--no-defaults".into(), "--version".into()])?;
    let installer = if version.contains("MariaDB") {
        arguments.extend(["--auth-root-authentication-method=normal".into(), "--skip-test-db".into()]);
        installer_beside(program)
    } else {
        arguments.push("--initialize-insecure".into());
        program.to_owned()
    };
    process::run(&installer, &arguments).map(drop)
}

fn installer_beside(program: &Path) -> PathBuf {
    let names = ["mariadb-install-db", "mysql_install_db"];
    names.into_iter().find_map(process::find_program).unwrap_or_else(|| program.with_file_name(names[0]))
}

/// Durable as in production (`innodb_flush_log_at_trx_commit=1`), small enough to run beside the tests.
fn server_arguments(folder: &Path, port: u16) -> Vec<OsString> {
    let mut arguments = vec![
        OsString::from("--no-defaults"),
        option("--datadir", folder.join("data")),
        option("--socket", folder.join("socket")),
        option("--pid-file", folder.join("pid")),
        option("--tmpdir", folder),
        option("--init-file", folder.join("init.sql")),
        option("--port", port.to_string()),
        option("--max-connections", MAX_CONNECTIONS.to_string()),
    ];
    let fixed = [
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--skip-log-bin",
        "--innodb-flush-log-at-trx-commit=1",
        "--innodb-buffer-pool-size=256M",
        "--loose-innodb-log-file-size=256M",
        "--loose-performance-schema=OFF",
        "--loose-mysqlx=OFF",
    ];
    arguments.extend(fixed.map(OsString::from));
    arguments
}
