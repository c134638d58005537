use super::{SOLD, at, category, hall, held_until, plan, seat};
use crate::best_available::{BlockPlan, FreeSeats, NoBlock, QUANTITY_LIMIT};
use crate::plan::Point;
use crate::seat::{SeatNo, SeatState};

fn best(seats: &mut FreeSeats, quantity: u32) -> Result<Vec<SeatNo>, NoBlock> {
    seats.best(category(0), quantity, at(0))
}

/// Sells the best blocks of `quantity` seats, one after another, and names the first seat of each.
fn sell(seats: &mut FreeSeats, quantity: u32) -> Vec<SeatNo> {
    let mut sold = Vec::new();
    while let Ok(block) = best(seats, quantity) {
        sold.push(block[0]);
        for no in block {
            seats.set(no, SOLD);
        }
    }
    sold
}

#[test]
fn the_front_and_the_middle_go_first() {
    let mut seats = hall(&[&["AAAAAA", "AAAAAA"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![2, 3]));
    assert_eq!(sell(&mut seats, 2), [2, 8, 0, 4, 6, 10]);
}

#[test]
fn one_row_back_is_as_far_as_one_seat_aside() {
    let mut seats = hall(&[&["aAaAa", "AAAAA"]]);
    assert_eq!(best(&mut seats, 1), Ok(vec![1]), "equally far, and nearer to the front");
    let mut seats = hall(&[&["AaaaA", "AAAAA"]]);
    assert_eq!(best(&mut seats, 1), Ok(vec![7]), "two seats aside are farther");
}

#[test]
fn a_block_does_not_cross_an_aisle() {
    let mut seats = hall(&[&["AA_AAAA_AA", "AAAAAAAA"]]);
    assert_eq!(best(&mut seats, 4), Ok(vec![2, 3, 4, 5]));
    seats.set(3, SOLD);
    assert_eq!(best(&mut seats, 4), Ok(vec![10, 11, 12, 13]), "0, 1 and 2 are not adjacent");
    assert_eq!(best(&mut seats, 3), Ok(vec![10, 11, 12]));
}

#[test]
fn a_row_whose_seats_have_no_positions_has_no_aisles() {
    let mut plan = plan((0..4).map(|_| seat(0, "A", 0, Point::default())).collect());
    plan.seats[3].position.x = 9.0;
    let mut seats = FreeSeats::new(BlockPlan::new(&plan).into(), []);
    assert_eq!(best(&mut seats, 4), Ok(vec![0, 1, 2, 3]));
}

#[test]
fn a_block_does_not_cross_the_border_of_a_category() {
    let mut seats = hall(&[&["AABBAA", "ABBBBA"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![0, 1]));
    assert_eq!(seats.best(category(1), 2, at(0)), Ok(vec![2, 3]));
    assert_eq!(seats.best(category(1), 3, at(0)), Ok(vec![7, 8, 9]));
    assert_eq!(best(&mut seats, 3), Err(NoBlock { largest: 2 }));
}

#[test]
fn an_orphan_is_avoided_only_at_equal_distance() {
    let mut seats = hall(&[&["AAAaaaAAa"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![6, 7]), "as far as 1 and 2, which would leave 0 alone");
    let mut seats = hall(&[&["AAAaaAA"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![1, 2]), "nearer than 5 and 6");
}

#[test]
fn the_end_of_a_row_an_aisle_and_the_border_of_a_category_make_orphans_too() {
    let mut seats = hall(&[&["AAAaaaa"], &["aAAaaaa"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![8, 9]), "1 and 2 would leave 0 alone at the end of its row");
    let mut seats = hall(&[&["A_AAAaaa"], &["aaAAaaa"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![9, 10]), "2 and 3 would leave 1 alone at the aisle");
    let mut seats = hall(&[&["BAAAaaa"], &["aaAAaaa"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![9, 10]), "2 and 3 would leave 1 alone beside another category");
}

#[test]
fn of_equal_blocks_the_one_in_front_wins_and_then_the_lower_number() {
    let mut seats = hall(&[&["aaaa", "AAAA"], &["AAaaAA"], &["AAaaAA"]]);
    assert_eq!(best(&mut seats, 2), Ok(vec![5, 6]));
    seats.set(5, SOLD);
    assert_eq!(sell(&mut seats, 2), [8, 12, 14, 18, 6]);
}

#[test]
fn the_fronts_of_all_zones_are_equally_near() {
    let mut seats = hall(&[&["AAA", "AAA"], &["AAA", "AAA"]]);
    assert_eq!(sell(&mut seats, 3), [0, 6, 3, 9]);
}

#[test]
fn rows_of_one_label_in_two_zones_are_two_rows() {
    let mut seats = hall(&[&["AA"], &["AA"]]);
    assert_eq!(best(&mut seats, 3), Err(NoBlock { largest: 2 }));
    assert_eq!(sell(&mut seats, 2), [0, 2]);
}

#[test]
fn a_hold_that_has_ended_counts_as_free_and_one_that_has_not_does_not() {
    let mut seats = hall(&[&["AAA"]]);
    seats.set(1, held_until(10));
    assert_eq!(seats.best(category(0), 3, at(9)), Err(NoBlock { largest: 1 }));
    assert_eq!(seats.best(category(0), 3, at(10)), Ok(vec![0, 1, 2]));
    assert_eq!(seats.best(category(0), 3, at(9)), Err(NoBlock { largest: 1 }), "the clock stepped back");
    seats.set(1, held_until(8));
    assert_eq!(seats.best(category(0), 3, at(9)), Ok(vec![0, 1, 2]), "the later end is forgotten");
    seats.set(1, SOLD);
    assert_eq!(seats.best(category(0), 3, at(10)), Err(NoBlock { largest: 1 }));
    seats.set(1, SeatState::Free);
    assert_eq!(seats.best(category(0), 3, at(0)), Ok(vec![0, 1, 2]));
}

#[test]
fn where_there_is_no_block_the_largest_is_told() {
    let mut seats = hall(&[&["AAaAAA_AA", "aA"], &["BBBBB"]]);
    assert_eq!(best(&mut seats, 4), Err(NoBlock { largest: 3 }));
    assert_eq!(best(&mut seats, 0), Err(NoBlock { largest: 3 }));
    assert_eq!(seats.best(category(2), 1, at(0)), Err(NoBlock { largest: 0 }));
    assert_eq!(seats.best(category(9), 1, at(0)), Err(NoBlock { largest: 0 }));
}

#[test]
fn no_block_is_larger_than_the_limit() {
    let mut seats = hall(&[&["A".repeat(60).as_str()]]);
    assert_eq!(best(&mut seats, QUANTITY_LIMIT).unwrap().len(), 50);
    assert_eq!(best(&mut seats, QUANTITY_LIMIT + 1), Err(NoBlock { largest: QUANTITY_LIMIT }));
}

#[test]
fn single_seats_are_sold_down_to_the_last_one() {
    let mut seats = hall(&[&["AAA_AAA", "ABA"], &["AAAA"]]);
    let mut sold = sell(&mut seats, 1);
    assert_eq!(best(&mut seats, 1), Err(NoBlock { largest: 0 }));
    sold.sort_unstable();
    assert_eq!(sold, [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]);
}

#[test]
fn a_seat_that_the_plan_does_not_have_changes_nothing() {
    let mut seats = hall(&[&["AA"]]);
    seats.set(2, held_until(5));
    assert_eq!(seats.best(category(0), 2, at(9)), Ok(vec![0, 1]));
}
