//! A seating plan as the API shows it.
//!
//! [`SeatingPlanObject`] describes it; [`render`] writes it, straight from the plan into bytes, because a tree of
//! 200,000 seats would take a hundred megabytes for a moment. A test holds the two together.

use onsale_domain::plan::{Area, Point, SeatingPlan, Shape};
use poem_openapi::{Object, Union};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A width and a height, in the plan's own units.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Size")]
pub(crate) struct SizeObject {
    /// From left to right.
    pub(crate) width: f64,
    /// From top to bottom.
    pub(crate) height: f64,
}

/// A point, in the plan's own units.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "Point")]
pub(crate) struct PointObject {
    /// From the left.
    pub(crate) x: f64,
    /// From the top.
    pub(crate) y: f64,
}

/// A price category of a plan.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "SeatingPlanCategory")]
pub(crate) struct PlanCategoryObject {
    /// Names the category; the same in every performance that uses the plan.
    pub(crate) category_id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// Its colour, as the plan file writes it.
    pub(crate) color: String,
}

/// A rectangle with its upper left corner at the area's place.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct RectangleOutline {
    /// From left to right.
    pub(crate) width: f64,
    /// From top to bottom.
    pub(crate) height: f64,
}

/// A circle around the area's place.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct CircleOutline {
    /// Half its width.
    pub(crate) radius: f64,
}

/// An ellipse around the area's place.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct EllipseOutline {
    /// Half its width.
    pub(crate) radius_x: f64,
    /// Half its height.
    pub(crate) radius_y: f64,
}

/// Corners relative to the area's place.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct PolygonOutline {
    /// The corners, in order.
    pub(crate) points: Vec<PointObject>,
}

/// The outline of an area.
#[derive(Clone, Debug, PartialEq, Union)]
#[oai(discriminator_name = "type")]
pub(crate) enum Outline {
    /// A rectangle.
    #[oai(mapping = "rectangle")]
    Rectangle(RectangleOutline),
    /// A circle.
    #[oai(mapping = "circle")]
    Circle(CircleOutline),
    /// An ellipse.
    #[oai(mapping = "ellipse")]
    Ellipse(EllipseOutline),
    /// A polygon.
    #[oai(mapping = "polygon")]
    Polygon(PolygonOutline),
}

/// A part of the plan without seats, such as the stage.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "SeatingPlanArea", skip_serializing_if_is_none)]
pub(crate) struct AreaObject {
    /// The index of its zone in `zones`.
    pub(crate) zone: u16,
    /// What stands on it.
    pub(crate) text: Option<String>,
    /// Its fill, as the plan file writes it.
    pub(crate) color: Option<String>,
    /// Where it is, from the left, absolute.
    pub(crate) x: f64,
    /// Where it is, from the top, absolute.
    pub(crate) y: f64,
    /// How far it is turned, in degrees.
    pub(crate) rotation: f64,
    /// Its outline; absent when it is only a text.
    pub(crate) outline: Option<Outline>,
}

/// The seats of a plan in columns: the values at an index belong to the seat of that `seat_no`.
#[derive(Clone, Debug, PartialEq, Object)]
pub(crate) struct SeatColumns {
    /// Its name in the plan file.
    pub(crate) guid: Vec<String>,
    /// The index of its zone in `zones`.
    pub(crate) zone: Vec<u16>,
    /// The label of its row.
    pub(crate) row: Vec<String>,
    /// Its label within the row.
    pub(crate) number: Vec<String>,
    /// Its price category.
    pub(crate) category_id: Vec<Uuid>,
    /// Where it is, from the left, absolute.
    pub(crate) x: Vec<f64>,
    /// Where it is, from the top, absolute.
    pub(crate) y: Vec<f64>,
}

/// A seating plan; it never changes.
#[derive(Clone, Debug, PartialEq, Object)]
#[oai(rename = "SeatingPlan")]
pub(crate) struct SeatingPlanObject {
    /// Names the plan.
    pub(crate) seating_plan_id: Uuid,
    /// What it is called.
    pub(crate) name: String,
    /// The size of the drawing.
    pub(crate) size: SizeObject,
    /// Its price categories.
    pub(crate) categories: Vec<PlanCategoryObject>,
    /// The names of its zones, in the order of the plan file.
    pub(crate) zones: Vec<String>,
    /// Its areas without seats.
    pub(crate) areas: Vec<AreaObject>,
    /// Its seats, in columns.
    pub(crate) seats: SeatColumns,
}

/// The plan as JSON. Takes a few hundred milliseconds for the largest, so it does not belong on an async thread.
pub(crate) fn render(plan: &SeatingPlan) -> Vec<u8> {
    serde_json::to_vec(&WrittenPlan::new(plan)).expect("text and numbers always serialise")
}

#[derive(Serialize)]
struct WrittenPlan<'a> {
    seating_plan_id: Uuid,
    name: &'a str,
    size: WrittenSize,
    categories: Vec<WrittenCategory<'a>>,
    zones: &'a [String],
    areas: Vec<WrittenArea<'a>>,
    seats: WrittenSeats<'a>,
}

#[derive(Serialize)]
struct WrittenSize {
    width: f64,
    height: f64,
}

#[derive(Serialize)]
struct WrittenCategory<'a> {
    category_id: Uuid,
    name: &'a str,
    color: &'a str,
}

#[derive(Serialize)]
struct WrittenArea<'a> {
    zone: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'a str>,
    x: f64,
    y: f64,
    rotation: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outline: Option<WrittenOutline<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WrittenOutline<'a> {
    Rectangle { width: f64, height: f64 },
    Circle { radius: f64 },
    Ellipse { radius_x: f64, radius_y: f64 },
    Polygon { points: &'a [Point] },
}

#[derive(Serialize)]
struct WrittenSeats<'a> {
    guid: Column<'a, &'a str>,
    zone: Column<'a, u16>,
    row: Column<'a, &'a str>,
    number: Column<'a, &'a str>,
    category_id: Column<'a, Uuid>,
    x: Column<'a, f64>,
    y: Column<'a, f64>,
}

/// One value of every seat, written without being collected.
struct Column<'a, T> {
    plan: &'a SeatingPlan,
    value: fn(&'a SeatingPlan, usize) -> T,
}

impl<T: Serialize> Serialize for Column<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut column = serializer.serialize_seq(Some(self.plan.seats.len()))?;
        for no in 0..self.plan.seats.len() {
            column.serialize_element(&(self.value)(self.plan, no))?;
        }
        column.end()
    }
}

impl<'a> WrittenPlan<'a> {
    fn new(plan: &'a SeatingPlan) -> Self {
        let category = |category: &'a onsale_domain::plan::PlanCategory| WrittenCategory {
            category_id: category.id.0,
            name: &category.name,
            color: &category.color,
        };
        Self {
            seating_plan_id: plan.id.0,
            name: &plan.name,
            size: WrittenSize { width: plan.size.width, height: plan.size.height },
            categories: plan.categories.iter().map(category).collect(),
            zones: &plan.zones,
            areas: plan.areas.iter().map(WrittenArea::new).collect(),
            seats: WrittenSeats::new(plan),
        }
    }
}

impl<'a> WrittenArea<'a> {
    fn new(area: &'a Area) -> Self {
        Self {
            zone: area.zone,
            text: &area.text,
            color: area.color.as_deref(),
            x: area.position.x,
            y: area.position.y,
            rotation: area.rotation,
            outline: WrittenOutline::new(&area.shape),
        }
    }
}

impl<'a> WrittenOutline<'a> {
    fn new(shape: &'a Shape) -> Option<Self> {
        match shape {
            Shape::Rectangle(size) => Some(Self::Rectangle { width: size.width, height: size.height }),
            Shape::Circle(radius) => Some(Self::Circle { radius: *radius }),
            Shape::Ellipse(radius) => Some(Self::Ellipse { radius_x: radius.x, radius_y: radius.y }),
            Shape::Polygon(points) => Some(Self::Polygon { points }),
            Shape::Text => None,
        }
    }
}

impl<'a> WrittenSeats<'a> {
    fn new(plan: &'a SeatingPlan) -> Self {
        Self {
            guid: Column { plan, value: |plan, no| &plan.seats[no].guid },
            zone: Column { plan, value: |plan, no| plan.seats[no].zone },
            row: Column { plan, value: |plan, no| &plan.seats[no].row },
            number: Column { plan, value: |plan, no| &plan.seats[no].number },
            category_id: Column { plan, value: |plan, no| plan.category_of(&plan.seats[no]).id.0 },
            x: Column { plan, value: |plan, no| plan.seats[no].position.x },
            y: Column { plan, value: |plan, no| plan.seats[no].position.y },
        }
    }
}

#[cfg(test)]
mod tests {
    use onsale_domain::ids::{CategoryId, SeatingPlanId};
    use onsale_domain::plan::PlanFile;
    use poem_openapi::types::{ParseFromJSON, ToJSON};

    use super::*;

    fn plan() -> SeatingPlan {
        let file: PlanFile = serde_json::from_value(serde_json::json!({
            "name": "Hall", "size": {"width": 600, "height": 400},
            "categories": [{"name": "Stalls", "color": "red"}, {"name": "Balcony", "color": "#00f"}],
            "zones": [{"name": "Ground", "position": {"x": 10, "y": 20}, "rows": [
                {"row_number": "A", "position": {"x": 0, "y": 0}, "seats": [
                    {"seat_guid": "a-1", "seat_number": "1", "category": "Stalls", "position": {"x": 1, "y": 0}},
                    {"seat_guid": "a-2", "seat_number": 2, "category": "Balcony", "position": {"x": 2.5, "y": 0}}]}],
                "areas": [
                    {"shape": "rectangle", "color": "grey", "text": {"text": "Stage"}, "position": {"x": 5, "y": 5},
                     "rectangle": {"width": 100, "height": 30}, "rotation": 12.5},
                    {"shape": "circle", "circle": {"radius": 4}},
                    {"shape": "ellipse", "ellipse": {"radius": {"x": 3, "y": 2}}},
                    {"shape": "polygon", "polygon": {"points": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]}},
                    {"shape": "text", "text": {"text": "Exit"}}]}],
        }))
        .expect("a plan file");
        let id = SeatingPlanId(Uuid::from_u128(1));
        let mut next = 1;
        SeatingPlan::from_file(id, file, || {
            next += 1;
            CategoryId(Uuid::from_u128(next))
        })
        .expect("a plan")
    }

    #[test]
    fn what_is_written_is_what_is_described() {
        let written: serde_json::Value = serde_json::from_slice(&render(&plan())).expect("JSON");
        let read = SeatingPlanObject::parse_from_json(Some(written.clone())).expect("as described");
        assert_eq!(read.to_json(), Some(written));
        assert_eq!(read.seats.guid, ["a-1", "a-2"]);
        assert_eq!(read.seats.x, [11.0, 12.5]);
        assert_eq!(read.seats.category_id, [2, 3].map(Uuid::from_u128));
        assert_eq!((read.areas[0].x, read.areas[0].text.as_deref()), (15.0, Some("Stage")));
        assert_eq!(read.areas[4].outline, None);
    }
}
