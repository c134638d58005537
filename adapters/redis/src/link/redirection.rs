use redis::{ConnectionAddr, ConnectionInfo, RedisError};

/// How to connect to the node that a redirection names, when `error` is one: as to the node that was `asked`, elsewhere.
/// A node that does not know its own name means the host that was asked.
pub(crate) fn redirected(error: &RedisError, asked: &ConnectionInfo) -> Option<ConnectionInfo> {
    let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let host = if host.is_empty() || host == "?" { host_of(asked) } else { host }.to_owned();
    let port = port.parse().ok()?;
    let addr = match asked.addr().clone() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure, tls_params }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    Some(asked.clone().set_addr(addr))
}

fn host_of(info: &ConnectionInfo) -> &str {
    match info.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "",
    }
}
