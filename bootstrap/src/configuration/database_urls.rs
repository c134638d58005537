use url::Url;

use super::{Configuration, ConfigurationError};

/// What a URL may say after its question mark. Anything else is refused: a misspelt `ssl-mode` would go without TLS.
const PARAMETERS: [&str; 8] = ["ssl-mode", "sslmode", "ssl-ca", "sslca", "ssl-cert", "sslcert", "ssl-key", "sslkey"];

/// Checks the addresses of the database and of its copy.
pub(super) fn check_database_urls(configuration: &Configuration) -> Result<(), ConfigurationError> {
    let url = configuration.database_url.reveal();
    let copy = configuration.database_read_url.reveal();
    let is_mysql = !configuration.is_embedded() && !url.starts_with("sqlite://");
    if is_mysql {
        check_mysql_url("database_url", url, "mysql://user:password@host:port/database or nothing is")?;
    }
    if copy.is_empty() {
        return Ok(());
    }
    if !is_mysql {
        return Err(ConfigurationError::NotAllowed {
            setting: "database_read_url",
            value: "(hidden)".to_owned(),
            allowed: "it only is beside a MySQL `database_url`".to_owned(),
        });
    }
    check_mysql_url("database_read_url", copy, "mysql://user:password@host:port/database or nothing is")
}

/// Says what is wrong with the address, and nothing of it but its scheme: the rest may be a password.
fn check_mysql_url(setting: &'static str, url: &str, allowed: &str) -> Result<(), ConfigurationError> {
    let is_scheme = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let scheme = url.split_once("://").map(|(scheme, _)| scheme).filter(is_scheme).unwrap_or("(no scheme)");
    let problem = match Url::parse(url) {
        Err(error) => format!(" ({error})"),
        Ok(_) if scheme != "mysql" => String::new(),
        Ok(parsed) if parsed.path().len() < 2 => " (no database)".to_owned(),
        Ok(parsed) if parsed.query_pairs().all(|(name, _)| PARAMETERS.contains(&&*name)) => return Ok(()),
        Ok(_) => " (a parameter other than ssl-mode, ssl-ca, ssl-cert and ssl-key)".to_owned(),
    };
    let value = format!("{scheme}://(hidden){problem}");
    Err(ConfigurationError::NotAllowed { setting, value, allowed: allowed.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(url: &str, copy: &str) -> Option<String> {
        let (database_url, database_read_url) = (url.to_owned().into(), copy.to_owned().into());
        let configuration = Configuration { database_url, database_read_url, ..Configuration::default() };
        check_database_urls(&configuration).err().map(|error| error.to_string())
    }

    #[test]
    fn a_wrong_address_of_a_database_is_named_and_its_password_is_not_shown() {
        for (url, said) in [
            ("mysql://onsale:hunter2@db:port/onsale", "mysql://(hidden) (invalid port number)"),
            ("mysql://onsale:hunter2@db:3306/", "mysql://(hidden) (no database)"),
            ("mysql://onsale:hunter2@db/onsale?ssl-mod=REQUIRED", "mysql://(hidden) (a parameter other than ssl-mode"),
            ("postgres://onsale:hunter2@db/onsale", "postgres://(hidden)"),
            ("onsale:hunter2@db", "(no scheme)://(hidden)"),
            ("mysql:onsale:hunter2@db/onsale", "(no scheme)://(hidden)"),
            ("hunter2 mysql://db/onsale", "(no scheme)://(hidden)"),
        ] {
            for (setting, url, copy) in [("database_url", url, ""), ("database_read_url", "mysql://db/onsale", url)] {
                let complaint = complaint(url, copy).expect("it is not allowed");
                assert!(complaint.starts_with(&format!("setting `{setting}`: {said}")), "{complaint}");
                assert!(!complaint.contains("hunter2"), "{complaint}");
            }
        }
    }

    #[test]
    fn a_copy_is_allowed_beside_mysql_only() {
        let tls = "mysql://reader:hunter2@copy/onsale?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/onsale/ca.pem";
        assert_eq!(complaint("mysql://onsale:hunter2@db/onsale", tls), None);
        for url in ["", "sqlite://onsale.sqlite"] {
            let complaint = complaint(url, tls).expect("it is not allowed");
            assert!(complaint.starts_with("setting `database_read_url`: (hidden) is not allowed"), "{complaint}");
        }
    }
}
