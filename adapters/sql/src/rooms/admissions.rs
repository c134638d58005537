//! What a hold needs to know of the visits on which customers hold.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use onsale_domain::box_office::Admission;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::{QueueNumber, Visit};

use super::visits;
use crate::database::{SqlError, Transaction};

/// Admissions that were shown, and the visits that they name, as far as there are any.
#[derive(Debug, Default)]
pub(crate) struct Admissions {
    shown: HashSet<Admission>,
    visits: HashMap<Admission, Visit>,
}

impl Admissions {
    /// Reads the visits of `shown`. As a rule all of a performance's are of one room.
    pub(crate) async fn load(transaction: &mut Transaction, shown: HashSet<Admission>) -> Result<Self, SqlError> {
        let mut rooms: BTreeMap<WaitingRoomId, Vec<QueueNumber>> = BTreeMap::new();
        for admission in &shown {
            rooms.entry(admission.room).or_default().push(admission.number);
        }
        let mut found = HashMap::new();
        for (room, numbers) in rooms {
            for visit in visits::by_numbers(transaction, room, &numbers).await? {
                found.insert(Admission { room, number: visit.number }, visit);
            }
        }
        Ok(Self { shown, visits: found })
    }

    /// Those whose visits are not alive at `now`, or were never begun.
    pub(crate) fn ended(&self, now: DateTime<Utc>) -> HashSet<Admission> {
        let is_alive = |admission: &Admission| self.visits.get(admission).is_some_and(|visit| visit.is_alive(now));
        self.shown.iter().filter(|admission| !is_alive(admission)).copied().collect()
    }
}
