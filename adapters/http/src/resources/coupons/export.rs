//! A campaign's coupons as a file, written as it is read.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream;
use onsale_application::ports::{IssuedCoupon, Page, Unavailable};
use onsale_domain::coupon::{CampaignRecord, CouponCampaign};
use onsale_domain::ids::CouponId;
use poem::http::{HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use tracing::warn;

use super::csv::write_row;
use super::objects::spent_at;
use crate::state::UseCases;

/// How many coupons are read at once: some hundred kilobytes.
const COUPONS_AT_ONCE: u32 = 1_000;
const CONTENT_TYPE: &str = "text/csv";
const HEADINGS: [&str; 9] =
    ["coupon_id", "campaign", "account_id", "email", "name", "status", "issued_at", "spent_at", "payment_id"];

/// The file, whose beginning is there.
#[derive(Debug)]
pub(super) struct CouponExport {
    body: Body,
    file_name: String,
}

/// How far an export has come.
enum Place {
    /// These coupons are read and not written.
    Read(Page<IssuedCoupon, CouponId>),
    /// Those after this one are not read.
    After(CouponId),
    /// Everything is written.
    End,
}

impl CouponExport {
    /// Reads the first coupons, so that a store that is away is told before anything is sent.
    pub(super) async fn begin(state: Arc<UseCases>, record: Arc<CampaignRecord>) -> Result<Self, Unavailable> {
        let id = record.campaign.id;
        let first = state.campaigns.issued(id, None, COUPONS_AT_ONCE).await?;
        let mut headings = String::new();
        write_row(&mut headings, HEADINGS);
        let parts = stream::try_unfold(Place::Read(first), move |place| {
            let (state, record) = (Arc::clone(&state), Arc::clone(&record));
            async move { next_part(&state, &record.campaign, place).await }
        });
        let headings = stream::once(async { Ok::<_, io::Error>(Bytes::from(headings)) });
        let body = Body::from_bytes_stream(futures_util::StreamExt::chain(headings, parts));
        Ok(Self { body, file_name: format!("coupons-{id}.csv") })
    }
}

async fn next_part(
    state: &UseCases,
    campaign: &CouponCampaign,
    place: Place,
) -> Result<Option<(Bytes, Place)>, io::Error> {
    let page = match place {
        Place::Read(page) => page,
        Place::After(id) => state
            .campaigns
            .issued(campaign.id, Some(id), COUPONS_AT_ONCE)
            .await
            .inspect_err(|error| warn!(campaign_id = %campaign.id, %error, "an export was cut off"))
            .map_err(io::Error::other)?,
        Place::End => return Ok(None),
    };
    let text = rows(campaign, &page.items, state.context.now());
    Ok(Some((text.into(), page.next.map_or(Place::End, Place::After))))
}

fn rows(campaign: &CouponCampaign, coupons: &[IssuedCoupon], now: DateTime<Utc>) -> String {
    let moment = |moment: DateTime<Utc>| moment.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut text = String::new();
    for IssuedCoupon { coupon, email, name } in coupons {
        let cells = [
            &coupon.id.to_string(),
            &campaign.name,
            &coupon.customer.to_string(),
            email,
            name,
            coupon.status(campaign.expires_at, now).as_str(),
            &moment(coupon.issued_at),
            &spent_at(coupon).map(moment).unwrap_or_default(),
            &coupon.payment().map(|payment| payment.to_string()).unwrap_or_default(),
        ];
        write_row(&mut text, cells);
    }
    text
}

impl IntoResponse for CouponExport {
    fn into_response(self) -> Response {
        let disposition = format!("attachment; filename=\"{}\"", self.file_name);
        let disposition = HeaderValue::from_str(&disposition).expect("an id is visible ASCII");
        let mut response = Response::builder().body(self.body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
        headers.insert(header::CONTENT_DISPOSITION, disposition);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl ApiResponse for CouponExport {
    fn meta() -> MetaResponses {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new("string")));
        let response = MetaResponse {
            description: "A row for each coupon, after one of headings.",
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType { content_type: CONTENT_TYPE, schema }],
            headers: Vec::new(),
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(_registry: &mut Registry) {}
}
