//! The audit's contract: good data is clean, and whatever row is corrupted, the invariant that it breaks is named.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod good_coupons;
mod good_data;
mod good_rooms;
mod good_tickets;

use std::collections::BTreeSet;
use std::time::Duration;

use onsale_application::ports::{Audit, AuditReport, CatalogueEditor, PerformanceChange, Violation};
use onsale_domain::box_office::Limits;
use onsale_sql::{SqlAudit, SqlCatalogue, Statement};
use onsale_tests::store::Store;

use self::good_data::{execute, id, ids, literal};

onsale_tests::contracts!(
    good_data_is_clean,
    an_empty_store_is_clean,
    every_corruption_is_named,
    violations_are_named_up_to_the_limit,
    what_time_did_not_allow_is_unfinished,
    a_lowered_limit_breaks_nothing,
);

/// What the database's unique key holds as well.
const TWO_OF_A_CAMPAIGN: &str = "customers_have_one_coupon_of_a_campaign";

fn audit(store: &Store, time_limit: Duration) -> SqlAudit {
    let limits = Limits { open_holds_per_customer: 1 };
    SqlAudit::new(store.database.clone(), store.context.clone(), limits, time_limit)
}

async fn report(store: &Store) -> AuditReport {
    audit(store, Duration::from_mins(5)).audit(20).await.unwrap()
}

fn named(report: &AuditReport) -> BTreeSet<&'static str> {
    report.violations.iter().map(|violation| violation.invariant).collect()
}

/// A moment far away, as a literal.
fn future(store: &Store) -> &'static str {
    if store.settings.url.starts_with("sqlite") { "4000000000000000" } else { "'2099-01-01'" }
}

/// For each invariant, one statement or more, each of which breaks it.
fn corruptions(store: &Store) -> Vec<(&'static str, String)> {
    let held = literal(ids::HELD);
    let [first_charge, paid, .., refunded] = ids::ENTRIES.map(literal);
    let future = future(store);
    vec![
        ("free_seats_have_nobody", format!("UPDATE seats SET reservation_id = {held} WHERE seat_no = 4")),
        (
            "seats_held_by_one_hold",
            format!("UPDATE seats SET reservation_id = {} WHERE seat_no = 2", literal(ids::EXPIRED)),
        ),
        (
            "seats_sold_to_paid_reservations",
            format!("UPDATE seats SET reservation_id = {} WHERE seat_no = 0", literal(ids::REFUNDED)),
        ),
        ("seats_have_a_price", "UPDATE seats SET category_no = 9 WHERE seat_no = 4".to_owned()),
        ("performances_have_the_seats_of_their_plan", "DELETE FROM seats WHERE seat_no = 4".to_owned()),
        ("performances_have_concert_plan_and_version", "DELETE FROM concerts".to_owned()),
        (
            "paid_reservations_have_their_seats",
            "UPDATE seats SET state = 0, reservation_id = NULL WHERE seat_no = 0".to_owned(),
        ),
        (
            "live_holds_have_their_seats",
            "UPDATE seats SET state = 0, reservation_id = NULL, held_until = NULL WHERE seat_no = 2".to_owned(),
        ),
        ("no_seat_is_taken_twice", format!("UPDATE reservation_items SET seat_no = 0 WHERE reservation_id = {held}")),
        (
            "reservations_are_the_sum_of_their_items",
            format!("UPDATE reservations SET quantity = 2 WHERE reservation_id = {held}"),
        ),
        (
            "reservations_agree_with_payments",
            format!("UPDATE reservations SET status = 1 WHERE reservation_id = {held}"),
        ),
        (
            "reservations_have_customer_and_performance",
            format!("UPDATE reservations SET customer_id = {held} WHERE reservation_id = {}", literal(ids::EXPIRED)),
        ),
        (
            "payments_pay_one_reservation",
            format!("UPDATE payments SET discount = 1 WHERE payment_id = {}", literal(ids::PAYMENT)),
        ),
        ("payments_have_their_entry", format!("DELETE FROM ledger_entries WHERE entry_id = {paid}")),
        ("refunds_return_one_payment", format!("UPDATE refunds SET payment_id = {}", literal(ids::PAYMENT))),
        ("refunds_have_their_entry", format!("UPDATE ledger_entries SET amount = 199 WHERE entry_id = {refunded}")),
        ("charges_have_their_entry", format!("UPDATE ledger_entries SET amount = 1 WHERE entry_id = {first_charge}")),
        (
            "entries_have_two_sides",
            format!("UPDATE ledger_entries SET debit = 'sales' WHERE entry_id = {first_charge}"),
        ),
        ("entries_have_their_reason", format!("DELETE FROM charges WHERE charge_id = {}", literal(ids::CHARGE))),
        (
            "ledger_sums_to_zero",
            format!("UPDATE points_accounts SET balance = 701 WHERE account_id = {}", literal(ids::MINJI)),
        ),
        // what one has too much the other has too little, so that the sum stays right
        ("balances_equal_their_entries", "UPDATE points_accounts SET balance = 1200 - balance".to_owned()),
        (
            "balances_are_those_of_an_entry",
            format!("UPDATE ledger_entries SET balance_after = 701 WHERE entry_id = {paid}"),
        ),
        ("customers_stay_within_their_seats", "UPDATE performances SET max_seats_ever = 2".to_owned()),
        (
            "customers_stay_within_their_holds",
            format!("UPDATE reservations SET held_until = {future} WHERE reservation_id = {}", literal(ids::UNTIDIED)),
        ),
        ("accounts_have_points", format!("DELETE FROM points_accounts WHERE account_id = {}", literal(ids::HYUN))),
    ]
    .into_iter()
    .chain(corruptions_of_rooms())
    .chain(corruptions_of_tickets())
    .chain(corruptions_of_coupons(store))
    .collect()
}

fn corruptions_of_tickets() -> Vec<(&'static str, String)> {
    let held = literal(good_tickets::HELD);
    vec![
        ("allotments_stay_within_their_capacity", "UPDATE allotments SET capacity = taken - 1".to_owned()),
        (
            "allotments_are_what_reservations_took",
            format!("UPDATE reservations SET status = 3 WHERE reservation_id = {held}"),
        ),
        ("allotments_have_a_price", "UPDATE performance_categories SET kind = 'seats'".to_owned()),
        ("categories_of_tickets_have_their_allotment", "DELETE FROM allotments".to_owned()),
        (
            "tickets_are_of_an_allotment",
            format!("UPDATE reservation_items SET category_id = {held} WHERE reservation_id = {held} AND item_no = 0"),
        ),
    ]
}

/// The last one breaks what the database itself holds, too: the key has to go first.
fn corruptions_of_coupons(store: &Store) -> Vec<(&'static str, String)> {
    let future = future(store);
    let [spent, unspent, campaign] = [good_coupons::SPENT, good_coupons::UNSPENT, good_coupons::CAMPAIGN].map(literal);
    let of_unspent = |change: &str| format!("UPDATE coupons SET {change} WHERE coupon_id = {unspent}");
    vec![
        ("campaigns_stay_within_their_total", "UPDATE coupon_campaigns SET total = 2".to_owned()),
        ("campaigns_count_their_coupons", "UPDATE coupon_campaigns SET issued = 2".to_owned()),
        ("coupons_have_campaign_and_customer", of_unspent(&format!("customer_id = {campaign}"))),
        ("spent_coupons_have_their_payment", of_unspent(&format!("payment_id = {campaign}"))),
        (
            "spent_coupons_have_their_payment",
            format!("UPDATE coupons SET spent_at = {future} WHERE coupon_id = {spent}"),
        ),
        (
            "spent_coupons_have_their_payment",
            format!(
                "UPDATE coupon_campaigns SET concert_id = (SELECT concert_id FROM performances WHERE performance_id = {}) \
                 WHERE campaign_id = {campaign}",
                literal(ids::PERFORMANCE)
            ),
        ),
        (
            "discounts_have_their_coupon",
            format!("UPDATE coupons SET payment_id = NULL, spent_at = NULL WHERE coupon_id = {spent}"),
        ),
        (
            "discount_entries_have_their_reason",
            "UPDATE ledger_entries SET amount = 29 WHERE debit = 'promotion'".to_owned(),
        ),
        (
            "discount_entries_have_their_reason",
            format!(
                "UPDATE ledger_entries SET performance_id = {} WHERE debit = 'promotion'",
                literal(ids::PERFORMANCE)
            ),
        ),
        ("discounts_have_their_entries", "DELETE FROM ledger_entries WHERE credit = 'promotion'".to_owned()),
        (
            TWO_OF_A_CAMPAIGN,
            format!(
                "UPDATE coupons SET customer_id = (SELECT * FROM (SELECT customer_id FROM coupons WHERE coupon_id = {spent}) c)"
            ),
        ),
    ]
}

fn corruptions_of_rooms() -> Vec<(&'static str, String)> {
    let room = literal(good_rooms::ROOM);
    let of_room = |change: &str| format!("UPDATE waiting_rooms SET {change} WHERE room_id = {room}");
    vec![
        ("rooms_count_who_is_inside", of_room("alive = alive + 1")),
        ("rooms_serve_what_their_ticks_let_in", of_room("ceiling = 19")),
        ("concerts_have_one_open_room", "UPDATE waiting_rooms SET closed_at = NULL".to_owned()),
        ("rooms_have_tenant_and_concert", "DELETE FROM tenants".to_owned()),
        ("ticks_follow_one_another", "UPDATE room_ticks SET from_number = 12 WHERE tick_no = 2".to_owned()),
        ("ticks_count_their_visits", "DELETE FROM room_visits WHERE number = 1".to_owned()),
        ("visits_have_their_room_and_tick", "UPDATE room_visits SET tick_no = 9 WHERE number = 2".to_owned()),
        ("visitors_are_inside_once", "UPDATE room_visits SET visitor = 'visitor-1' WHERE number = 2".to_owned()),
        ("api_keys_have_their_tenant", format!("UPDATE api_keys SET tenant_id = {room}")),
    ]
}

/// Tickets first: a hold has to end.
async fn write_all(store: &Store) {
    good_tickets::write(store).await;
    good_data::write(store).await;
    good_rooms::write(store).await;
    good_coupons::write(store).await;
}

async fn good_data_is_clean(store: Store) {
    write_all(&store).await;
    let report = report(&store).await;
    assert_eq!(report.violations, []);
    assert!(report.unfinished.is_empty());
    let rows = |name: &str| report.checked.iter().find(|(checked, _)| *checked == name).map(|(_, rows)| *rows);
    assert_eq!(rows("seats_sold_to_paid_reservations"), Some(13));
    assert_eq!(rows("paid_reservations_have_their_seats"), Some(17));
    assert_eq!(rows("payments_have_their_entry"), Some(10));
    assert_eq!(rows("balances_equal_their_entries"), Some(11));
    assert_eq!(rows("ledger_sums_to_zero"), Some(30));
    assert_eq!(rows("allotments_are_what_reservations_took"), Some(1));
    assert_eq!(rows("campaigns_count_their_coupons"), Some(2));
    assert_eq!(rows("spent_coupons_have_their_payment"), Some(5));
    assert_eq!(rows("rooms_count_who_is_inside"), Some(3));
    assert_eq!(rows("ticks_count_their_visits"), Some(3));
    assert_eq!(rows("visitors_are_inside_once"), Some(8));
}

async fn an_empty_store_is_clean(store: Store) {
    let report = report(&store).await;
    assert!(report.violations.is_empty() && report.unfinished.is_empty());
    assert!(report.checked.iter().all(|(_, rows)| *rows == 0));
}

async fn every_corruption_is_named(store: Store) {
    let corruptions = corruptions(&store);
    let provable: BTreeSet<_> = report(&store).await.checked.iter().map(|(name, _)| *name).collect();
    assert_eq!(corruptions.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), provable);
    for (invariant, corruption) in corruptions {
        good_data::remove(&store).await;
        write_all(&store).await;
        if invariant == TWO_OF_A_CAMPAIGN {
            drop_unique_key(&store).await;
        }
        execute(&store, corruption).await;
        let report = report(&store).await;
        assert!(named(&report).contains(invariant), "{invariant}: {report:?}");
        let says = |violation: &Violation| violation.detail.contains(|c: char| c.is_numeric());
        assert!(report.violations.iter().all(says), "{report:?}");
    }
}

async fn drop_unique_key(store: &Store) {
    let sqlite = store.settings.url.starts_with("sqlite");
    let of_table = if sqlite { "" } else { " ON coupons" };
    let mut transaction = store.database.begin().await.unwrap();
    transaction.execute(Statement::new(format!("DROP INDEX coupons_of_campaign{of_table}"))).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn violations_are_named_up_to_the_limit(store: Store) {
    good_data::write(&store).await;
    execute(&store, "UPDATE seats SET category_no = 9".to_owned()).await;
    let report = audit(&store, Duration::from_mins(5)).audit(3).await.unwrap();
    let named = report.violations.iter().filter(|violation| violation.invariant == "seats_have_a_price");
    let details: Vec<_> = named.map(|violation| violation.detail.as_str()).collect();
    assert_eq!(details.len(), 3);
    assert_eq!(details[0], format!("performance {}, seat 0, category_no 9", id(ids::PERFORMANCE)));
}

async fn what_time_did_not_allow_is_unfinished(store: Store) {
    let report = audit(&store, Duration::ZERO).audit(20).await.unwrap();
    assert!(report.checked.is_empty());
    let invariants: BTreeSet<_> = corruptions(&store).iter().map(|(name, _)| *name).collect();
    assert_eq!(report.unfinished.len(), invariants.len());
}

async fn a_lowered_limit_breaks_nothing(store: Store) {
    good_data::write(&store).await;
    let catalogue = SqlCatalogue::new(store.database.clone(), store.context.clone(), store.bus.clone());
    let change = PerformanceChange { max_seats_per_customer: Some(1), ..Default::default() };
    catalogue.change_performance(id(ids::PERFORMANCE).into(), change, None).await.unwrap();
    assert_eq!(report(&store).await.violations, []);
}
