//! What journeys share: a client, a reader of event streams, and a box office that an operator has opened.

mod api;
mod crowd;
mod events;
mod room;
mod sale;
mod tokens;
mod waiting;
mod watcher;

pub(crate) use api::{Answer, Api, CUSTOMER_PASSWORD, id, new_key};
pub(crate) use crowd::{ask_while_killing, crowd};
pub(crate) use events::Events;
pub(crate) use room::{Place, Room, Tenant};
pub(crate) use sale::{HALL, Sale, Site, fixture, plan_file, stalls};
pub(crate) use tokens::Tokens;
pub(crate) use waiting::until;
pub(crate) use watcher::{Watcher, free_seats};

/// Runs each journey embedded and on MySQL, with an audit at its end.
macro_rules! journeys {
    ($($name:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let mut stack = onsale_tests::server::Stack::embedded();
                super::$name(&mut stack).await;
                stack.assert_sound().await;
            })+
        }

        mod on_mysql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let mut stack = onsale_tests::server::Stack::mysql().await;
                super::$name(&mut stack).await;
                stack.assert_sound().await;
            })+
        }
    };
}
