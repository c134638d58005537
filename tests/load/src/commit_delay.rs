//! A wire to MySQL on which every `COMMIT` takes longer, as on a disk or a replica that is slower than this machine's.
//!
//! Threads that block instead of tasks: their sleep is exact to tens of microseconds, a runtime's timer only to a
//! millisecond.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use url::Url;

use crate::Failure;

/// `COM_QUERY` with the text `COMMIT`: four bytes of length and number, one of the command, then the text.
const COMMIT: &[u8] = b"\x07\0\0\0\x03COMMIT";

/// Opens the wire and returns the database's address through it. It stays open as long as this process runs.
///
/// # Errors
/// When no port is free or the address is not one.
pub fn open(database: &str, delay: Duration) -> Result<String, Failure> {
    let mut url = Url::parse(database)?;
    let host = url.host_str().ok_or("the database's address has no host")?;
    let server = format!("{host}:{}", url.port().unwrap_or(3306));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let here: SocketAddr = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming() {
            if let Err(error) = client.and_then(|client| forward(client, &server, delay)) {
                eprintln!("the wire to {server}: {error}");
            }
        }
    });
    url.set_ip_host(here.ip()).map_err(|()| "the database's address takes no host")?;
    url.set_port(Some(here.port())).map_err(|()| "the database's address takes no port")?;
    Ok(url.into())
}

/// Forwards both ways until one side ends.
fn forward(client: TcpStream, server: &str, delay: Duration) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (asking, answering) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || pass(asking, server, |bytes| if bytes.ends_with(COMMIT) { delay } else { Duration::ZERO }));
    thread::spawn(move || pass(answering, client, |_| Duration::ZERO));
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream, delay: impl Fn(&[u8]) -> Duration) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let pause = delay(&bytes[..count]);
        if !pause.is_zero() {
            thread::sleep(pause);
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // the other direction ends with it; a side that has closed already has nothing more to be told
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn only_commits_take_longer_and_everything_arrives() {
        let delay = Duration::from_millis(200);
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let wire = open(&format!("mysql://onsale@{}/onsale", server.local_addr().unwrap()), delay).unwrap();
        let wire = Url::parse(&wire).unwrap();
        let mut client = TcpStream::connect((wire.host_str().unwrap(), wire.port().unwrap())).unwrap();
        let (mut server, _) = server.accept().unwrap();
        let mut passes = |bytes: &[u8]| {
            let asked = Instant::now();
            client.write_all(bytes).unwrap();
            let mut arrived = vec![0; bytes.len()];
            server.read_exact(&mut arrived).unwrap();
            assert_eq!(arrived, bytes);
            let took = asked.elapsed();
            server.write_all(b"OK").unwrap();
            let mut answer = [0; 2];
            client.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"OK");
            took
        };
        passes(b"\x06\0\0\0\x03BEGIN");
        assert!(passes(COMMIT) >= delay);
    }
}
