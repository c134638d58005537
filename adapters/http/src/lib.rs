//! The REST API, its OpenAPI document and the server.
//!
//! [`serve`] runs a listener, [`application`] is what every request goes through, [`problem`] is the shape of every
//! error. The public and the admin listener use the same parts.

#[macro_use]
mod refusals;

mod admin;
mod api;
mod api_keys;
mod app;
mod auth;
mod callers;
mod context;
#[cfg(test)]
mod doubles;
mod entry_limit;
mod headers;
mod idempotency;
mod input;
mod keyed_limit;
mod middleware;
mod paging;
mod password_limit;
pub mod plan_file;
pub mod problem;
mod rendered;
mod resources;
mod routes;
mod server;
mod settings;
mod sign_in_limit;
mod sse;
mod state;
mod stream_limit;

pub use self::admin::{RenderMetrics, admin};
pub use self::api::{api, specification};
pub use self::app::{Documented, application, documented};
pub use self::context::{RequestContext, RequestId};
pub use self::input::JsonBody;
pub use self::middleware::Application;
pub use self::rendered::{Rendered, RenderedBody};
pub use self::routes::Routes;
pub use self::server::{Draining, bind, serve};
pub use self::settings::{HttpLimits, HttpSettings};
pub use self::state::UseCases;
