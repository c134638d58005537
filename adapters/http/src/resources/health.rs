//! Whether the service is well, for load balancers.

use std::sync::Arc;

use onsale_application::readiness::Readiness;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};

use super::Tag;
use crate::problem::{Code, Problem};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
enum HealthStatus {
    /// The process runs.
    Live,
    /// Requests should be sent here.
    Ready,
}

/// How the service is.
#[derive(Clone, Debug, Object)]
struct Health {
    /// How it is.
    status: HealthStatus,
}

#[derive(ApiResponse)]
enum Healthy {
    /// It is well.
    #[oai(status = 200)]
    Yes(
        Json<Health>,
        /// Nobody keeps it: it is true for a moment.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

crate::problems! {
    /// Why it cannot be said how the service is, or requests should be sent elsewhere (`unavailable`).
    enum HealthProblem includes [] {}
}

/// The calls about health.
pub(crate) struct HealthApi {
    readiness: Arc<Readiness>,
}

impl HealthApi {
    pub(crate) fn new(readiness: Arc<Readiness>) -> Self {
        Self { readiness }
    }
}

fn healthy(status: HealthStatus) -> Healthy {
    Healthy::Yes(Json(Health { status }), "no-store".to_owned())
}

#[OpenApi(tag = "Tag::Health")]
#[expect(clippy::unused_async, reason = "operations are always async")]
impl HealthApi {
    /// Ask whether the process runs
    ///
    /// Says nothing about what it depends on: a process is not restarted because a database is down.
    #[oai(path = "/health/live", method = "get", operation_id = "get_liveness")]
    async fn get_liveness(&self) -> Result<Healthy, HealthProblem> {
        Ok(healthy(HealthStatus::Live))
    }

    /// Ask whether requests should be sent here
    ///
    /// 503 `unavailable` when something this process needs does not answer, or when it is about to stop.
    #[oai(path = "/health/ready", method = "get", operation_id = "get_readiness")]
    async fn get_readiness(&self) -> Result<Healthy, HealthProblem> {
        if self.readiness.is_ready() {
            Ok(healthy(HealthStatus::Ready))
        } else {
            Err(Problem::new(Code::Unavailable).into())
        }
    }
}
