//! The whole API: every resource, in one service with one description.

use std::collections::HashMap;
use std::sync::Arc;

use onsale_support::supervise::Supervisor;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Response};
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService, ServerObject};

use crate::api_keys::ApiKeys;
use crate::app::{application, documented};
use crate::middleware::Application;
use crate::password_limit::PasswordLimit;
use crate::resources::accounts::AccountsApi;
use crate::resources::availability::AvailabilityApi;
use crate::resources::catalogue::fresh::FreshAnswers;
use crate::resources::catalogue::{CatalogueApi, Front};
use crate::resources::coupons::CouponsApi;
use crate::resources::health::HealthApi;
use crate::resources::operator::OperatorApi;
use crate::resources::passes::PassesApi;
use crate::resources::payments::PaymentsApi;
use crate::resources::points::PointsApi;
use crate::resources::reservations::ReservationsApi;
use crate::resources::sessions::SessionsApi;
use crate::resources::tenants::TenantsApi;
use crate::resources::waiting_page::{WaitingPages, with_page};
use crate::resources::waiting_rooms::{AdmissionsApi, PlaceStreams, PlacesApi, WaitingRoomsApi};
use crate::server::Draining;
use crate::settings::HttpSettings;
use crate::state::UseCases;
use crate::stream_limit::StreamLimit;

const TITLE: &str = "Onsale";
const DESCRIPTION: &str = "\
Books concerts: find a performance, wait in line where there is one, look at its seats, hold some, pay with points.

Ids are UUIDs. Times are RFC 3339 in UTC. Amounts are whole numbers of the currency's smallest unit. Members that are absent \
are left out, never `null`; clients ignore members and enum values that they do not know. Errors are problem documents \
(RFC 9457): decide on their `code`, and name their `instance` when asking for help. After 429 and 503, wait for \
`retry_after_ms`.";

/// Every resource, in the order of the description.
type Resources = (
    CatalogueApi,
    AvailabilityApi,
    AccountsApi,
    SessionsApi,
    ReservationsApi,
    PaymentsApi,
    PointsApi,
    CouponsApi,
    WaitingRoomsApi,
    PlacesApi,
    AdmissionsApi,
    PassesApi,
    OperatorApi,
    TenantsApi,
    HealthApi,
);

/// The API with everything around it, for [`serve`](crate::serve). What it does beside requests are tasks of
/// `supervisor`; its event streams end with `draining`.
///
/// A metrics recorder must be installed before the first request. Needs a tokio runtime with time enabled.
#[must_use]
pub fn api(
    use_cases: &Arc<UseCases>,
    settings: &HttpSettings,
    supervisor: &Arc<Supervisor>,
    draining: Draining,
) -> Application<impl Endpoint<Output = Response> + 'static> {
    let answers = Arc::new(FreshAnswers::asking(!settings.keep_answers));
    let keys = Arc::new(ApiKeys::default());
    let limit = StreamLimit::new(&settings.limits);
    let streams = PlaceStreams::new(use_cases, limit.clone(), Arc::clone(supervisor), draining.clone());
    let shared = Shared { use_cases, answers: &answers, keys: &keys, supervisor, draining, limit, streams: &streams };
    let resources = resources(&shared, settings);
    let (documented, routes) = documented(described(Whole::Serving(resources)));
    let whole = documented.data(Arc::clone(use_cases)).data(keys);
    let whole = WaitingPages::new(whole, Arc::clone(use_cases), &settings.limits, streams);
    application(Front::new(whole, answers, use_cases.context.clone()), with_page(routes), settings)
}

/// The OpenAPI document, as `/openapi.json` answers it: the same bytes each time.
#[must_use]
pub fn specification() -> String {
    let mut document = described(Whole::<Resources>::Describing).spec();
    document.push('\n');
    document
}

/// What the resources share.
struct Shared<'a> {
    use_cases: &'a Arc<UseCases>,
    answers: &'a Arc<FreshAnswers>,
    keys: &'a Arc<ApiKeys>,
    supervisor: &'a Arc<Supervisor>,
    draining: Draining,
    limit: StreamLimit,
    streams: &'a PlaceStreams,
}

fn resources(shared: &Shared<'_>, settings: &HttpSettings) -> Resources {
    let Shared { use_cases, answers, keys, supervisor, draining, limit, streams } = shared;
    let passwords = Arc::new(PasswordLimit::new(&settings.limits));
    let (each, answers) = (|| Arc::clone(use_cases), || Arc::clone(answers));
    (
        CatalogueApi::new(each(), answers(), supervisor),
        AvailabilityApi::new(each(), limit.clone(), Arc::clone(supervisor), draining.clone()),
        AccountsApi::new(each(), Arc::clone(&passwords)),
        SessionsApi::new(each(), passwords),
        ReservationsApi::new(each()),
        PaymentsApi::new(each()),
        PointsApi::new(each()),
        CouponsApi::new(each()),
        WaitingRoomsApi::new(each(), answers()),
        PlacesApi::new(each(), &settings.limits, PlaceStreams::clone(streams)),
        AdmissionsApi::new(each()),
        PassesApi::new(each()),
        OperatorApi::new(each(), answers()),
        TenantsApi::new(each(), Arc::clone(keys)),
        HealthApi::new(Arc::clone(&use_cases.readiness)),
    )
}

fn described<Api: OpenApi>(api: Api) -> OpenApiService<Api, ()> {
    OpenApiService::new(api, TITLE, env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .license(LicenseObject::new("Apache-2.0").url("https://www.apache.org/licenses/LICENSE-2.0"))
        .server(ServerObject::new("/").description("This server"))
}

/// An API as one: poem-openapi would list a path once for each resource that has an operation on it, and a reader of
/// the description would see only the last.
enum Whole<Api> {
    /// The API itself.
    Serving(Api),
    /// Its description without it.
    Describing,
}

impl<Api: OpenApi> OpenApi for Whole<Api> {
    fn meta() -> Vec<MetaApi> {
        let mut paths: Vec<MetaPath> = Vec::new();
        for path in Api::meta().into_iter().flat_map(|api| api.paths) {
            match paths.iter_mut().find(|known| known.path == path.path) {
                Some(known) => known.operations.extend(path.operations),
                None => paths.push(path),
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(registry: &mut Registry) {
        Api::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        if let Self::Serving(api) = self {
            api.add_routes(routes);
        }
    }
}

#[cfg(test)]
mod tests;
