//! The servers are real, private and gone afterwards.

#![expect(clippy::unwrap_used, reason = "a test that cannot get its servers has failed")]

use std::{
    env,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use onsale_test_servers::{MYSQL_URL_VARIABLE, Source, mysql, private_mysql, private_redis};
use sqlx::{Connection, MySqlConnection, query, query_scalar};

async fn connect(url: &str) -> MySqlConnection {
    MySqlConnection::connect(url).await.unwrap()
}

#[tokio::test]
async fn databases_of_two_tests_do_not_see_each_other() {
    let server = mysql().await;
    let (first, second) = (server.fresh_database().await, server.fresh_database().await);
    query("CREATE TABLE concert (title VARCHAR(50))").execute(&mut connect(first.url()).await).await.unwrap();
    let tables = query("SHOW TABLES").fetch_all(&mut connect(second.url()).await).await.unwrap();
    assert!(tables.is_empty());
}

#[tokio::test]
async fn names_of_a_fresh_database_keep_every_character() {
    let database = mysql().await.fresh_database().await;
    let character_set: String = query_scalar("SELECT CONVERT(@@character_set_database USING utf8mb4)")
        .fetch_one(&mut connect(database.url()).await)
        .await
        .unwrap();
    assert_eq!(character_set, "utf8mb4");
}

#[tokio::test]
async fn what_a_killed_mysql_acknowledged_is_there_after_its_restart() {
    let mut server = private_mysql().await;
    let database = server.fresh_database().await;
    let mut connection = connect(database.url()).await;
    query("CREATE TABLE seat (seat_no INT PRIMARY KEY)").execute(&mut connection).await.unwrap();
    query("INSERT INTO seat VALUES (7)").execute(&mut connection).await.unwrap();

    server.kill().await.unwrap();
    assert!(query("SELECT 1").execute(&mut connection).await.is_err());
    server.start().await.unwrap();

    let kept: i32 =
        query_scalar("SELECT seat_no FROM seat").fetch_one(&mut connect(database.url()).await).await.unwrap();
    assert_eq!(kept, 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_redis_comes_back_empty() {
    let mut server = private_redis().await;
    assert_eq!(ask_redis(server.url(), "SET place 7"), "+OK");
    server.kill().await.unwrap();
    server.start().await.unwrap();
    assert_eq!(ask_redis(server.url(), "GET place"), "$-1");
}

#[tokio::test]
async fn a_frozen_redis_says_nothing_and_goes_on_with_what_it_had() {
    let server = private_redis().await;
    assert_eq!(ask_redis(server.url(), "SET place 7"), "+OK");
    server.freeze().await.unwrap();
    let mut asked = TcpStream::connect(server.url().trim_start_matches("redis://")).unwrap();
    asked.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    asked.write_all(b"GET place\r\n").unwrap();
    assert_eq!(asked.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    server.thaw().await.unwrap();
    asked.set_read_timeout(None).unwrap();
    let mut answer = [0; 2];
    asked.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"$1");
}

fn ask_redis(url: &str, command: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("redis://")).unwrap();
    stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    answer.trim_end().to_owned()
}

#[test]
fn a_command_gets_the_servers_and_its_exit_code_comes_back() {
    let script = "test -n \"$ONSALE_TEST_REDIS_URL\" && exit 42";
    let mut command = with_servers("redis", script).spawn().unwrap();
    assert_eq!(command.wait().unwrap().code(), Some(42));
}

#[test]
fn a_server_ends_with_a_process_that_was_killed() {
    let mut command = with_servers("redis", "echo \"$ONSALE_TEST_REDIS_URL\"; exec cat").spawn().unwrap();
    let url = last_announced_line(&mut command);
    let mut connection = TcpStream::connect(url.trim_start_matches("redis://")).unwrap();

    command.kill().unwrap();
    command.wait().unwrap();

    assert!(matches!(connection.read(&mut [0; 1]), Ok(0) | Err(_)), "the server closes its connections when it ends");
}

/// The first line names the source, the second is the command's own.
fn last_announced_line(command: &mut Child) -> String {
    let mut lines = BufReader::new(command.stdout.take().unwrap()).lines();
    lines.nth(1).unwrap().unwrap()
}

fn with_servers(server: &str, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale-test-servers"));
    command.args(["with-servers", server, "--", "sh", "-c", script]);
    command.env_remove("ONSALE_TEST_REDIS_URL").stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[tokio::test]
async fn a_given_server_is_used_and_cannot_be_killed() {
    if env::var_os(MYSQL_URL_VARIABLE).is_none() {
        assert!(!matches!(mysql().await.source(), Source::Given(_)));
        return;
    }
    assert_eq!(mysql().await.source(), &Source::Given(MYSQL_URL_VARIABLE));
    assert!(onsale_test_servers::start_mysql().await.unwrap().kill().await.is_err());
}
