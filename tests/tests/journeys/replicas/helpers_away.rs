//! What a server can do without for a while: it says what is down, and sells on.

use onsale_test_servers::{private_mysql, private_redis};
use onsale_tests::server::Stack;
use serde_json::{Value, json};

use super::until;
use crate::support::{Api, Room, Sale, Site};

/// What `/health/detail` says about one thing; it says nothing about it before it has looked.
async fn check(admin: &Api, name: &str) -> Value {
    let detail = admin.get("/health/detail").await.ok(200);
    let checks = detail["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_and_read_only_database_a_server_names_them_stays_ready_and_sells() {
    let mut redis = private_redis().await;
    let mut copy = private_mysql().await;
    let copied = copy.fresh_database().await;
    let copied_url = copied.url().replace("mysql://onsale@", "mysql://onsale:hunter2@");
    // Nobody copies anything, so it stays empty, and nothing may be read from it.
    let stack = Stack::mysql().await.with("ONSALE_REDIS_URL", redis.url());
    let mut stack = stack.with("ONSALE_DATABASE_READ_URL", copied_url);
    let site = Site::open(&mut stack).await;
    let sale = Sale::open(&site, json!({})).await;
    let room = Room::make(&site.operator, json!({"concert_id": sale.concert, "capacity": 1})).await;
    let admin = Api::new(&site.server.admin);
    until("Redis is well", async || check(&admin, "redis").await["ok"] == true).await;
    assert_eq!(check(&admin, "redis").await["required"], false);

    redis.kill().await.unwrap();
    copy.kill().await.unwrap();
    until("Redis is named", async || check(&admin, "redis").await["down_seconds"].as_i64() >= Some(1)).await;
    until("the copy is named", async || check(&admin, "read_only_database").await["ok"] == false).await;
    for name in ["redis", "read_only_database"] {
        let check = check(&admin, name).await;
        assert!(!check["detail"].as_str().unwrap().is_empty() && !check.to_string().contains("hunter2"), "{check}");
    }
    site.visitor.get("/health/ready").await.ok(200);
    assert_eq!(admin.get("/health/detail").await.ok(200)["ready"], true);
    let buyer = site.visitor.sign_up_with(100_000).await;
    room.ask(&buyer, None).await.refused("unavailable");
    site.visitor.get(&format!("/v1/concerts/{}", sale.concert)).await.ok(200);

    redis.start().await.unwrap();
    until("Redis is well again", async || check(&admin, "redis").await["ok"] == true).await;
    assert_eq!(check(&admin, "redis").await["down_seconds"], Value::Null);
    until("entering works again", async || room.ask(&buyer, None).await.status < 300).await;
    let metrics = admin.get("/metrics").await.text;
    for line in ["onsale_check_ok{check=\"redis\"} 1", "onsale_check_ok{check=\"read_only_database\"} 0"] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    redis.stop().await.unwrap();
}
