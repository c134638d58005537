//! Seating plans. A plan never changes, so its seats are written and read in pieces outside of any long transaction;
//! its own row is written last, and a plan without that row does not exist.

use std::iter;

use async_trait::async_trait;
use onsale_application::ports::OperatorActionKind;
use onsale_domain::ids::SeatingPlanId;
use onsale_domain::plan::{Area, PlanCategory, PlanSeat, Point, SeatingPlan, Size};
use serde::Serialize;

use super::edit::{Edit, EditFailure};
use super::journal::Line;
use super::parsed;
use crate::database::{Database, Row, SizedText, SqlError, Statement, Transaction, values_rows};

/// Seats in one transaction: about a tenth of a second, after which whoever waited for the writer gets it.
const ROWS_PER_TRANSACTION: usize = 8_192;
/// Seats read at once, so that a plan of 200,000 seats is never in memory twice.
const ROWS_PER_READ: i64 = 5_000;

/// What the journal keeps of a plan.
#[derive(Serialize)]
struct Summary<'a> {
    id: SeatingPlanId,
    name: &'a str,
    seats: usize,
}

pub(super) static CATEGORIES: SizedText = SizedText::new(|_, size| {
    let columns = "plan_id, category_no, category_id, name, color, seats";
    format!("INSERT INTO plan_categories ({columns}) VALUES {}", values_rows(size, 6))
});

pub(super) static ZONES: SizedText = SizedText::new(|_, size| {
    format!("INSERT INTO plan_zones (plan_id, zone_no, name) VALUES {}", values_rows(size, 3))
});

pub(super) static AREAS: SizedText = SizedText::new(|_, size| {
    let columns = "plan_id, area_no, zone_no, text, color, x, y, rotation, shape";
    format!("INSERT INTO plan_areas ({columns}) VALUES {}", values_rows(size, 9))
});

pub(super) static SEATS: SizedText = SizedText::new(|_, size| {
    let columns = "plan_id, seat_no, guid, zone_no, row_label, seat_label, category_no, x, y";
    format!("INSERT INTO plan_seats ({columns}) VALUES {}", values_rows(size, 9))
});

/// Writes the plan's seats, in pieces. They belong to nothing until the plan's own row names them; when a process dies
/// in between they stay behind without any effect.
pub(super) async fn write_seats(database: &Database, plan: &SeatingPlan) -> Result<(), SqlError> {
    let numbered: Vec<(u32, &PlanSeat)> = (0..).zip(&plan.seats).collect();
    for piece in numbered.chunks(ROWS_PER_TRANSACTION) {
        let mut transaction = database.begin().await?;
        transaction
            .write_rows(&SEATS, piece, |statement, (no, seat)| bind_seat(statement.bind(plan.id), *no, seat))
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

fn bind_seat(statement: Statement, no: u32, seat: &PlanSeat) -> Statement {
    statement
        .bind(no)
        .bind(&*seat.guid)
        .bind(seat.zone)
        .bind(&*seat.row)
        .bind(&*seat.number)
        .bind(seat.category)
        .bind(seat.position.x)
        .bind(seat.position.y)
}

/// A plan to add, whose seats are there already.
pub(super) struct AddPlan<'a> {
    pub(super) plan: &'a SeatingPlan,
}

#[async_trait]
impl Edit for AddPlan<'_> {
    type Outcome = ();

    async fn apply(&self, transaction: &mut Transaction) -> Result<((), Line), EditFailure> {
        let plan = self.plan;
        let text = "INSERT INTO seating_plans (plan_id, name, width, height, seats) VALUES (?, ?, ?, ?, ?)";
        let statement = Statement::new(text)
            .bind(plan.id)
            .bind(plan.name.as_str())
            .bind(plan.size.width)
            .bind(plan.size.height)
            .bind(i64::try_from(plan.seats.len()).expect("plans are limited to far fewer"));
        transaction.execute(statement).await?;
        insert_categories(transaction, plan).await?;
        insert_zones(transaction, plan).await?;
        insert_areas(transaction, plan).await?;
        let summary = Summary { id: plan.id, name: &plan.name, seats: plan.seats.len() };
        Ok(((), Line::added(OperatorActionKind::PlanCreated, plan.id.0, &summary)))
    }
}

async fn insert_categories(transaction: &mut Transaction, plan: &SeatingPlan) -> Result<(), SqlError> {
    let mut seats = vec![0u32; plan.categories.len()];
    for seat in &plan.seats {
        seats[usize::from(seat.category)] += 1;
    }
    let rows: Vec<_> = (0u32..).zip(&plan.categories).zip(seats).collect();
    let bind = |statement: Statement, ((no, category), seats): &((u32, &PlanCategory), u32)| {
        let statement = statement.bind(plan.id).bind(*no).bind(category.id);
        statement.bind(category.name.as_str()).bind(category.color.as_str()).bind(*seats)
    };
    transaction.write_rows(&CATEGORIES, &rows, bind).await
}

async fn insert_zones(transaction: &mut Transaction, plan: &SeatingPlan) -> Result<(), SqlError> {
    let rows: Vec<_> = (0u32..).zip(&plan.zones).collect();
    let bind =
        |statement: Statement, (no, name): &(u32, &String)| statement.bind(plan.id).bind(*no).bind(name.as_str());
    transaction.write_rows(&ZONES, &rows, bind).await
}

async fn insert_areas(transaction: &mut Transaction, plan: &SeatingPlan) -> Result<(), SqlError> {
    let rows: Vec<_> = (0u32..).zip(&plan.areas).collect();
    let bind = |statement: Statement, (no, area): &(u32, &Area)| bind_area(statement.bind(plan.id).bind(*no), area);
    transaction.write_rows(&AREAS, &rows, bind).await
}

fn bind_area(statement: Statement, area: &Area) -> Statement {
    let shape = serde_json::to_string(&area.shape).expect("a shape serialises without failing");
    statement
        .bind(area.zone)
        .bind(area.text.as_str())
        .bind(area.color.as_deref())
        .bind(area.position.x)
        .bind(area.position.y)
        .bind(area.rotation)
        .bind(shape)
}

/// A category of a plan, with its place in the plan and how many seats it has.
pub(super) struct CountedCategory {
    pub(super) no: u16,
    pub(super) category: PlanCategory,
    pub(super) seats: u32,
}

/// The plan's categories in their order; nothing when there is no such plan.
pub(super) async fn categories(
    transaction: &mut Transaction,
    plan: SeatingPlanId,
) -> Result<Option<Vec<CountedCategory>>, SqlError> {
    let text = "SELECT c.category_id, c.name, c.color, c.category_no, c.seats FROM seating_plans p \
                JOIN plan_categories c ON c.plan_id = p.plan_id WHERE p.plan_id = ? ORDER BY c.category_no";
    let rows = transaction.fetch_all(Statement::new(text).bind(plan)).await?;
    if rows.is_empty() {
        return Ok(None); // every plan has seats, and so categories
    }
    let counted = |row: &Row| Ok(CountedCategory { category: category(row)?, no: row.get(3)?, seats: row.get(4)? });
    rows.iter().map(counted).collect::<Result<_, _>>().map(Some)
}

fn category(row: &Row) -> Result<PlanCategory, SqlError> {
    Ok(PlanCategory { id: row.get(0)?, name: row.get(1)?, color: row.get(2)? })
}

/// The plan of that identity.
pub(crate) async fn load(database: &Database, id: SeatingPlanId) -> Result<Option<SeatingPlan>, SqlError> {
    let of_plan = |text: &'static str| Statement::new(text).bind(id);
    let header = of_plan("SELECT name, width, height, seats FROM seating_plans WHERE plan_id = ?");
    let Some(header) = database.fetch_optional(header).await? else { return Ok(None) };
    let categories =
        of_plan("SELECT category_id, name, color FROM plan_categories WHERE plan_id = ? ORDER BY category_no");
    let zones = of_plan("SELECT name FROM plan_zones WHERE plan_id = ? ORDER BY zone_no");
    let areas = of_plan(
        "SELECT zone_no, text, color, x, y, rotation, shape FROM plan_areas WHERE plan_id = ? ORDER BY area_no",
    );
    Ok(Some(SeatingPlan {
        id,
        name: header.get(0)?,
        size: Size { width: header.get(1)?, height: header.get(2)? },
        categories: database.fetch_all(categories).await?.iter().map(category).collect::<Result<_, _>>()?,
        zones: database.fetch_all(zones).await?.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?,
        areas: database.fetch_all(areas).await?.iter().map(area).collect::<Result<_, _>>()?,
        seats: load_seats(database, id, header.get(3)?).await?,
    }))
}

async fn load_seats(database: &Database, plan: SeatingPlanId, count: u32) -> Result<Vec<PlanSeat>, SqlError> {
    let mut seats = Vec::with_capacity(count as usize);
    let firsts = iter::successors(Some(0i64), |first| Some(first + ROWS_PER_READ));
    for first in firsts.take_while(|first| *first < i64::from(count)) {
        let text = "SELECT guid, zone_no, row_label, seat_label, category_no, x, y FROM plan_seats \
                    WHERE plan_id = ? AND seat_no >= ? AND seat_no < ? ORDER BY seat_no";
        let statement = Statement::new(text).bind(plan).bind(first).bind(first + ROWS_PER_READ);
        for row in database.fetch_all(statement).await? {
            seats.push(seat(&row)?);
        }
    }
    if seats.len() != count as usize {
        return Err(SqlError::Row(format!("plan {plan} has {count} seats, of which {} are there", seats.len())));
    }
    Ok(seats)
}

fn seat(row: &Row) -> Result<PlanSeat, SqlError> {
    Ok(PlanSeat {
        guid: row.get::<String>(0)?.into(),
        zone: row.get(1)?,
        row: row.get::<String>(2)?.into(),
        number: row.get::<String>(3)?.into(),
        category: row.get(4)?,
        position: Point { x: row.get(5)?, y: row.get(6)? },
    })
}

fn area(row: &Row) -> Result<Area, SqlError> {
    Ok(Area {
        zone: row.get(0)?,
        text: row.get(1)?,
        color: row.get(2)?,
        position: Point { x: row.get(3)?, y: row.get(4)? },
        rotation: row.get(5)?,
        shape: parsed(row, 6, |json| serde_json::from_str(json).ok())?,
    })
}
