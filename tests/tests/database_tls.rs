//! MySQL over TLS, as the parameters of its URL say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use onsale_sql::{Database, DatabaseSettings, SqlError, Statement};
use onsale_test_servers::secured_mysql;

/// Connects, and says by which cipher.
async fn cipher(url: &str, parameters: &str) -> Result<String, SqlError> {
    let database = Database::connect(&DatabaseSettings::new(format!("{url}{parameters}"))).await?;
    let statement = Statement::new("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    let cipher = database.fetch_optional(statement).await?.unwrap().get(1)?;
    database.close().await;
    Ok(cipher)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_proved_as_far_as_the_url_says() {
    let server = secured_mysql().await;
    let database = server.fresh_database().await;
    let authority = server.authority().unwrap().display();
    for proved in [
        String::new(), // as MySQL's own clients do: with TLS when there is any, whoever it may be
        "?ssl-mode=REQUIRED".to_owned(),
        format!("?ssl-mode=VERIFY_CA&ssl-ca={authority}"),
        format!("?ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}"),
    ] {
        let cipher = cipher(database.url(), &proved).await.unwrap();
        assert!(!cipher.is_empty(), "{proved}");
    }
    for refused in ["?ssl-mode=VERIFY_CA", "?ssl-mode=VERIFY_IDENTITY", "?ssl-mode=DISABLED"] {
        assert!(cipher(database.url(), refused).await.is_err(), "{refused}");
    }
    let elsewhere = database.url().replace("127.0.0.1", "127.0.0.2");
    assert!(cipher(&elsewhere, &format!("?ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}")).await.is_err());
    server.stop().await.unwrap();
}
