//! Requests that were answered before.
//!
//! Whoever reads or writes a customer's keys holds that customer's points account, or, for keys of coupons, their
//! campaign's row: a second identical request waits for the first and then finds its row.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};
use onsale_application::ports::IdempotencyKey;
use onsale_domain::ids::AccountId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::database::{Dialect, Key, SizedText, SqlError, Statement, Transaction, Value, values_rows};

/// `idempotency_keys.step`: keys of different steps have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Hold = 1,
    Pay = 2,
    Refund = 3,
    Charge = 4,
    Issue = 5,
}

/// The format of stored outcomes: JSON of the domain's types. A change of those types that old outcomes do not fit
/// needs a new number.
const FORMAT: u8 = 1;

/// What a request is called: by whom, in which step, about which reservation or campaign if its path names one, with which
/// key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RequestName {
    pub(crate) account: AccountId,
    pub(crate) step: Step,
    pub(crate) subject: Option<Uuid>,
    pub(crate) key: IdempotencyKey,
}

/// The primary key of a row: without the request's digest, so that another request under the same key is found, too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    account: AccountId,
    step: u8,
    subject: Uuid,
    key: Vec<u8>,
}

impl RequestName {
    fn place(&self) -> Place {
        Place {
            account: self.account,
            step: self.step as u8,
            subject: self.subject.unwrap_or(Uuid::nil()),
            key: self.key.as_str().as_bytes().to_vec(),
        }
    }
}

impl Key for Place {
    fn values(&self) -> impl Iterator<Item = Value> {
        let Self { account, step, subject, key } = self;
        [Value::from(*account), Value::from(*step), Value::from(*subject), Value::from(&key[..])].into_iter()
    }
}

/// An answered request.
struct Answered {
    request: [u8; 32],
    outcome: Vec<u8>,
    is_new: bool,
}

/// What is known about a request.
pub(crate) enum Recall<T> {
    /// It was answered like this.
    Answered(T),
    /// Another request was answered under its key.
    Reused,
    /// Nothing.
    Unknown,
}

impl<T> Recall<T> {
    /// The same with another form of the answer.
    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Recall<U> {
        match self {
            Self::Answered(outcome) => Recall::Answered(convert(outcome)),
            Self::Reused => Recall::Reused,
            Self::Unknown => Recall::Unknown,
        }
    }
}

/// The answered requests that a group may ask about, and those that it adds.
#[derive(Default)]
pub(crate) struct Requests(HashMap<Place, Answered>);

impl Requests {
    /// Loads what is known about `names`.
    pub(crate) async fn load(transaction: &mut Transaction, names: &[&RequestName]) -> Result<Self, SqlError> {
        let mut requests = HashMap::new();
        let mut places: Vec<Place> = names.iter().map(|name| name.place()).collect();
        places.sort_unstable();
        places.dedup();
        for row in transaction.fetch_by_keys(&SELECT, &[], &places).await? {
            let place = Place { account: row.get(0)?, step: row.get(1)?, subject: row.get(2)?, key: row.get(3)? };
            requests.insert(place, Answered { request: row.get(4)?, outcome: row.get(5)?, is_new: false });
        }
        Ok(Self(requests))
    }

    /// What is known about `name`.
    pub(crate) fn recall<T: DeserializeOwned>(&self, name: &RequestName) -> Result<Recall<T>, SqlError> {
        match self.0.get(&name.place()) {
            None => Ok(Recall::Unknown),
            Some(answered) if answered.request != *name.key.request() => Ok(Recall::Reused),
            Some(answered) => decode(&answered.outcome).map(Recall::Answered),
        }
    }

    /// Remembers the outcome of `name`, unless there is one already.
    pub(crate) fn remember(&mut self, name: &RequestName, outcome: &impl Serialize) -> Result<(), SqlError> {
        if let Entry::Vacant(vacant) = self.0.entry(name.place()) {
            vacant.insert(Answered { request: *name.key.request(), outcome: encode(outcome)?, is_new: true });
        }
        Ok(())
    }

    /// Writes what was remembered since it was loaded.
    pub(crate) async fn write(self, transaction: &mut Transaction, now: DateTime<Utc>) -> Result<(), SqlError> {
        let mut new: Vec<_> = self.0.into_iter().filter(|(_, answered)| answered.is_new).collect();
        new.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let row = |statement: Statement, (place, answered): &(Place, Answered)| {
            let statement = statement.bind_all(place.values());
            statement.bind(answered.request).bind(&answered.outcome[..]).bind(now)
        };
        transaction.write_rows(&INSERT, &new, row).await
    }
}

pub(super) static INSERT: SizedText = SizedText::new(|_, rows| {
    format!(
        "INSERT INTO idempotency_keys \
         (account_id, step, subject_id, idempotency_key, request_digest, outcome, created_at) VALUES {}",
        values_rows(rows, 7)
    )
});

/// Looks keys up by their whole primary key. MariaDB scans for a list of rows, SQLite for a long chain of `OR`.
pub(super) static SELECT: SizedText = SizedText::new(|dialect, rows| {
    let wanted = match dialect {
        Dialect::MySql => {
            vec!["(account_id = ? AND step = ? AND subject_id = ? AND idempotency_key = ?)"; rows].join(" OR ")
        }
        Dialect::Sqlite => {
            format!("(account_id, step, subject_id, idempotency_key) IN (VALUES {})", values_rows(rows, 4))
        }
    };
    format!(
        "SELECT account_id, step, subject_id, idempotency_key, request_digest, outcome FROM idempotency_keys{} WHERE {wanted}",
        dialect.by_primary_key()
    )
});

fn encode(outcome: &impl Serialize) -> Result<Vec<u8>, SqlError> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, outcome)
        .map_err(|error| SqlError::Row(format!("an outcome cannot be written: {error}")))?;
    Ok(bytes)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SqlError> {
    let unreadable = |reason: String| SqlError::Row(format!("a stored outcome cannot be read: {reason}"));
    match bytes {
        [FORMAT, json @ ..] => serde_json::from_slice(json).map_err(|error| unreadable(error.to_string())),
        _ => Err(unreadable(format!("its format is {:?}", bytes.first()))),
    }
}
