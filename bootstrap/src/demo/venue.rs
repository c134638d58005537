//! A dome of four rings around a stage and a standing area: 15,456 seats.

use onsale_domain::plan::{
    FileArea, FileCategory, FileCircle, FileRow, FileSeat, FileText, FileZone, Label, PlanFile, Point, Size,
};

/// What stands on the area around the stage.
pub(super) const STANDING: &str = "Standing";
/// Its radius.
const STANDING_RADIUS: f64 = 145.0;
/// Blocks of each ring.
const BLOCKS: u32 = 12;
/// Name, colour, rows of each block, seats of the first row, how many more each row has, and the first row's radius.
const RINGS: [(&str, &str, u32, u32, u32, f64); 4] = [
    ("Floor", "#d5553b", 14, 14, 0, 160.0),
    ("Lower tier", "#e0a526", 14, 20, 0, 330.0),
    ("Middle tier", "#4a9c5d", 14, 26, 0, 500.0),
    ("Upper tier", "#3f6fb5", 14, 32, 0, 670.0),
];
/// From the drawing's edge to the middle of the stage.
const MIDDLE: f64 = 850.0;
/// From one row to the next.
const ROW_DISTANCE: f64 = 11.0;
/// How much of its share of the circle a block fills; the rest is aisle.
const FILLED: f64 = 0.92;

/// The plan of the dome.
pub(super) fn plan() -> PlanFile {
    let categories = RINGS.iter().map(|ring| FileCategory { name: ring.0.to_owned(), color: ring.1.to_owned() });
    let blocks = RINGS.iter().flat_map(|ring| (0..BLOCKS).map(move |block| zone(ring, block)));
    PlanFile {
        name: "Demo Dome".to_owned(),
        categories: categories.collect(),
        zones: blocks.chain([standing()]).collect(),
        size: Size { width: 2.0 * MIDDLE, height: 2.0 * MIDDLE },
    }
}

fn standing() -> FileZone {
    let area = FileArea {
        shape: "circle".to_owned(),
        color: Some("#8a4fbf".to_owned()),
        position: Point { x: MIDDLE, y: MIDDLE },
        rotation: 0.0,
        text: Some(FileText { text: STANDING.to_owned() }),
        rectangle: None,
        circle: Some(FileCircle { radius: STANDING_RADIUS }),
        ellipse: None,
        polygon: None,
    };
    FileZone { name: STANDING.to_owned(), position: Point::default(), rows: Vec::new(), areas: vec![area] }
}

fn zone(&(name, _, rows, first, more, radius): &(&str, &str, u32, u32, u32, f64), block: u32) -> FileZone {
    let row = |row: u32| {
        let seats = first + more * row;
        let radius = radius + ROW_DISTANCE * f64::from(row);
        let seat = |number: u32| FileSeat {
            seat_guid: format!("{name}-{}-{}-{}", block + 1, row + 1, number + 1),
            seat_number: Label::Number(i64::from(number + 1)),
            category: name.to_owned(),
            position: place(block, radius, (f64::from(number) + 0.5) / f64::from(seats)),
        };
        FileRow {
            row_number: Label::Number(i64::from(row + 1)),
            position: Point::default(),
            seats: (0..seats).map(seat).collect(),
        }
    };
    FileZone {
        name: format!("{name} {}", block + 1),
        position: Point::default(),
        rows: (0..rows).map(row).collect(),
        areas: Vec::new(),
    }
}

/// A point on the block's arc; `along` runs from 0 to 1.
fn place(block: u32, radius: f64, along: f64) -> Point {
    let share = std::f64::consts::TAU / f64::from(BLOCKS);
    let angle = share * (f64::from(block) + 0.5 + (along - 0.5) * FILLED);
    let round = |value: f64| (value * 10.0).round() / 10.0;
    Point { x: round(MIDDLE + radius * angle.sin()), y: round(MIDDLE - radius * angle.cos()) }
}

#[cfg(test)]
mod tests {
    use onsale_domain::ids::{CategoryId, SeatingPlanId};
    use onsale_domain::plan::SeatingPlan;
    use uuid::Uuid;

    #[test]
    fn the_dome_has_at_least_fifteen_thousand_seats() {
        let plan = SeatingPlan::from_file(SeatingPlanId(Uuid::nil()), super::plan(), || CategoryId(Uuid::nil()));
        let plan = plan.unwrap();
        assert_eq!((plan.seats.len(), plan.areas[0].text.as_str()), (15_456, super::STANDING));
    }
}
