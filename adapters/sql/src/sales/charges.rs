//! Charges of points, settled together.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use onsale_application::ports::{ChargeOrder, Context, Done, StepError};
use onsale_domain::charge::{self, Charge, ChargeReceipt, ChargeRefusal};
use onsale_domain::ids::{AccountId, ChargeId};
use onsale_domain::money::Amount;
use onsale_domain::points::LedgerEntry;
use onsale_support::lanes::Settle;

use super::commit::commit;
use super::idempotency::{Recall, RequestName, Requests, Step};
use super::{accounts, command, ledger};
use crate::database::{Database, Row, SizedText, SqlError, Statement, Transaction, in_list, values_rows};
use crate::settling::{self, Failure, Run, Transact};

/// How many lanes charges have; more would mean smaller groups, fewer a longer queue.
const LANES: u8 = 16;

/// Which lane a customer's charges take. The last bytes of an id are random.
pub(super) fn lane(customer: AccountId) -> u8 {
    customer.0.as_bytes()[15] % LANES
}

/// A charge, and what the caller calls it.
#[derive(Clone, Debug)]
pub(super) struct ChargeCommand {
    charge: Charge,
    name: Option<RequestName>,
}

impl From<ChargeOrder> for ChargeCommand {
    fn from(order: ChargeOrder) -> Self {
        let account = order.charge.customer;
        let name = order.idempotency.map(|key| RequestName { account, step: Step::Charge, subject: None, key });
        Self { charge: order.charge, name }
    }
}

/// The answer to a charge.
pub(super) type ChargeAnswer = Result<Done<ChargeReceipt>, StepError<ChargeRefusal>>;

/// Settles charges.
pub(super) struct ChargeSettler {
    pub(super) database: Database,
    pub(super) context: Context,
}

impl Settle<u8> for ChargeSettler {
    type Command = ChargeCommand;
    type Outcome = ChargeAnswer;

    async fn settle(&self, _lane: &u8, group: Vec<ChargeCommand>) -> Vec<ChargeAnswer> {
        settling::settle(self, &group).await
    }
}

impl Transact for ChargeSettler {
    type Command = ChargeCommand;
    type Answer = ChargeAnswer;

    const NAME: &'static str = "charge";

    async fn transact(&self, commands: &[ChargeCommand], run: Run) -> Result<Vec<ChargeAnswer>, Failure> {
        let mut transaction = self.database.begin().await?;
        let customers = commands.iter().map(|command| command.charge.customer).collect();
        let balances = accounts::lock(&mut transaction, customers).await?;
        let recorded = recorded(&mut transaction, commands, run).await?;
        let names: Vec<&RequestName> = commands.iter().filter_map(|command| command.name.as_ref()).collect();
        let requests = Requests::load(&mut transaction, &names).await?;
        let now = self.context.now();
        let decided = Group { balances, recorded, requests, ..Group::default() }.decide_all(commands, now)?;
        if decided.receipts.is_empty() {
            transaction.rollback().await?;
        } else {
            decided.write(&mut transaction).await?;
            decided.requests.write(&mut transaction, now).await?;
            commit(transaction, Self::NAME).await?;
        }
        Ok(decided.answers)
    }

    fn failed(&self, command: &ChargeCommand, failure: &Failure) -> ChargeAnswer {
        Err(command::failed(command.name.as_ref(), failure))
    }
}

/// A group while it is being decided.
#[derive(Default)]
struct Group {
    balances: HashMap<AccountId, Amount>,
    recorded: HashMap<ChargeId, ChargeReceipt>,
    requests: Requests,
    answers: Vec<ChargeAnswer>,
    receipts: Vec<ChargeReceipt>,
    entries: Vec<LedgerEntry>,
    changed: BTreeMap<AccountId, Amount>,
}

impl Group {
    /// Decides the charges in their order, each seeing what those before it changed.
    fn decide_all(mut self, commands: &[ChargeCommand], now: DateTime<Utc>) -> Result<Self, SqlError> {
        for command in commands {
            let answer = self.decide(command, now)?;
            self.answers.push(answer);
        }
        Ok(self)
    }

    fn decide(&mut self, command: &ChargeCommand, now: DateTime<Utc>) -> Result<ChargeAnswer, SqlError> {
        let charge = &command.charge;
        let recalled = command.name.as_ref().map_or(Ok(Recall::Unknown), |name| self.requests.recall(name))?;
        match recalled {
            Recall::Answered(receipt) => return Ok(Ok(replayed(receipt, charge))),
            Recall::Reused => return Ok(Err(StepError::IdempotencyKeyReused)),
            Recall::Unknown => {}
        }
        if let Some(receipt) = self.recorded.get(&charge.id) {
            return Ok(Ok(replayed(receipt.clone(), charge)));
        }
        let balance = self.balances.get(&charge.customer).copied();
        let (receipt, entry) = match charge::decide(balance, charge, now) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(StepError::Refused(refusal))),
        };
        if let Some(name) = &command.name {
            self.requests.remember(name, &receipt)?;
        }
        self.balances.insert(charge.customer, receipt.balance);
        self.changed.insert(charge.customer, receipt.balance);
        self.entries.push(entry);
        self.receipts.push(receipt.clone());
        Ok(Ok(Done { value: receipt, replayed: false }))
    }

    async fn write(&self, transaction: &mut Transaction) -> Result<(), SqlError> {
        accounts::write(transaction, self.changed.iter().map(|(account, balance)| (*account, *balance))).await?;
        transaction.write_rows(&INSERT, &self.receipts, bind).await?;
        ledger::append(transaction, &self.entries).await
    }
}

/// A stored answer; it is no replay when it is this very run's, whose commit nobody heard of. Its entry tells: the id
/// of a charge is the same whenever its request comes again.
fn replayed(receipt: ChargeReceipt, charge: &Charge) -> Done<ChargeReceipt> {
    Done { replayed: receipt.charge.entry != charge.entry, value: receipt }
}

/// What [`receipt`] reads and [`bind`] binds.
pub(super) const COLUMNS: &str = "charge_id, customer_id, amount, method, entry_id, balance_after, completed_at";

pub(super) static BY_ID: SizedText =
    SizedText::new(|_, size| format!("SELECT {COLUMNS} FROM charges WHERE charge_id IN {}", in_list(size)));

pub(super) static INSERT: SizedText =
    SizedText::new(|_, rows| format!("INSERT INTO charges ({COLUMNS}) VALUES {}", values_rows(rows, 7)));

/// After a failed run, those of the charges that exist already.
async fn recorded(
    transaction: &mut Transaction,
    commands: &[ChargeCommand],
    run: Run,
) -> Result<HashMap<ChargeId, ChargeReceipt>, SqlError> {
    if !run.look_first {
        return Ok(HashMap::new());
    }
    let ids: Vec<ChargeId> = commands.iter().map(|command| command.charge.id).collect();
    let rows = transaction.fetch_by_keys(&BY_ID, &[], &ids).await?;
    let receipts = rows.iter().map(receipt);
    receipts.map(|receipt| receipt.map(|receipt| (receipt.charge.id, receipt))).collect()
}

/// A charge that was recorded.
pub(super) fn receipt(row: &Row) -> Result<ChargeReceipt, SqlError> {
    Ok(ChargeReceipt {
        charge: Charge {
            id: row.get(0)?,
            customer: row.get(1)?,
            amount: row.get(2)?,
            method: row.get(3)?,
            entry: row.get(4)?,
        },
        balance: row.get(5)?,
        completed_at: row.get(6)?,
    })
}

fn bind(statement: Statement, receipt: &ChargeReceipt) -> Statement {
    let charge = &receipt.charge;
    let statement = statement.bind(charge.id).bind(charge.customer).bind(charge.amount).bind(charge.method.as_str());
    statement.bind(charge.entry).bind(receipt.balance).bind(receipt.completed_at)
}
