//! A read-only copy of the database that lags behind, catches up, is silent, or is away.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;
use onsale_application::ports::{
    Bus, BusMessage, CatalogueEditor, CatalogueReader, ConcertChange, ConcertFilter, HelperHealth,
};
use onsale_domain::concert::Concert;
use onsale_domain::ids::ConcertId;
use onsale_local::LocalBus;
use onsale_sql::{CatalogueCopy, Database, DatabaseSettings, SqlCatalogue, Statement};
use onsale_test_servers::private_mysql;
use onsale_tests::samples::{concert, plan};
use onsale_tests::store::Store;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;

/// For how long a copy that failed is left alone.
const PAUSE_SECONDS: u64 = 5;

/// A catalogue that is read from a copy where that is right. The copy has the same concert under another title, so that
/// whoever reads it tells which of the two answered.
struct Copied {
    itself: Store,
    copy: Store,
    bus: Arc<LocalBus>,
    catalogue: SqlCatalogue,
    link: Arc<CatalogueCopy>,
    concert: Concert,
}

impl Copied {
    async fn new(copy: Store) -> Self {
        let itself = Store::mysql().await;
        let bus = Arc::new(LocalBus::new(64));
        let database = Database::read_only(&copy.settings).unwrap();
        let link = Arc::new(CatalogueCopy::new(database, itself.context.clone(), &*bus));
        let catalogue = SqlCatalogue::new(itself.database.clone(), itself.context.clone(), bus.clone());
        let catalogue = catalogue.with_copy(link.clone());
        let concert = concert(&itself.context, "itself");
        let copied = Self { itself, copy, bus, catalogue, link, concert };
        copied.catalogue.add_concert(copied.concert.clone(), None).await.unwrap();
        let shown = Concert { title: "copy".to_owned(), ..copied.concert.clone() };
        copied.of_the_copy().add_concert(shown, None).await.unwrap();
        copied
    }

    async fn on_one_server() -> Self {
        Self::new(Store::mysql().await).await
    }

    /// The copy as whoever copies writes it.
    fn of_the_copy(&self) -> SqlCatalogue {
        SqlCatalogue::new(self.copy.database.clone(), self.copy.context.clone(), self.copy.bus.clone())
    }

    /// Both are known: how far the database is, and that the copy answers.
    async fn known(self) -> Self {
        self.catalogue.generation().await.unwrap();
        self.link.status().await.unwrap();
        self
    }

    async fn change(catalogue: &SqlCatalogue, id: ConcertId) {
        let change = ConcertChange { venue: Some("another hall".to_owned()), ..ConcertChange::default() };
        catalogue.change_concert(id, change, None).await.unwrap();
    }

    /// The database goes on, announced to this process or not.
    async fn change_elsewhere(&self) -> i64 {
        let elsewhere =
            SqlCatalogue::new(self.itself.database.clone(), self.itself.context.clone(), self.itself.bus.clone());
        Self::change(&elsewhere, self.concert.id).await;
        elsewhere.generation().await.unwrap()
    }

    async fn catch_up(&self) {
        Self::change(&self.of_the_copy(), self.concert.id).await;
    }

    /// Who answers: the same one however it is asked.
    async fn who_answers(&self) -> String {
        let found = self.catalogue.concert(self.concert.id).await.unwrap().value.unwrap();
        let filter = ConcertFilter { limit: 10, ..ConcertFilter::default() };
        let listed = self.catalogue.concerts(&filter).await.unwrap().value;
        assert_eq!(found.concert.title, listed.items[0].concert.title);
        found.concert.title.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_shows_everything_that_is_known_is_used() {
    let copied = Copied::on_one_server().await.known().await;
    let asked_at = copied.itself.context.now();
    copied.itself.clock.advance(TimeDelta::seconds(3));
    let found = copied.catalogue.concert(copied.concert.id).await.unwrap();
    assert_eq!(found.value.unwrap().concert.title, "copy");
    assert_eq!(found.read_at, asked_at, "as old as what is known of the database");
    assert_eq!(copied.who_answers().await, "copy");
    assert!(copied.link.status().await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_lags_behind_a_change_made_here_is_bypassed_until_it_has_caught_up() {
    let copied = Copied::on_one_server().await.known().await;
    Copied::change(&copied.catalogue, copied.concert.id).await;
    assert_eq!(copied.who_answers().await, "itself");
    let trouble = copied.link.status().await.unwrap_err().cause;
    assert_eq!(trouble, "it shows generation 2 of the catalogue, and 3 is known");
    copied.catch_up().await;
    assert_eq!(copied.who_answers().await, "copy");
    assert!(copied.link.status().await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_lags_behind_an_announced_change_is_bypassed() {
    let copied = Copied::on_one_server().await.known().await;
    let generation = copied.change_elsewhere().await;
    assert_eq!(copied.who_answers().await, "copy", "nothing is known of the change yet");
    copied.bus.publish(BusMessage::Catalogue { generation });
    assert_eq!(copied.who_answers().await, "itself");
    copied.catch_up().await;
    assert_eq!(copied.who_answers().await, "copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_lags_behind_what_was_polled_is_bypassed() {
    let copied = Copied::on_one_server().await.known().await;
    copied.change_elsewhere().await;
    copied.catalogue.generation().await.unwrap();
    assert_eq!(copied.who_answers().await, "itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_missed_announcements_the_database_itself_is_asked_first() {
    let copied = Copied::on_one_server().await.known().await;
    copied.change_elsewhere().await;
    for change in 0..200 {
        copied.bus.publish(BusMessage::Room { room: copied.itself.context.new_id(), change });
    }
    assert_eq!(copied.who_answers().await, "itself", "any of what was missed may have been a change");
    copied.catch_up().await;
    assert_eq!(copied.who_answers().await, "copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nobody_knows_how_far_the_database_is_it_is_asked_itself() {
    let copied = Copied::on_one_server().await.known().await;
    copied.itself.clock.advance(TimeDelta::seconds(11));
    assert_eq!(copied.catalogue.concert(copied.concert.id).await.unwrap().value.unwrap().concert.title, "itself");
    assert_eq!(copied.who_answers().await, "copy", "it was asked just now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_put_back_to_an_earlier_state_is_believed() {
    let copied = Copied::on_one_server().await.known().await;
    Copied::change(&copied.catalogue, copied.concert.id).await;
    assert_eq!(copied.who_answers().await, "itself");
    let mut transaction = copied.itself.database.begin().await.unwrap();
    transaction.execute(Statement::new("UPDATE catalogue_generation SET generation = 1")).await.unwrap();
    transaction.commit().await.unwrap();
    copied.catalogue.generation().await.unwrap();
    assert_eq!(copied.who_answers().await, "copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_has_not_arrived_at_the_copy_is_read_from_the_database_itself() {
    let copied = Copied::on_one_server().await.known().await;
    let plan = plan(&copied.itself.context, 40);
    copied.catalogue.add_plan(&plan, None).await.unwrap();
    assert_eq!(copied.catalogue.seating_plan(plan.id).await.unwrap().as_deref(), Some(&plan));
    copied.of_the_copy().add_plan(&plan, None).await.unwrap();
    let mut transaction = copied.itself.database.begin().await.unwrap();
    transaction.execute(Statement::new("DELETE FROM seating_plans")).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(copied.catalogue.seating_plan(plan.id).await.unwrap().as_deref(), Some(&plan), "of the copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_dies_is_bypassed_and_used_again_when_it_is_back() {
    let mut server = private_mysql().await;
    let database = server.fresh_database().await;
    let copied = Copied::new(Store::at(database.url()).await).await.known().await;
    assert_eq!(copied.who_answers().await, "copy");
    server.kill().await.unwrap();
    for _ in 0..20 {
        assert_eq!(copied.who_answers().await, "itself");
    }
    assert!(copied.link.status().await.is_err());
    server.start().await.unwrap();
    assert!(copied.link.status().await.is_ok());
    assert_eq!(copied.who_answers().await, "copy");
    server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_hangs_is_tried_beside_the_reads_and_now_and_then_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = DatabaseSettings::new(format!("mysql://onsale@{}/onsale", listener.local_addr().unwrap()));
    let (taken, mut tried) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            taken.send(connection).unwrap(); // which keeps it, silent
        }
    });
    let store = Store::mysql().await;
    let bus = LocalBus::new(64);
    let link = CatalogueCopy::new(Database::read_only(&settings).unwrap(), store.context.clone(), &bus);
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), Arc::new(bus));
    let catalogue = catalogue.with_copy(Arc::new(link));
    let concert = concert(&store.context, "itself");
    catalogue.add_concert(concert.clone(), None).await.unwrap();
    catalogue.generation().await.unwrap();
    let started = Instant::now();
    assert!(catalogue.concert(concert.id).await.unwrap().value.is_some());
    let first = tried.recv().await.unwrap();
    for _ in 0..200 {
        assert!(catalogue.concert(concert.id).await.unwrap().value.is_some());
    }
    let mut trials = 1;
    while tried.try_recv().is_ok() {
        trials += 1;
    }
    assert!(trials <= 1 + started.elapsed().as_secs() / PAUSE_SECONDS, "it was tried {trials} times");
    drop(first);
}
