use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use super::{
    CategoryId, FileCategory, FileRow, FileSeat, FileZone, Label, PlanError, PlanFile, Point, SEATS_LIMIT, SeatingPlan,
    SeatingPlanId, Size,
};

fn seat(guid: &str) -> FileSeat {
    FileSeat {
        seat_guid: guid.to_owned(),
        seat_number: Label::Number(1),
        category: "Stalls".to_owned(),
        position: Point { x: 1.0, y: 0.5 },
    }
}

fn file(seats: Vec<FileSeat>) -> PlanFile {
    let row = FileRow { row_number: Label::Text("A".to_owned()), position: Point { x: 10.0, y: 20.0 }, seats };
    let zone = FileZone {
        name: "Ground".to_owned(),
        position: Point { x: 100.0, y: 200.0 },
        rows: vec![row],
        areas: Vec::new(),
    };
    PlanFile {
        name: "Hall".to_owned(),
        categories: vec![FileCategory { name: "Stalls".to_owned(), color: "#f00".to_owned() }],
        zones: vec![zone],
        size: Size::default(),
    }
}

fn read(file: PlanFile) -> Result<SeatingPlan, PlanError> {
    SeatingPlan::from_file(SeatingPlanId(Uuid::nil()), file, || CategoryId(Uuid::nil()))
}

#[test]
fn seats_are_numbered_in_file_order_with_absolute_places() {
    let plan = read(file(vec![seat("a"), seat("b")])).unwrap();
    assert_eq!(&*plan.seat(1).unwrap().guid, "b");
    assert_eq!(plan.seat(0).unwrap().position, Point { x: 111.0, y: 220.5 });
    assert!(plan.seat(2).is_none());
}

#[test]
fn a_bad_plan_names_the_place() {
    let twice = read(file(vec![seat("a"), seat("a")])).unwrap_err();
    assert_eq!(twice.to_string(), "zones[0].rows[0].seats[1].seat_guid: `a` stands twice");
    let foreign = FileSeat { category: "Balcony".to_owned(), ..seat("a") };
    assert_eq!(read(file(vec![foreign])).unwrap_err().place, "zones[0].rows[0].seats[0].category");
    assert_eq!(read(file(Vec::new())).unwrap_err().problem, "the plan has no seats");
}

#[test]
fn a_plan_beyond_its_limit_is_refused() {
    let seats = (0..=SEATS_LIMIT).map(|index| seat(&index.to_string())).collect();
    assert_eq!(read(file(seats)).unwrap_err().place, format!("zones[0].rows[0].seats[{SEATS_LIMIT}]"));
}

/// A plan of random zones, rows and seats, each seat with a name of its own; some names have spaces around them.
fn files() -> impl Strategy<Value = PlanFile> {
    let seat = (0..3_u8, any::<bool>());
    vec((0..50_i8, vec((0..50_i8, vec(seat, 0..5)), 0..4)), 1..4).prop_map(|zones| {
        let mut names = 0..;
        let mut seat = |(index, (category, spaced)): (i64, (u8, bool))| FileSeat {
            seat_guid: names
                .next()
                .map(|name: u32| if spaced { format!(" {name}\t") } else { name.to_string() })
                .unwrap(),
            seat_number: Label::Number(index),
            category: format!("Category {category}"),
            position: Point { x: 0.5, y: 0.25 },
        };
        let mut row = |(index, (x, seats)): (usize, (i8, Vec<_>))| FileRow {
            row_number: Label::Text(format!("R{index}")),
            position: Point { x: x.into(), y: 1.0 },
            seats: (1..).zip(seats).map(&mut seat).collect(),
        };
        let zone = |(index, (y, rows)): (usize, (i8, Vec<_>))| FileZone {
            name: format!("Z{index}"),
            position: Point { x: 100.0, y: y.into() },
            rows: rows.into_iter().enumerate().map(&mut row).collect(),
            areas: Vec::new(),
        };
        let categories = (0..3).map(|index| FileCategory { name: format!("Category {index}"), color: String::new() });
        PlanFile {
            name: "Hall".to_owned(),
            categories: categories.collect(),
            zones: zones.into_iter().enumerate().map(zone).collect(),
            size: Size::default(),
        }
    })
}

fn with_seats() -> impl Strategy<Value = PlanFile> {
    files().prop_filter("a plan needs a seat", |file| guids(file).count() > 0)
}

fn guids(file: &PlanFile) -> impl Iterator<Item = &str> {
    file.zones.iter().flat_map(|zone| &zone.rows).flat_map(|row| &row.seats).map(|seat| seat.seat_guid.as_str())
}

/// The seats of `file` in its order: name, zone, row, number, category and place.
fn in_file_order(file: &PlanFile) -> Vec<(String, usize, String, String, String, Point)> {
    let mut seats = Vec::new();
    for (zone_no, zone) in file.zones.iter().enumerate() {
        for row in &zone.rows {
            for seat in &row.seats {
                let place = zone.position + row.position + seat.position;
                let (row, number) = (row.row_number.clone().into_text(), seat.seat_number.clone().into_text());
                let guid = seat.seat_guid.trim().to_owned();
                seats.push((guid, zone_no, row, number, seat.category.clone(), place));
            }
        }
    }
    seats
}

proptest! {
    #[test]
    fn seat_numbers_follow_the_file(file in with_seats()) {
        let expected = in_file_order(&file);
        let plan = read(file).unwrap();
        prop_assert_eq!(plan.seats.len(), expected.len());
        for (no, (guid, zone, row, number, category, place)) in (0..).zip(expected) {
            let seat = plan.seat(no).unwrap();
            prop_assert_eq!((&*seat.guid, &*seat.row, &*seat.number), (&*guid, &*row, &*number));
            prop_assert_eq!((usize::from(seat.zone), seat.position), (zone, place));
            prop_assert_eq!(&plan.category_of(seat).name, &category);
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_always_refused(mut file in with_seats(), from: Index, to: Index) {
        let names: Vec<String> = guids(&file).map(str::to_owned).collect();
        let (from, to) = (from.index(names.len()), to.index(names.len()));
        prop_assume!(from != to);
        let mut seats = file.zones.iter_mut().flat_map(|zone| &mut zone.rows).flat_map(|row| &mut row.seats);
        seats.nth(to).unwrap().seat_guid.clone_from(&names[from]);
        let error = read(file).unwrap_err();
        prop_assert!(error.place.ends_with(".seat_guid"), "{}", error.place);
        prop_assert_eq!(error.problem, format!("`{}` stands twice", names[from].trim()));
    }
}

#[test]
fn a_seat_that_no_number_can_place_is_refused() {
    let far = FileSeat { position: Point { x: f64::MAX, y: 0.0 }, ..seat("a") };
    let mut plan = file(vec![far]);
    plan.zones[0].position.x = f64::MAX;
    assert_eq!(read(plan).unwrap_err().place, "zones[0].rows[0].seats[0].position");
}
