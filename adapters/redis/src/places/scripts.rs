use onsale_application::ports::{EntryTerms, LineId, PlacesError, Unavailable};
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::QueueNumber;
use redis::{FromRedisValue, ToRedisArgs, Value, from_redis_value};

use super::member::Member;
use crate::link::{Call, Link, LinkError, NOTHING, Script};
use crate::server::Redis;

/// A script behind the fence that all of them share.
macro_rules! fenced {
    ($name:literal) => {
        Script::new(
            $name,
            concat!(
                include_str!("../lua/run.lua"),
                include_str!("lua/fence.lua"),
                include_str!(concat!("lua/", $name, ".lua")),
            ),
        )
    };
}

/// What one script answers for a group of entries: the highest number handed out, then an answer for each.
pub(super) type EntryAnswers = Vec<Option<i64>>;

/// The scripts, typed. Each file beside this one says what its script does.
pub(super) struct Lines {
    link: Link,
    begin: Script,
    clear: Script,
    enter: Script,
    forget: Script,
    front: Script,
    leave: Script,
    numbers_of: Script,
    put_back: Script,
    view: Script,
}

/// The line and its meta; the tag in braces puts both into one slot of a Cluster.
fn keys(room: WaitingRoomId) -> [String; 2] {
    ["line", "meta"].map(|key| format!("{{onsale:room:{room}}}:{key}"))
}

impl Lines {
    pub(super) fn new(redis: Redis) -> Self {
        Self {
            link: Link::new(redis),
            begin: fenced!("begin").never_again(),
            clear: fenced!("clear"),
            enter: fenced!("enter"),
            forget: fenced!("forget"),
            front: fenced!("front"),
            leave: fenced!("leave"),
            numbers_of: fenced!("numbers_of"),
            put_back: fenced!("put_back"),
            view: fenced!("view"),
        }
    }

    /// Never sent twice: on a server that lost the first one, the second would hand its numbers out again.
    pub(super) async fn begin(&self, line: LineId, last: QueueNumber) -> Result<(), PlacesError> {
        self.run::<i64>(&self.begin, line.room, &(line.epoch, last)).await.map(drop)
    }

    pub(super) async fn clear(&self, room: WaitingRoomId) -> Result<(), PlacesError> {
        let cleared = self.run::<i64>(&self.clear, room, &NOTHING).await.map(drop);
        self.link.forget(room.0);
        cleared
    }

    pub(super) async fn enter(
        &self,
        line: LineId,
        terms: EntryTerms,
        entries: &[(Member, QueueNumber)],
    ) -> Result<EntryAnswers, PlacesError> {
        let arguments = (line.epoch, terms.ceiling, terms.serving, terms.max_waiting, entries);
        self.run(&self.enter, line.room, &arguments).await
    }

    pub(super) async fn forget(&self, line: LineId, up_to: QueueNumber, most: usize) -> Result<u64, PlacesError> {
        self.run(&self.forget, line.room, &(line.epoch, up_to, most)).await
    }

    pub(super) async fn front(
        &self,
        line: LineId,
        serving: QueueNumber,
        count: u32,
    ) -> Result<(QueueNumber, i64, QueueNumber), PlacesError> {
        self.run(&self.front, line.room, &(line.epoch, serving, count)).await
    }

    pub(super) async fn leave(&self, line: LineId, member: &Member, number: QueueNumber) -> Result<(), PlacesError> {
        self.run::<i64>(&self.leave, line.room, &(line.epoch, member, number)).await.map(drop)
    }

    pub(super) async fn numbers_of(
        &self,
        line: LineId,
        members: &[Member],
    ) -> Result<Vec<Option<QueueNumber>>, PlacesError> {
        self.run(&self.numbers_of, line.room, &(line.epoch, members)).await
    }

    pub(super) async fn put_back(&self, line: LineId, members: &[(Member, QueueNumber)]) -> Result<(), PlacesError> {
        self.run::<i64>(&self.put_back, line.room, &(line.epoch, members)).await.map(drop)
    }

    /// Who waits, the last number, the first numbers, and marks: numbers and ranks in turn.
    pub(super) async fn view(
        &self,
        line: LineId,
        serving: QueueNumber,
        first: usize,
        marks: usize,
    ) -> Result<(u64, QueueNumber, Vec<QueueNumber>, Vec<i64>), PlacesError> {
        self.run(&self.view, line.room, &(line.epoch, serving, first, marks)).await
    }

    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        room: WaitingRoomId,
        arguments: &(impl ToRedisArgs + Sync),
    ) -> Result<T, PlacesError> {
        let call = Call { script, tag: room.0, keys: &keys(room), arguments };
        match self.link.run(&call).await {
            Ok(Value::Nil) => Err(PlacesError::Lost),
            Ok(answer) => from_redis_value(answer).map_err(|error| Unavailable::because(error).into()),
            Err(LinkError::Busy) => Err(PlacesError::Busy),
            Err(LinkError::Unavailable(cause)) => Err(Unavailable::because(cause).into()),
        }
    }
}
