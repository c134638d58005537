//! A seating plan file as the body of a request: described here, read only once there is room for it.

use poem::{Body, FromRequest, Request, RequestBody};
use poem_openapi::error::ContentTypeError;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaMediaType, MetaRequest, Registry};
use poem_openapi::types::{Any, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object};
use serde_json::Value;

use crate::input::{JsonBody, Text};
use crate::problem::{Problem, problem_of};

/// A point, in the plan's own units.
#[derive(Object)]
struct PlanFilePoint {
    /// From the left; 0 when absent.
    x: Option<f64>,
    /// From the top; 0 when absent.
    y: Option<f64>,
}

/// A width and a height, in the plan's own units.
#[derive(Object)]
struct PlanFileSize {
    /// From left to right; 0 when absent.
    width: Option<f64>,
    /// From top to bottom; 0 when absent.
    height: Option<f64>,
}

/// A price category.
#[derive(Object)]
struct PlanFileCategory {
    /// Its name; seats refer to it.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Text,
    /// Its colour.
    #[oai(validator(max_length = 200))]
    color: Option<Text>,
}

/// A seat.
#[derive(Object)]
struct PlanFileSeat {
    /// Its name, unique in the plan.
    #[oai(validator(min_length = 1, max_length = 200))]
    seat_guid: Text,
    /// Its label within the row: text, or a whole number.
    seat_number: Option<Any<Value>>,
    /// The name of its category.
    #[oai(validator(min_length = 1, max_length = 200))]
    category: Text,
    /// Where it is, within the row.
    position: Option<PlanFilePoint>,
}

/// A row of seats.
#[derive(Object)]
struct PlanFileRow {
    /// Its label: text, or a whole number.
    row_number: Option<Any<Value>>,
    /// Where its seats start, within the zone.
    position: Option<PlanFilePoint>,
    /// Its seats.
    seats: Option<Vec<PlanFileSeat>>,
}

/// A zone.
#[derive(Object)]
struct PlanFileZone {
    /// Its name.
    #[oai(validator(max_length = 200))]
    name: Option<Text>,
    /// Where its rows and areas start.
    position: Option<PlanFilePoint>,
    /// Its rows.
    rows: Option<Vec<PlanFileRow>>,
    /// Its areas: shapes with a `text`, a `color`, a `position`, a `rotation`, and a `rectangle`, `circle`, `ellipse` or
    /// `polygon` as their `shape` says.
    areas: Option<Vec<Any<Value>>>,
}

/// A seating plan file, in the seating-plan JSON format of pretix. Members that are not described are tolerated.
#[derive(Object)]
#[oai(rename = "SeatingPlanFile")]
struct PlanFileObject {
    /// What the plan is called.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Text,
    /// Its price categories.
    #[oai(validator(max_items = 200))]
    categories: Vec<PlanFileCategory>,
    /// Its zones.
    #[oai(validator(max_items = 2000))]
    zones: Vec<PlanFileZone>,
    /// The size of the drawing.
    size: Option<PlanFileSize>,
}

/// The body of a request with a plan file, not read yet.
pub(crate) struct PlanBody(Body);

impl PlanBody {
    /// The file.
    ///
    /// # Errors
    /// `body_too_large`, or `invalid_request` when the body ends early.
    pub(super) async fn read(self) -> Result<bytes::Bytes, Problem> {
        self.0.into_bytes().await.map_err(|error| problem_of(&error.into(), &[]))
    }
}

impl<'a> ApiExtractor<'a> for PlanBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        PlanFileObject::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let content_type = JsonBody::<PlanFileObject>::CONTENT_TYPE;
        let content = vec![MetaMediaType { content_type, schema: PlanFileObject::schema_ref() }];
        Some(MetaRequest { description: Some("The plan file."), content, required: true })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
        match request.content_type() {
            Some(content_type) if JsonBody::<PlanFileObject>::check_content_type(content_type) => {
                Ok(Self(<Body as FromRequest>::from_request(request, body).await?))
            }
            Some(content_type) => Err(ContentTypeError::NotSupported { content_type: content_type.to_owned() }.into()),
            None => Err(ContentTypeError::ExpectContentType.into()),
        }
    }
}
