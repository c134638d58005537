//! The operators' journal.

use onsale_application::ports::{Context, OperatorAction, OperatorActionKind, Page};
use onsale_domain::ids::{AccountId, OperatorActionId};
use serde::Serialize;
use uuid::Uuid;

use crate::database::{Database, Row, SqlError, Statement, Transaction};

const COLUMNS: &str = "action_id, operator_id, kind, subject_id, at, before_json, after_json";

/// What the journal says of one change; its id, its moment and who did it are added when it is written.
#[derive(Debug)]
pub(crate) struct Line {
    kind: OperatorActionKind,
    subject: Uuid,
    before: Option<String>,
    after: String,
}

impl Line {
    /// `subject` was added and is `after` now.
    pub(crate) fn added<T: Serialize>(kind: OperatorActionKind, subject: Uuid, after: &T) -> Self {
        Self { kind, subject, before: None, after: json(after) }
    }

    /// `subject` was `before` and is `after` now.
    pub(crate) fn changed(
        kind: OperatorActionKind,
        subject: Uuid,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Self {
        Self { kind, subject, before: Some(json(before)), after: json(after) }
    }
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what is journalled has text keys only and serialises without failing")
}

/// Adds `line` to the journal.
pub(crate) async fn write(
    transaction: &mut Transaction,
    context: &Context,
    operator: Option<AccountId>,
    line: Line,
) -> Result<(), SqlError> {
    let id: OperatorActionId = context.new_id();
    let statement = Statement::new(format!("INSERT INTO operator_actions ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"))
        .bind(id)
        .bind(operator)
        .bind(line.kind.as_str())
        .bind(line.subject)
        .bind(context.now())
        .bind(line.before)
        .bind(line.after);
    transaction.execute(statement).await?;
    Ok(())
}

/// The journal's lines before `before`, newest first.
pub(super) async fn list(
    database: &Database,
    before: Option<OperatorActionId>,
    limit: u32,
) -> Result<Page<OperatorAction, OperatorActionId>, SqlError> {
    let condition = if before.is_some() { "WHERE action_id < ?" } else { "" };
    let text = format!("SELECT {COLUMNS} FROM operator_actions {condition} ORDER BY action_id DESC LIMIT ?");
    let statement = Statement::new(text).bind_all(before).bind(i64::from(limit) + 1);
    let rows = database.fetch_all(statement).await?;
    let mut items = rows.iter().map(action).collect::<Result<Vec<_>, _>>()?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|action| action.id);
    Ok(Page { items, next })
}

fn action(row: &Row) -> Result<OperatorAction, SqlError> {
    Ok(OperatorAction {
        id: row.get(0)?,
        operator: row.get(1)?,
        kind: row.get(2)?,
        subject: row.get(3)?,
        at: row.get(4)?,
        before: row.get(5)?,
        after: row.get(6)?,
    })
}
