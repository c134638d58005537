//! Seating plans: zones → rows → seats, and areas without seats; every seat has a category.
//!
//! [`PlanFile`] mirrors the pretix seating-plan format (`seating-plan.schema.json` of pretix): members that Onsale does
//! not use are tolerated, since editors add their own. [`SeatingPlan::from_file`] checks it and numbers the seats.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{CategoryId, SeatingPlanId};
use crate::seat::SeatNo;

/// The most seats a plan may have.
pub const SEATS_LIMIT: usize = 200_000;
/// The most zones a plan may have.
pub const ZONES_LIMIT: usize = 2_000;
/// The most rows a plan may have: one for each seat.
pub const ROWS_LIMIT: usize = SEATS_LIMIT;
/// The most categories a plan may have.
pub const CATEGORIES_LIMIT: usize = 200;
/// The most areas a plan may have.
pub const AREAS_LIMIT: usize = 2_000;
/// The most characters a name, label or guid in a plan may have.
pub const LABEL_LIMIT: usize = 200;

/// A point, in the plan's own units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    #[serde(default)]
    pub x: f64,
    /// From the top.
    #[serde(default)]
    pub y: f64,
}

impl std::ops::Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }
}

/// A width and a height, in the plan's own units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// From left to right.
    #[serde(default)]
    pub width: f64,
    /// From top to bottom.
    #[serde(default)]
    pub height: f64,
}

/// A plan as its file writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct PlanFile {
    /// The plan's name.
    pub name: String,
    /// Its categories.
    pub categories: Vec<FileCategory>,
    /// Its zones.
    pub zones: Vec<FileZone>,
    /// The size of the drawing.
    #[serde(default)]
    pub size: Size,
}

/// A category as the file writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct FileCategory {
    /// Its name; seats refer to it.
    pub name: String,
    /// Its colour.
    #[serde(default)]
    pub color: String,
}

/// A zone as the file writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct FileZone {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Where its rows and areas start.
    #[serde(default)]
    pub position: Point,
    /// Its rows.
    #[serde(default)]
    pub rows: Vec<FileRow>,
    /// Its areas.
    #[serde(default)]
    pub areas: Vec<FileArea>,
}

/// A row as the file writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct FileRow {
    /// Its label.
    #[serde(default)]
    pub row_number: Label,
    /// Where its seats start, within the zone.
    #[serde(default)]
    pub position: Point,
    /// Its seats.
    #[serde(default)]
    pub seats: Vec<FileSeat>,
}

/// A seat as the file writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct FileSeat {
    /// Its name in the file; unique.
    pub seat_guid: String,
    /// Its label within the row.
    #[serde(default)]
    pub seat_number: Label,
    /// The name of its category.
    pub category: String,
    /// Where it is, within the row.
    #[serde(default)]
    pub position: Point,
}

/// A label that editors write as text or as a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// As text.
    Text(String),
    /// As a number.
    Number(i64),
}

impl Default for Label {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Label {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// An area as the file writes it: a shape with a text.
#[derive(Clone, Debug, Deserialize)]
pub struct FileArea {
    /// What it looks like.
    #[serde(default)]
    pub shape: String,
    /// Its fill.
    #[serde(default)]
    pub color: Option<String>,
    /// Where it is, within the zone.
    #[serde(default)]
    pub position: Point,
    /// How far it is turned, in degrees.
    #[serde(default)]
    pub rotation: f64,
    /// What stands on it.
    #[serde(default)]
    pub text: Option<FileText>,
    /// The size of a rectangle.
    #[serde(default)]
    pub rectangle: Option<Size>,
    /// The radius of a circle.
    #[serde(default)]
    pub circle: Option<FileCircle>,
    /// The radii of an ellipse.
    #[serde(default)]
    pub ellipse: Option<FileEllipse>,
    /// The corners of a polygon.
    #[serde(default)]
    pub polygon: Option<FilePolygon>,
}

/// A text on an area.
#[derive(Clone, Debug, Deserialize)]
pub struct FileText {
    /// The text.
    #[serde(default)]
    pub text: String,
}

/// A circle's measure.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct FileCircle {
    /// Half its width.
    #[serde(default)]
    pub radius: f64,
}

/// An ellipse's measure.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct FileEllipse {
    /// Half its width and half its height.
    #[serde(default)]
    pub radius: Point,
}

/// A polygon's corners.
#[derive(Clone, Debug, Deserialize)]
pub struct FilePolygon {
    /// Relative to the area's position.
    #[serde(default)]
    pub points: Vec<Point>,
}

/// A price category of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCategory {
    /// Its identity, shared by every performance that uses the plan.
    pub id: CategoryId,
    /// Its name.
    pub name: String,
    /// Its colour, as the file writes it.
    pub color: String,
}

/// The outline of an area.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// A rectangle with its upper left corner at the area's position.
    Rectangle(Size),
    /// A circle of this radius around the area's position.
    Circle(f64),
    /// An ellipse of these radii around the area's position.
    Ellipse(Point),
    /// Corners relative to the area's position.
    Polygon(Vec<Point>),
    /// Only a text.
    Text,
}

/// A part of the plan without seats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// The index of its zone.
    pub zone: u16,
    /// What stands on it; may be empty.
    pub text: String,
    /// Its fill, as the file writes it.
    pub color: Option<String>,
    /// Where it is, absolute.
    pub position: Point,
    /// How far it is turned, in degrees.
    pub rotation: f64,
    /// Its outline.
    pub shape: Shape,
}

/// One seat of a plan; its seat number is its index in [`SeatingPlan::seats`].
#[derive(Clone, Debug, PartialEq)]
pub struct PlanSeat {
    /// Its name in the file.
    pub guid: Box<str>,
    /// The index of its zone.
    pub zone: u16,
    /// The label of its row.
    pub row: Box<str>,
    /// Its label within the row.
    pub number: Box<str>,
    /// The index of its category in [`SeatingPlan::categories`].
    pub category: u16,
    /// Where it is, absolute.
    pub position: Point,
}

/// A seating plan; it never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatingPlan {
    /// Its identity.
    pub id: SeatingPlanId,
    /// Its name.
    pub name: String,
    /// The size of the drawing.
    pub size: Size,
    /// Its categories.
    pub categories: Vec<PlanCategory>,
    /// The names of its zones.
    pub zones: Vec<String>,
    /// Its areas.
    pub areas: Vec<Area>,
    /// Its seats, by seat number.
    pub seats: Vec<PlanSeat>,
}

/// What is wrong with a plan file, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: {problem}")]
pub struct PlanError {
    /// The member, such as `zones[2].rows[0].seats[14].seat_guid`.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

impl PlanError {
    fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.into(), problem: problem.into() }
    }
}

impl SeatingPlan {
    /// Checks `file` and numbers its seats in file order; `new_category` names each category.
    ///
    /// # Errors
    /// [`PlanError`] names the first member that is wrong: a duplicate `seat_guid` or category name, an unknown
    /// category, a label that is too long, no seats at all, or more of something than the limits of this module allow.
    pub fn from_file(
        id: SeatingPlanId,
        file: PlanFile,
        new_category: impl FnMut() -> CategoryId,
    ) -> Result<Self, PlanError> {
        let name = label("name", &file.name)?;
        if name.is_empty() {
            return Err(PlanError::new("name", "is empty"));
        }
        let categories = categories(&file.categories, new_category)?;
        limit("zones", file.zones.len(), ZONES_LIMIT)?;
        let mut builder = Builder::new(&categories);
        for (index, zone) in file.zones.into_iter().enumerate() {
            builder.zone(index, zone)?;
        }
        if builder.seats.is_empty() {
            return Err(PlanError::new("zones", "the plan has no seats"));
        }
        let Builder { zones, areas, seats, .. } = builder;
        Ok(Self { id, name, size: file.size, categories, zones, areas, seats })
    }

    /// The seat of that number.
    #[must_use]
    pub fn seat(&self, no: SeatNo) -> Option<&PlanSeat> {
        self.seats.get(no as usize)
    }

    /// The category of a seat of this plan.
    #[must_use]
    pub fn category_of(&self, seat: &PlanSeat) -> &PlanCategory {
        &self.categories[usize::from(seat.category)]
    }
}

fn limit(place: &str, count: usize, most: usize) -> Result<(), PlanError> {
    if count > most {
        return Err(PlanError::new(place, format!("has {count}, at most {most} are allowed")));
    }
    Ok(())
}

fn label(place: &str, text: &str) -> Result<String, PlanError> {
    let text = text.trim();
    if text.chars().count() > LABEL_LIMIT {
        return Err(PlanError::new(place, format!("is longer than {LABEL_LIMIT} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(PlanError::new(place, "has a control character"));
    }
    Ok(text.to_owned())
}

/// A sum of offsets that no number can hold would be written as nothing.
fn finite(place: &str, position: Point) -> Result<Point, PlanError> {
    if position.x.is_finite() && position.y.is_finite() {
        return Ok(position);
    }
    Err(PlanError::new(format!("{place}.position"), "is too far away"))
}

fn categories(
    file: &[FileCategory],
    mut new_category: impl FnMut() -> CategoryId,
) -> Result<Vec<PlanCategory>, PlanError> {
    limit("categories", file.len(), CATEGORIES_LIMIT)?;
    let mut names = HashSet::new();
    let mut categories = Vec::with_capacity(file.len());
    for (index, category) in file.iter().enumerate() {
        let place = format!("categories[{index}].name");
        let name = label(&place, &category.name)?;
        if name.is_empty() {
            return Err(PlanError::new(place, "is empty"));
        }
        if !names.insert(name.clone()) {
            return Err(PlanError::new(place, format!("`{name}` stands twice")));
        }
        let color = label(&format!("categories[{index}].color"), &category.color)?;
        categories.push(PlanCategory { id: new_category(), name, color });
    }
    Ok(categories)
}

struct Builder {
    by_name: HashMap<String, u16>,
    guids: HashSet<Box<str>>,
    zones: Vec<String>,
    rows: usize,
    areas: Vec<Area>,
    seats: Vec<PlanSeat>,
}

impl Builder {
    fn new(categories: &[PlanCategory]) -> Self {
        let by_name = (0u16..).zip(categories).map(|(index, category)| (category.name.clone(), index)).collect();
        Self { by_name, guids: HashSet::new(), zones: Vec::new(), rows: 0, areas: Vec::new(), seats: Vec::new() }
    }

    fn zone(&mut self, index: usize, zone: FileZone) -> Result<(), PlanError> {
        let no = u16::try_from(index).expect("zones are limited");
        self.zones.push(label(&format!("zones[{index}].name"), &zone.name)?);
        for (row_index, row) in zone.rows.into_iter().enumerate() {
            self.row(no, &format!("zones[{index}].rows[{row_index}]"), zone.position, row)?;
        }
        for (area_index, area) in zone.areas.into_iter().enumerate() {
            let place = format!("zones[{index}].areas[{area_index}]");
            self.areas.push(read_area(no, &place, zone.position, area)?);
            limit("areas", self.areas.len(), AREAS_LIMIT)?;
        }
        Ok(())
    }

    fn row(&mut self, zone: u16, place: &str, origin: Point, row: FileRow) -> Result<(), PlanError> {
        if self.rows == ROWS_LIMIT {
            return Err(PlanError::new(place, format!("the plan has more than {ROWS_LIMIT} rows")));
        }
        self.rows += 1;
        let origin = origin + row.position;
        let row_label = label(&format!("{place}.row_number"), &row.row_number.into_text())?;
        for (index, seat) in row.seats.into_iter().enumerate() {
            self.seat(zone, &row_label, &format!("{place}.seats[{index}]"), origin, seat)?;
        }
        Ok(())
    }

    fn seat(&mut self, zone: u16, row: &str, place: &str, origin: Point, seat: FileSeat) -> Result<(), PlanError> {
        if self.seats.len() == SEATS_LIMIT {
            return Err(PlanError::new(place, format!("the plan has more than {SEATS_LIMIT} seats")));
        }
        let guid_place = format!("{place}.seat_guid");
        let guid: Box<str> = label(&guid_place, &seat.seat_guid)?.into();
        if guid.is_empty() {
            return Err(PlanError::new(guid_place, "is empty"));
        }
        if !self.guids.insert(guid.clone()) {
            return Err(PlanError::new(guid_place, format!("`{guid}` stands twice")));
        }
        let category = self.by_name.get(seat.category.trim()).copied().ok_or_else(|| {
            let shown: String = seat.category.chars().take(LABEL_LIMIT).collect();
            PlanError::new(format!("{place}.category"), format!("there is no category `{shown}`"))
        })?;
        let number = label(&format!("{place}.seat_number"), &seat.seat_number.into_text())?.into();
        let position = finite(place, origin + seat.position)?;
        self.seats.push(PlanSeat { guid, zone, row: row.into(), number, category, position });
        Ok(())
    }
}

fn read_area(zone: u16, place: &str, origin: Point, area: FileArea) -> Result<Area, PlanError> {
    let text = area.text.map(|text| text.text).unwrap_or_default();
    let color = area.color.map(|color| label(&format!("{place}.color"), &color)).transpose()?;
    let shape = match area.shape.as_str() {
        "rectangle" => Shape::Rectangle(area.rectangle.unwrap_or_default()),
        "circle" => Shape::Circle(area.circle.map_or(0.0, |circle| circle.radius)),
        "ellipse" => Shape::Ellipse(area.ellipse.map_or_else(Point::default, |ellipse| ellipse.radius)),
        "polygon" => Shape::Polygon(area.polygon.map(|polygon| polygon.points).unwrap_or_default()),
        _ => Shape::Text,
    };
    Ok(Area {
        zone,
        text: label(&format!("{place}.text.text"), &text)?,
        color,
        position: finite(place, origin + area.position)?,
        rotation: area.rotation,
        shape,
    })
}

#[cfg(test)]
mod tests;
