//! Registering, signing in, staying signed in, signing out.

use onsale_tests::server::Stack;
use serde_json::{Value, json};

use crate::support::{Answer, Api, CUSTOMER_PASSWORD, Site, id};

journeys!(
    a_refresh_token_is_good_once_and_reuse_ends_the_session,
    signing_out_ends_the_session,
    an_address_is_one_account,
    a_guess_is_refused_and_too_many_are_not_looked_at,
    a_role_opens_its_own_doors,
);

async fn register(visitor: &Api, email: &str) -> Answer {
    visitor.post("/v1/accounts", json!({"email": email, "password": CUSTOMER_PASSWORD, "name": "Min"})).await
}

async fn sign_in(visitor: &Api, email: &str, password: &str) -> Answer {
    visitor.post("/v1/sessions", json!({"email": email, "password": password})).await
}

async fn refresh(visitor: &Api, token: &str) -> Answer {
    visitor.post("/v1/sessions/refresh", json!({"refresh_token": token})).await
}

async fn signed_in(visitor: &Api, email: &str) -> Value {
    register(visitor, email).await.ok(201);
    sign_in(visitor, email, CUSTOMER_PASSWORD).await.ok(200)
}

async fn a_refresh_token_is_good_once_and_reuse_ends_the_session(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let visitor = &site.visitor;
    let first = signed_in(visitor, "min@example.com").await;
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("Bearer"), &json!(900)));
    let stolen = id(&first, "refresh_token");
    let second = refresh(visitor, &stolen).await;
    assert_eq!(second.header("cache-control"), "no-store");
    let second = second.ok(200);
    visitor.with_token(&id(&second, "access_token")).get("/v1/accounts/me").await.ok(200);

    let reused = refresh(visitor, &stolen).await;
    assert_eq!(reused.status, 401);
    reused.refused("refresh_token_invalid");
    refresh(visitor, &id(&second, "refresh_token")).await.refused("refresh_token_invalid");
    refresh(visitor, "invented").await.refused("refresh_token_invalid");
    sign_in(visitor, "min@example.com", CUSTOMER_PASSWORD).await.ok(200);
    assert!(!site.server.log().contains(&stolen), "a refresh token is a secret");
}

async fn signing_out_ends_the_session(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tokens = signed_in(&site.visitor, "min@example.com").await;
    let customer = site.visitor.with_token(&id(&tokens, "access_token"));
    let elsewhere = sign_in(&site.visitor, "min@example.com", CUSTOMER_PASSWORD).await.ok(200);
    customer.delete("/v1/sessions/current").await.ok(204);
    refresh(&site.visitor, &id(&tokens, "refresh_token")).await.refused("refresh_token_invalid");
    refresh(&site.visitor, &id(&elsewhere, "refresh_token")).await.ok(200);
}

async fn an_address_is_one_account(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let tokens = signed_in(&site.visitor, "Min@Example.com").await;
    let again = register(&site.visitor, "min@example.COM").await;
    assert_eq!(again.status, 409);
    again.refused("email_taken");
    let me = site.visitor.with_token(&id(&tokens, "access_token")).get("/v1/accounts/me").await.ok(200);
    assert_eq!((&me["email"], &me["name"]), (&json!("min@example.com"), &json!("Min")));

    let refused = async |member: &str, value: Value| {
        let mut account = json!({"email": "new@example.com", "password": CUSTOMER_PASSWORD, "name": "Min"});
        account[member] = value;
        let refused = site.visitor.post("/v1/accounts", account).await.refused("invalid_request");
        assert_eq!(refused["field"], member, "{refused}");
    };
    refused("email", json!("nobody")).await;
    refused("password", json!("short")).await;
    refused("name", json!("")).await;
    refused("name", json!(7)).await;
}

async fn a_guess_is_refused_and_too_many_are_not_looked_at(stack: &mut Stack) {
    let site = Site::open(stack).await;
    register(&site.visitor, "min@example.com").await.ok(201);
    let wrong = sign_in(&site.visitor, "min@example.com", "wrong password").await.refused("bad_credentials");
    let unknown = sign_in(&site.visitor, "nobody@example.com", CUSTOMER_PASSWORD).await.refused("bad_credentials");
    assert_eq!((&wrong["title"], wrong.get("detail")), (&unknown["title"], unknown.get("detail")));

    let limited = guess_until_limited(&site.visitor, "min@example.com").await;
    let seconds: u64 = limited.header("retry-after").parse().unwrap();
    let milliseconds = limited.refused("rate_limited")["retry_after_ms"].as_u64().unwrap();
    assert_eq!((limited.status, seconds), (429, milliseconds.div_ceil(1_000)));
    assert!((1..=6).contains(&seconds));
    sign_in(&site.visitor, "nobody@example.com", "a guess").await.refused("bad_credentials");
}

/// Ten attempts are looked at, and one more after each six seconds that they take.
pub(crate) async fn guess_until_limited(visitor: &Api, email: &str) -> Answer {
    for _ in 0..100 {
        let guess = sign_in(visitor, email, "a guess").await;
        if guess.status == 429 {
            return guess;
        }
        guess.refused("bad_credentials");
    }
    panic!("a hundred guesses were looked at");
}

async fn a_role_opens_its_own_doors(stack: &mut Stack) {
    let site = Site::open(stack).await;
    let customer = site.visitor.sign_up().await;
    let concert = json!({"title": "Mine", "venue": "Here"});
    let refused = customer.post("/v1/concerts", concert.clone()).await;
    assert_eq!(refused.status, 403);
    refused.refused("forbidden");
    customer.get("/v1/operator-actions").await.refused("forbidden");
    site.operator.get("/v1/points").await.refused("forbidden");
    let unknown = site.visitor.post("/v1/concerts", concert).await;
    assert_eq!((unknown.status, unknown.header("www-authenticate")), (401, "Bearer"));
    unknown.refused("sign_in_required");
    site.visitor.with_token("forged.token.here").get("/v1/points").await.refused("sign_in_required");
}

#[tokio::test]
async fn one_address_has_so_many_passwords_looked_at() {
    let stack = Stack::embedded()
        .with("ONSALE_HTTP__LIMITS__CLIENT_PASSWORD_REQUESTS_PER_MINUTE", "6")
        .with("ONSALE_HTTP__LIMITS__CLIENT_PASSWORD_BURST", "3");
    let server = stack.serve().await;
    let visitor = Api::new(&server.address);
    register(&visitor, "min@example.com").await.ok(201);
    sign_in(&visitor, "min@example.com", CUSTOMER_PASSWORD).await.ok(200);
    sign_in(&visitor, "joon@example.com", "a guess").await.refused("bad_credentials");
    for limited in [register(&visitor, "joon@example.com").await, sign_in(&visitor, "seo@example.com", "a guess").await]
    {
        assert_eq!(limited.status, 429);
        let milliseconds = limited.refused("rate_limited")["retry_after_ms"].as_u64().unwrap();
        assert!((1..=10_000).contains(&milliseconds), "{milliseconds}");
    }
    visitor.get("/v1/concerts").await.ok(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_demo_is_completed_by_the_next_start() {
    let stack = Stack::embedded().with("ONSALE_HTTP__ADMIN_LISTEN", "0.0.0.0:0");
    let first = stack.launch(&["serve", "--demo"]).await;
    assert!(first.admin.starts_with("http://127.0.0.1:"), "a demo is reached from nowhere else: {}", first.admin);
    first.kill().await;
    let data = std::fs::read_dir(stack.data_folder()).unwrap().map(|entry| entry.unwrap().path());
    for file in data.filter(|path| path.to_string_lossy().contains("onsale.sqlite")) {
        std::fs::remove_file(file).unwrap(); // as if it had been cut off before its first account
    }
    let server = stack.launch(&["serve", "--demo"]).await;
    let accounts = std::fs::read_to_string(stack.data_folder().join("demo-accounts.json")).unwrap();
    let accounts: Value = serde_json::from_str(&accounts).unwrap();
    let visitor = Api::new(&server.address);
    let customer = visitor.sign_in(&id(&accounts, "customer_email"), &id(&accounts, "customer_password")).await;
    assert_eq!(customer.balance().await, 1_000_000);
    let concerts = visitor.get("/v1/concerts").await.ok(200);
    let performances = concerts["items"].as_array().unwrap().iter().map(|one| one["performances"].as_array().unwrap());
    let mut performances: Vec<usize> = performances.map(Vec::len).collect();
    performances.sort_unstable();
    assert_eq!(performances, [1, 2, 3]);
}
