use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::allotment::Allotment;
use crate::best_available::{BlockPlan, FreeSeats};
use crate::box_office::{
    Changes, Command, Customer, ExpireHold, Facts, Hold, Limits, Outcome, PayReservation, RefundReservation, Refusal,
    ReleaseHold, SpendCoupon, Standing, Wanted, decide,
};
use crate::charge::{self, Charge, ChargeReceipt, ChargeRefusal};
use crate::coupon::HeldCoupon;
use crate::ids::{
    AccountId, CategoryId, ChargeId, ConcertId, CouponId, EntryId, ItemId, PaymentId, PerformanceId, RefundId,
    ReservationId, SeatingPlanId,
};
use crate::money::{Amount, Currency};
use crate::payment::{Payment, Refund};
use crate::performance::{CategoryKind, Performance, PricedCategory, SalesStatus};
use crate::plan::{PlanCategory, PlanSeat, Point, SeatingPlan, Size};
use crate::points::LedgerEntry;
use crate::reservation::{Reservation, ReservationState};
use crate::seat::{Seat, SeatNo, SeatState};

/// How many seats each performance has: two rounds of the three categories.
pub(super) const SEATS: SeatNo = 6;
/// How long a hold lasts, in seconds.
pub(super) const HOLD_SECONDS: i64 = 10;
/// How many seats a customer may have unless a test says otherwise.
pub(super) const MAX_SEATS: u32 = 3;
/// How many live holds a customer may have.
pub(super) const MAX_HOLDS: u32 = 2;
/// The price of each category; the first one is free.
pub(super) const PRICES: [i64; 3] = [0, 100, 250];

/// A moment: seconds after sales open.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

pub(super) fn amount(units: i64) -> Amount {
    Amount::new(units).unwrap()
}

/// The customers who have an account.
pub(super) fn customer(index: u128) -> AccountId {
    AccountId(Uuid::from_u128(1_000 + index))
}

pub(super) fn performance(index: u128) -> PerformanceId {
    PerformanceId(Uuid::from_u128(2_000 + index))
}

/// How many tickets without seats each performance has.
pub(super) const TICKETS: u32 = 5;
/// What one of them costs.
pub(super) const TICKET_PRICE: i64 = 40;

/// The category of the tickets without seats.
pub(super) fn standing() -> CategoryId {
    category(PRICES.len() as u128)
}

pub(super) fn category(index: u128) -> CategoryId {
    CategoryId(Uuid::from_u128(3_000 + index))
}

fn terms(id: PerformanceId) -> Performance {
    let priced = |(index, price): (u128, i64)| PricedCategory {
        id: category(index),
        name: format!("Category {index}"),
        color: String::new(),
        price: amount(price),
        kind: CategoryKind::Seats,
    };
    let tickets = PricedCategory {
        id: standing(),
        name: "Standing".to_owned(),
        color: String::new(),
        price: amount(TICKET_PRICE),
        kind: CategoryKind::Allotment { capacity: TICKETS, area: None },
    };
    Performance {
        id,
        concert: ConcertId(Uuid::nil()),
        starts_at: at(1_000),
        time_zone: Tz::Asia__Seoul,
        venue: "Hall".to_owned(),
        seating_plan: None,
        sales_open_at: at(0),
        sales_close_at: at(90),
        refundable_until: at(120),
        hold_seconds: u32::try_from(HOLD_SECONDS).unwrap(),
        max_seats_per_customer: MAX_SEATS,
        currency: Currency::parse("KRW").unwrap(),
        status: SalesStatus::Scheduled,
        categories: (0..).zip(PRICES).map(priced).chain([tickets]).collect(),
    }
}

/// A row of every seat, in which neighbours are of different categories.
fn plan() -> SeatingPlan {
    let named = |index| PlanCategory { id: category(index), name: format!("Category {index}"), color: String::new() };
    let seat = |no: SeatNo| PlanSeat {
        guid: no.to_string().into(),
        zone: 0,
        row: "A".into(),
        number: no.to_string().into(),
        category: u16::try_from(no % 3).unwrap(),
        position: Point { x: f64::from(no), y: 0.0 },
    };
    SeatingPlan {
        id: SeatingPlanId(Uuid::nil()),
        name: "Hall".to_owned(),
        size: Size::default(),
        categories: (0..3).map(named).collect(),
        zones: vec!["Stalls".to_owned()],
        areas: Vec::new(),
        seats: (0..SEATS).map(seat).collect(),
    }
}

/// The tables of a store: it loads facts, lets the domain decide, and writes the changes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Store {
    pub(super) performances: BTreeMap<PerformanceId, Performance>,
    pub(super) limits: Limits,
    pub(super) seats: BTreeMap<(PerformanceId, SeatNo), Seat>,
    pub(super) allotments: BTreeMap<(PerformanceId, CategoryId), Allotment>,
    pub(super) reservations: BTreeMap<ReservationId, Reservation>,
    pub(super) balances: BTreeMap<AccountId, Amount>,
    pub(super) entries: Vec<LedgerEntry>,
    pub(super) coupons: BTreeMap<CouponId, HeldCoupon>,
    pub(super) payments: BTreeMap<PaymentId, Payment>,
    pub(super) refunds: BTreeMap<RefundId, Refund>,
    pub(super) charges: BTreeMap<ChargeId, ChargeReceipt>,
    last_id: u128,
}

impl Store {
    /// Two performances and three customers without points.
    pub(super) fn new() -> Self {
        let performances: BTreeMap<_, _> = (0..2).map(performance).map(|id| (id, terms(id))).collect();
        let seat = |no: SeatNo| Seat { no, category: category(u128::from(no % 3)), state: SeatState::Free };
        let tickets = Allotment { category: standing(), capacity: TICKETS, taken: 0 };
        let allotments = performances.keys().map(|id| ((*id, standing()), tickets)).collect();
        let seats = performances.keys().flat_map(|id| (0..SEATS).map(move |no| ((*id, no), seat(no)))).collect();
        Self {
            performances,
            limits: Limits { open_holds_per_customer: MAX_HOLDS },
            seats,
            allotments,
            reservations: BTreeMap::new(),
            balances: (0..3).map(|index| (customer(index), Amount::ZERO)).collect(),
            entries: Vec::new(),
            coupons: BTreeMap::new(),
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            charges: BTreeMap::new(),
            last_id: 10_000,
        }
    }

    /// Runs one command.
    pub(super) fn run(
        &mut self,
        performance: PerformanceId,
        command: &Command,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Refusal> {
        self.run_group(performance, std::slice::from_ref(command), now).remove(0)
    }

    /// Runs commands as one group: facts loaded once, changes written once.
    pub(super) fn run_group(
        &mut self,
        performance: PerformanceId,
        commands: &[Command],
        now: DateTime<Utc>,
    ) -> Vec<Result<Outcome, Refusal>> {
        let mut facts = self.load(performance, commands, now);
        let mut merged = Changes::default();
        let settle = |command| {
            let (outcome, changes) = decide(&mut facts, command, now)?;
            facts.apply(&changes);
            merged.merge(changes);
            Ok(outcome)
        };
        let answers = commands.iter().map(settle).collect();
        self.write(performance, merged);
        self.assert_agrees_with(performance, &mut facts, now);
        answers
    }

    /// Buys points.
    pub(super) fn charge(
        &mut self,
        customer: AccountId,
        points: i64,
        now: DateTime<Utc>,
    ) -> Result<ChargeReceipt, ChargeRefusal> {
        let (id, entry) = (ChargeId(self.new_id()), EntryId(self.new_id()));
        let charge = Charge { id, customer, amount: amount(points), method: "test".to_owned(), entry };
        let (receipt, entry) = charge::decide(self.balances.get(&customer).copied(), &charge, now)?;
        self.balances.insert(customer, receipt.balance);
        self.entries.push(entry);
        self.charges.insert(id, receipt.clone());
        Ok(receipt)
    }

    /// The facts that a store loads for `commands`, and no more.
    pub(super) fn load(&self, performance: PerformanceId, commands: &[Command], now: DateTime<Utc>) -> Facts {
        let named = commands.iter().map(reservation_of).filter_map(|id| self.reservations.get(&id));
        let named = named.chain(self.ended_holds(performance, commands, now));
        let reservations: HashMap<_, _> = named.map(|found| (found.id, found.clone())).collect();
        let numbers = commands.iter().flat_map(seats_of).chain(reservations.values().flat_map(Reservation::seats));
        let customers =
            commands.iter().filter_map(customer_of).chain(reservations.values().map(|known| known.customer));
        let payments = self.payments.values().filter(|payment| reservations.contains_key(&payment.reservation));
        let spent = commands.iter().filter_map(coupon_of);
        let coupons = spent.chain(self.payments.values().filter_map(|payment| payment.coupon));
        let refunds = self.refunds.values().filter(|refund| reservations.contains_key(&refund.reservation));
        Facts {
            performance: self.performances[&performance].clone(),
            limits: self.limits,
            free: Some(self.free_seats(performance)),
            seats: numbers.filter_map(|no| Some((no, *self.seats.get(&(performance, no))?))).collect(),
            allotments: self.allotments_of(performance),
            customers: customers.filter_map(|id| Some((id, self.customer(id)?))).collect(),
            coupons: coupons.filter_map(|id| Some((id, self.coupons.get(&id)?.clone()))).collect(),
            payments: payments.map(|payment| (payment.id, payment.clone())).collect(),
            refunds: refunds.map(|refund| (refund.reservation, refund.clone())).collect(),
            ended: std::collections::HashSet::new(),
            reservations,
        }
    }

    /// Who has which seat, with every seat in one row.
    fn free_seats(&self, performance: PerformanceId) -> FreeSeats {
        let here = self.seats.iter().filter(|((of, _), _)| *of == performance);
        FreeSeats::new(Arc::new(BlockPlan::new(&plan())), here.map(|((_, no), seat)| (*no, seat.state)))
    }

    fn allotments_of(&self, performance: PerformanceId) -> BTreeMap<CategoryId, Allotment> {
        let here = self.allotments.iter().filter(|((of, _), _)| *of == performance);
        here.map(|((_, category), allotment)| (*category, *allotment)).collect()
    }

    /// The earliest holds whose tickets the commands may need, as many as they want tickets.
    fn ended_holds(
        &self,
        performance: PerformanceId,
        commands: &[Command],
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &Reservation> {
        let wanted: u32 = commands.iter().map(tickets_of).sum();
        let missing = self.allotments[&(performance, standing())].left() < wanted;
        let has_ended = move |known: &&Reservation| {
            missing
                && known.performance == performance
                && known.state == ReservationState::Held
                && !known.is_live_hold(now)
                && !known.tickets().is_empty()
        };
        let mut ended: Vec<_> = self.reservations.values().filter(has_ended).collect();
        ended.sort_unstable_by_key(|known| (known.held_until, known.id));
        ended.into_iter().take(wanted as usize)
    }

    fn customer(&self, id: AccountId) -> Option<Customer> {
        let standing = |known: &Reservation| Standing {
            performance: known.performance,
            quantity: u32::try_from(known.items.len()).unwrap(),
            held_until: (known.state == ReservationState::Held).then_some(known.held_until),
        };
        let counts = |known: &&Reservation| {
            known.customer == id && matches!(known.state, ReservationState::Held | ReservationState::Paid { .. })
        };
        let standings = self.reservations.values().filter(counts).map(|known| (known.id, standing(known))).collect();
        Some(Customer { balance: *self.balances.get(&id)?, standings })
    }

    fn write(&mut self, performance: PerformanceId, changes: Changes) {
        for (no, seat) in changes.seats {
            assert!(self.seats.insert((performance, no), seat).is_some(), "seat {no} was made up");
        }
        for (category, allotment) in changes.allotments {
            let known = self.allotments.insert((performance, category), allotment);
            assert_eq!(known.map(|known| known.capacity), Some(allotment.capacity), "only operators change it");
        }
        for (customer, balance) in changes.balances {
            assert!(self.balances.insert(customer, balance).is_some(), "customer {customer} was made up");
        }
        self.reservations.extend(changes.reservations);
        for (id, coupon) in changes.coupons {
            self.coupons.get_mut(&id).expect("a coupon was made up").coupon = coupon;
        }
        for entry in changes.entries {
            assert!(self.entries.iter().all(|known| known.id != entry.id), "entry {} stands twice", entry.id);
            self.entries.push(entry);
        }
        for payment in changes.payments {
            assert!(self.payments.insert(payment.id, payment).is_none(), "a payment stands twice");
        }
        for refund in changes.refunds {
            assert!(self.refunds.insert(refund.id, refund).is_none(), "a refund stands twice");
        }
    }

    /// What a group believed after its last command is what the tables say.
    fn assert_agrees_with(&self, performance: PerformanceId, facts: &mut Facts, now: DateTime<Utc>) {
        let free = facts.free.as_mut().unwrap();
        for category in (0..3).map(category) {
            let chosen = self.free_seats(performance).best(category, 1, now);
            assert_eq!(free.best(category, 1, now), chosen, "the free seats were followed");
        }
        for (no, seat) in &facts.seats {
            assert_eq!(seat, &self.seats[&(performance, *no)]);
        }
        assert_eq!(facts.allotments, self.allotments_of(performance));
        for (id, reservation) in &facts.reservations {
            assert_eq!(reservation, &self.reservations[id]);
        }
        for (id, customer) in &facts.customers {
            let known = self.customer(*id).unwrap();
            assert_eq!(customer.balance, known.balance);
            assert_eq!(customer.open_holds(now), known.open_holds(now));
            assert_eq!(customer.quantity(performance, now), known.quantity(performance, now));
        }
        assert!(facts.coupons.iter().all(|(id, coupon)| self.coupons.get(id) == Some(coupon)));
        assert!(facts.payments.iter().all(|(id, payment)| self.payments.get(id) == Some(payment)));
        assert!(facts.refunds.values().all(|refund| self.refunds.get(&refund.id) == Some(refund)));
    }

    pub(super) fn new_id(&mut self) -> Uuid {
        self.last_id += 1;
        Uuid::from_u128(self.last_id)
    }
}

/// Commands with new identities.
impl Store {
    pub(super) fn hold(&mut self, customer: AccountId, seats: impl IntoIterator<Item = SeatNo>) -> Hold {
        let reservation = ReservationId(self.new_id());
        let seats = seats.into_iter().map(|no| (no, ItemId(self.new_id()))).collect();
        Hold { reservation, customer, wanted: Wanted::Seats(seats), admission: None }
    }

    pub(super) fn hold_tickets(&mut self, customer: AccountId, quantity: u32) -> Hold {
        let reservation = ReservationId(self.new_id());
        let items = (0..quantity).map(|_| ItemId(self.new_id())).collect();
        Hold { reservation, customer, wanted: Wanted::Tickets { category: standing(), items }, admission: None }
    }

    pub(super) fn hold_best(&mut self, customer: AccountId, category: CategoryId, quantity: u32) -> Hold {
        let reservation = ReservationId(self.new_id());
        let items = (0..quantity).map(|_| ItemId(self.new_id())).collect();
        Hold { reservation, customer, wanted: Wanted::BestAvailable { category, items }, admission: None }
    }

    pub(super) fn pay(&mut self, customer: AccountId, reservation: ReservationId) -> Command {
        let (payment, entry) = (PaymentId(self.new_id()), EntryId(self.new_id()));
        Command::Pay(PayReservation { payment, entry, reservation, customer, coupon: None })
    }

    pub(super) fn pay_with(&mut self, customer: AccountId, reservation: ReservationId, coupon: CouponId) -> Command {
        let (payment, entry) = (PaymentId(self.new_id()), EntryId(self.new_id()));
        let coupon = Some(SpendCoupon { coupon, entry: EntryId(self.new_id()) });
        Command::Pay(PayReservation { payment, entry, reservation, customer, coupon })
    }

    pub(super) fn refund(&mut self, customer: AccountId, reservation: ReservationId) -> Command {
        let (refund, entry) = (RefundId(self.new_id()), EntryId(self.new_id()));
        let discount_entry = EntryId(self.new_id());
        Command::Refund(RefundReservation { refund, entry, discount_entry, reservation, customer })
    }
}

pub(super) fn release(customer: AccountId, reservation: ReservationId) -> Command {
    Command::Release(ReleaseHold { reservation, customer })
}

pub(super) fn expire(reservation: ReservationId) -> Command {
    Command::Expire(ExpireHold { reservation })
}

/// What single tests start from: the first customer, the first performance.
impl Store {
    /// Holds `seats` for `customer`, and expects it to work.
    pub(super) fn held(&mut self, who: AccountId, seats: &[SeatNo], now: DateTime<Utc>) -> Reservation {
        let command = Command::Hold(self.hold(who, seats.iter().copied()));
        match self.run(performance(0), &command, now) {
            Ok(Outcome::Held(reservation)) => reservation,
            other => panic!("not held: {other:?}"),
        }
    }

    /// Holds tickets for `customer`, and expects it to work.
    pub(super) fn held_tickets(&mut self, who: AccountId, quantity: u32, now: DateTime<Utc>) -> Reservation {
        let command = Command::Hold(self.hold_tickets(who, quantity));
        match self.run(performance(0), &command, now) {
            Ok(Outcome::Held(reservation)) => reservation,
            other => panic!("not held: {other:?}"),
        }
    }

    /// How many tickets of the first performance are taken.
    pub(super) fn taken(&self) -> u32 {
        self.allotments[&(performance(0), standing())].taken
    }

    /// Holds and pays `seats` for `customer`, who gets the points for it first.
    pub(super) fn paid(&mut self, who: AccountId, seats: &[SeatNo], now: DateTime<Utc>) -> (Payment, Reservation) {
        let held = self.held(who, seats, now);
        if held.amount > Amount::ZERO {
            self.charge(who, held.amount.units(), now).unwrap();
        }
        let command = self.pay(who, held.id);
        match self.run(performance(0), &command, now) {
            Ok(Outcome::Paid(payment, reservation)) => (payment, reservation),
            other => panic!("not paid: {other:?}"),
        }
    }

    /// Runs `command`, which must be refused, and proves that nothing has changed.
    pub(super) fn refused(&mut self, command: &Command, now: DateTime<Utc>) -> Refusal {
        let before = self.clone();
        let refusal = self.run(performance(0), command, now).expect_err("must be refused");
        assert_eq!(*self, before);
        refusal
    }

    /// Runs `command`, which must be answered without a change.
    pub(super) fn unchanged(&mut self, command: &Command, now: DateTime<Utc>) -> Outcome {
        let before = self.clone();
        let outcome = self.run(performance(0), command, now).expect("must be answered");
        assert_eq!(*self, before);
        outcome
    }

    pub(super) fn seat(&self, no: SeatNo) -> SeatState {
        self.seats[&(performance(0), no)].state
    }

    pub(super) fn terms(&mut self) -> &mut Performance {
        self.performances.get_mut(&performance(0)).unwrap()
    }
}

fn reservation_of(command: &Command) -> ReservationId {
    match command {
        Command::Hold(hold) => hold.reservation,
        Command::Release(release) => release.reservation,
        Command::Expire(expire) => expire.reservation,
        Command::Pay(payment) => payment.reservation,
        Command::Refund(refund) => refund.reservation,
    }
}

fn customer_of(command: &Command) -> Option<AccountId> {
    match command {
        Command::Hold(hold) => Some(hold.customer),
        Command::Release(release) => Some(release.customer),
        Command::Expire(_) => None,
        Command::Pay(payment) => Some(payment.customer),
        Command::Refund(refund) => Some(refund.customer),
    }
}

fn coupon_of(command: &Command) -> Option<CouponId> {
    match command {
        Command::Pay(payment) => payment.coupon.map(|spend| spend.coupon),
        _ => None,
    }
}

fn seats_of(command: &Command) -> Vec<SeatNo> {
    match command {
        Command::Hold(hold) => hold.wanted.seats().iter().map(|(no, _)| *no).collect(),
        _ => Vec::new(),
    }
}

fn tickets_of(command: &Command) -> u32 {
    match command {
        Command::Hold(hold) if matches!(hold.wanted, Wanted::Tickets { .. }) => hold.wanted.quantity(),
        _ => 0,
    }
}
