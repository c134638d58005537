//! A wrong value stops the start, and nobody sees a secret.

use onsale_tests::server::Stack;

const SECRET: &str = "an open secret of thirty-two bytes";

/// A variable, its value, and what the complaint says: the setting, and what is wrong or allowed.
const WRONG: [(&str, &str, &[&str]); 17] = [
    ("ONSALE_HTTP__LISTEN", "everywhere", &["http.listen", "everywhere", "127.0.0.1:8080"]),
    ("ONSALE_HTTP__ADMIN_LISTEN", "9080", &["http.admin_listen", "9080", "127.0.0.1:9080"]),
    (
        "ONSALE_HTTP__TRUSTED_PROXIES",
        "[\"10.0.0.0/99\"]",
        &["http.trusted_proxies", "10.0.0.0/99", "a list of networks"],
    ),
    ("ONSALE_HTTP__LIMITS__CONNECTIONS", "0", &["http.limits.connections", "0", "1 to 1000000"]),
    ("ONSALE_HTTP__LIMITS__BODY_BYTES", "large", &["http.limits.body_bytes", "large", "a whole number"]),
    ("ONSALE_LANES__GROUP", "257", &["lanes.group", "257", "1 to 256"]),
    ("ONSALE_PASSWORDS__QUEUE", "-1", &["passwords.queue", "-1", "a whole number"]),
    ("ONSALE_TOKENS__ACCESS_SECONDS", "0", &["tokens.access_seconds", "0", "1 to 86400"]),
    ("ONSALE_HOLDS__SWEEP_SECONDS", "3601", &["holds.sweep_seconds", "3601", "1 to 3600"]),
    ("ONSALE_CHARGES__TEST", "perhaps", &["charges.test", "perhaps", "a boolean"]),
    ("ONSALE_CURRENCY", "won", &["currency", "won", "three capital letters"]),
    ("ONSALE_HTTP__LIMITS__HEAD_BYTES", "5", &["http.limits.head_bytes", "5", "8192 to 1048576"]),
    (
        "ONSALE_HTTP__ALLOWED_ORIGINS",
        "[\"https://a.example/\"]",
        &["http.allowed_origins", "https://a.example/", "host"],
    ),
    ("ONSALE_HTTP__PUBLIC_URL", "tickets.example", &["http.public_url", "tickets.example", "https://"]),
    ("ONSALE_LOG__FORMAT", "xml", &["log.format", "xml", "json"]),
    ("ONSALE_HTTP__PORT", "80", &["http", "port", "listen"]),
    ("ONSALE_COLOUR", "red", &["colour", "currency"]),
];

#[tokio::test]
async fn a_wrong_value_stops_the_start_with_its_name_and_what_is_allowed() {
    for (name, value, said) in WRONG {
        let stack = Stack::embedded().with(name, value);
        let complaint = stack.fail(&["serve"]).await;
        assert!(said.iter().all(|word| complaint.contains(word)), "{name}={value}: {complaint}");
        assert!(!stack.data_folder().exists(), "nothing was begun");
    }
}

#[tokio::test]
async fn a_wrong_file_is_named() {
    let stack = Stack::embedded();
    let file = stack.write("onsale.toml", "[holds]\nopen_per_customer = 0\n");
    let complaint = stack.fail(&["--config", file.to_str().unwrap(), "serve"]).await;
    assert!(complaint.contains("holds.open_per_customer") && complaint.contains("1 to 1000"), "{complaint}");
    let complaint = stack.fail(&["--config", "missing.toml", "serve"]).await;
    assert!(complaint.contains("missing.toml"), "{complaint}");
}

#[tokio::test]
async fn the_environment_goes_before_the_file_and_the_file_before_the_defaults() {
    let mut stack = Stack::embedded();
    let file = stack.write("onsale.toml", "[holds]\nopen_per_customer = 3\nsweep_seconds = 7\n");
    stack.set("ONSALE_CONFIG", file.to_str().unwrap());
    stack.set("ONSALE_HOLDS__SWEEP_SECONDS", "9");
    let shown = stack.succeed(&["config"]).await;
    for line in ["open_per_customer = 3", "sweep_seconds = 9", "access_seconds = 900"] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is missing in {shown}");
    }
}

#[tokio::test]
async fn secrets_are_shown_nowhere() {
    let mut stack = Stack::embedded().with("ONSALE_TOKENS__SECRET", SECRET);
    stack.set("ONSALE_TOKENS__PREVIOUS_SECRETS", format!("[\"{SECRET} once\"]"));
    stack.set("ONSALE_DATABASE_URL", "mysql://onsale:hunter2@127.0.0.1:1/onsale");
    stack.set("ONSALE_DATABASE_READ_URL", "mysql://reader:hunter2@127.0.0.1:1/onsale");
    let shown = stack.succeed(&["config"]).await;
    assert!(shown.contains("database_read_url = \"(hidden)\""), "{shown}");
    assert!(shown.contains("secret = \"(hidden)\"") && shown.contains("database_url = \"(hidden)\""), "{shown}");
    let complaint = stack.fail(&["serve"]).await; // nobody listens there
    for secret in [SECRET, "hunter2"] {
        assert!(!shown.contains(secret) && !complaint.contains(secret), "{shown}\n{complaint}");
    }
}

#[tokio::test]
async fn a_secret_must_be_long_and_on_mysql_must_be_there() {
    let mysql = "mysql://onsale@127.0.0.1:1/onsale";
    let missing = Stack::on(mysql).with("ONSALE_TOKENS__SECRET", "").fail(&["serve"]).await;
    assert!(missing.contains("tokens.secret") && missing.contains("32 bytes"), "{missing}");
    let short = Stack::on(mysql).with("ONSALE_TOKENS__SECRET", "short and sweet").fail(&["serve"]).await;
    assert!(short.contains("tokens.secret") && short.contains("15 bytes") && !short.contains("sweet"), "{short}");
    let scheme = Stack::on("postgres://onsale:hunter2@db/onsale").fail(&["serve"]).await;
    assert!(
        scheme.contains("database_url") && scheme.contains("mysql://user") && !scheme.contains("hunter2"),
        "{scheme}"
    );
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let complaint = Stack::embedded().with("ONSALE_HTTP__LISTEN", &address).fail(&["serve"]).await;
    assert!(complaint.contains("http.listen") && complaint.contains(&address), "{complaint}");
}
