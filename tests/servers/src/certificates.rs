//! Certificates of an authority that nobody else knows, made by the `openssl` program.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    ServerError,
    process::{find_program, run},
};

/// What a server on this machine proves to be.
const NAMES: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=critical,CA:FALSE\n";

/// The files of a server's certificate.
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// A new authority and a certificate that it signed, in `folder`.
    pub(crate) fn make(folder: &Path) -> Result<Self, ServerError> {
        let program = find_program("openssl").ok_or(ServerError::NoOpensslProgram)?;
        let file = |name: &str| folder.join(name);
        fs::write(file("names"), NAMES).map_err(ServerError::Folder)?;
        let openssl = |command: &str, files: &[(&str, &str)]| {
            let words = command.split_whitespace().map(OsString::from);
            let files = files.iter().flat_map(|(option, name)| [OsString::from(option), file(name).into()]);
            run(&program, &words.chain(files).collect::<Vec<_>>())
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        let authority = format!("req -x509 {key} -days 2 -subj /CN=authority");
        openssl(&authority, &[("-keyout", "authority.key"), ("-out", "authority.pem")])?;
        let request = format!("req -new {key} -subj /CN=server");
        openssl(&request, &[("-keyout", "server.key"), ("-out", "server.csr")])?;
        let signed = [
            ("-in", "server.csr"),
            ("-CA", "authority.pem"),
            ("-CAkey", "authority.key"),
            ("-extfile", "names"),
            ("-out", "server.pem"),
        ];
        openssl("x509 -req -days 2 -set_serial 1", &signed)?;
        Ok(Self { authority: file("authority.pem"), certificate: file("server.pem"), key: file("server.key") })
    }
}
