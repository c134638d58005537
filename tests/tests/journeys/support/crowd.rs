//! Many customers at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use onsale_tests::sales::customers;
use onsale_tests::server::Server;
use onsale_tests::store::Store;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Answer, Api, Tokens};

/// How long anything may take for which a second or two are enough.
const LIMIT: Duration = Duration::from_mins(1);

/// So many new customers of the database at `url`, signed in at the server of `api`.
pub(crate) async fn crowd(url: &str, api: &Api, count: usize) -> Vec<Api> {
    let (store, tokens) = (Store::at(url).await, Tokens::new());
    let crowd = customers(&store, count).await;
    crowd.into_iter().map(|customer| api.with_token(&tokens.of(customer))).collect()
}

/// Lets everybody `ask`, by their number, every other customer at `victim`, which is killed once `kill_at` are told 201. Whoever
/// hears nothing from it asks again at the customer's own server.
pub(crate) async fn ask_while_killing<F>(
    crowd: Vec<Api>,
    victim: Server,
    kill_at: usize,
    ask: impl Fn(usize, Api) -> F + Clone + Send + 'static,
) -> Vec<Answer>
where
    F: Future<Output = reqwest::Result<Answer>> + Send,
{
    let (told, somebody) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let client = |(number, customer): (usize, Api)| {
        let there = customer.at(&victim.address);
        let (ask, told, somebody) = (ask.clone(), Arc::clone(&told), Arc::clone(&somebody));
        tokio::spawn(async move {
            let first = if number % 2 == 0 { there } else { customer.clone() };
            let answer = match ask(number, first).await {
                Ok(answer) => answer,
                Err(_) => ask(number, customer).await.unwrap(),
            };
            if answer.status == 201 {
                told.fetch_add(1, Ordering::Relaxed);
                somebody.notify_one();
            }
            answer
        })
    };
    let clients: Vec<_> = crowd.into_iter().enumerate().map(client).collect();
    let enough = async {
        while told.load(Ordering::Relaxed) < kill_at {
            somebody.notified().await;
        }
    };
    timeout(LIMIT, enough).await.expect("some are told 201");
    victim.kill().await;
    let answers = timeout(LIMIT, join_all(clients)).await.expect("everybody is answered");
    answers.into_iter().map(Result::unwrap).collect()
}
