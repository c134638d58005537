//! The waiting page: what a browser gets in front of a site, and the few calls that the page makes.
//!
//! They are for this page alone, so they are no part of the API description. A cookie that scripts cannot read has the
//! visitor's queue token.

mod cookie;
mod follower;
mod language;
mod origin;
mod pages;
mod status;
mod target;
mod template;

use std::sync::Arc;

use onsale_application::ports::QueueClaims;
use onsale_application::waiting_room::LiveRoom;
use onsale_domain::ids::WaitingRoomId;
use onsale_domain::waiting_room::WaitingRoom;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response};
use poem_openapi::types::ToJSON;
use serde::Deserialize;

use self::follower::PageFollower;
use self::pages::Pages;
use self::status::PageStatus;
use self::target::{Call, Target};
use super::waiting_rooms::problems::PlaceProblem;
use super::waiting_rooms::stream::PlaceStreams;
use crate::context::RequestContext;
use crate::entry_limit::EntryLimit;
use crate::problem::{Code, Problem};
use crate::refusals::busy;
use crate::routes::{Routes, pattern_of};
use crate::settings::HttpLimits;
use crate::sse::EventStream;
use crate::state::UseCases;

/// Nobody else is to know of a place.
const NOBODY_KEEPS: HeaderValue = HeaderValue::from_static("no-store");

/// Everything that browsers get in front of a waiting room, and behind it the rest of the API.
pub(crate) struct WaitingPages<E> {
    rest: E,
    use_cases: Arc<UseCases>,
    pages: Pages,
    limit: EntryLimit,
    streams: PlaceStreams,
    patterns: [PathPattern; Call::ALL.len()],
}

/// What of the query of a page's address matters.
#[derive(Deserialize)]
struct PageQuery {
    token: Option<String>,
}

/// The version in the address of an asset.
#[derive(Deserialize)]
struct AssetQuery {
    v: Option<String>,
}

/// Adds the paths of the waiting page.
pub(crate) fn with_page(routes: Routes) -> Routes {
    Call::ALL.iter().fold(routes, |routes, call| routes.and(call.path(), &[call.method()]))
}

impl<E: Endpoint<Output = Response>> WaitingPages<E> {
    /// In front of `rest`.
    pub(crate) fn new(rest: E, use_cases: Arc<UseCases>, limits: &HttpLimits, streams: PlaceStreams) -> Self {
        let patterns = Call::ALL.map(|call| PathPattern(pattern_of(call.path()).into()));
        Self { rest, use_cases, pages: Pages::new(), limit: EntryLimit::new(limits), streams, patterns }
    }

    async fn answer(&self, target: &Target, request: &Request) -> Result<Response, Problem> {
        if request.method() != target.call.method() {
            return Err(Problem::new(Code::MethodNotAllowed));
        }
        match target.call {
            Call::Page => Ok(self.page(target, request).await),
            Call::Status => self.status(target, request).await,
            Call::Events => self.events(target, request).await,
            Call::Leave => self.leave(target, request).await,
            Call::Asset(asset) => {
                let version = request.params::<AssetQuery>().ok().and_then(|query| query.v);
                Ok(self.pages.asset(asset, version.as_deref()))
            }
        }
    }

    /// The page; with a token in its address first the cookie. What goes wrong is told as a page too.
    async fn page(&self, target: &Target, request: &Request) -> Response {
        let shown = match request.params::<PageQuery>() {
            Ok(PageQuery { token: None }) => self.shown(target, request).await,
            Ok(PageQuery { token: Some(token) }) => self.kept(target, request, &token),
            Err(_) => Err(Problem::new(Code::QueueTokenInvalid)),
        };
        shown.unwrap_or_else(|problem| {
            if let Some(cause) = problem.cause() {
                let request_id = request.data::<RequestContext>().map(|context| context.id.to_string());
                tracing::error!(code = problem.code().as_str(), cause, request_id, "a waiting page could not be shown");
            }
            self.pages.refused(&problem, request.headers())
        })
    }

    async fn shown(&self, target: &Target, request: &Request) -> Result<Response, Problem> {
        let room = self.room(target.room()?).await?;
        Ok(self.pages.page(WaitingRoom::clone(&room.terms()), request.headers()))
    }

    /// Keeps a token as a cookie, and goes on to the page without it in the address.
    fn kept(&self, target: &Target, request: &Request, token: &str) -> Result<Response, Problem> {
        let room = target.room()?;
        let claims = self.opened(room, token).ok_or_else(|| Problem::new(Code::QueueTokenInvalid))?;
        let address = format!("/waiting-rooms/{room}");
        let mut response = Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, address).finish();
        response.headers_mut().insert(header::CACHE_CONTROL, NOBODY_KEEPS);
        self.keep(&mut response, &claims, token, request)?;
        Ok(response)
    }

    async fn status(&self, target: &Target, request: &Request) -> Result<Response, Problem> {
        let claims = self.place(target, request)?;
        self.limit.poll(claims.room, &claims.visitor)?;
        let mut report = self.use_cases.place.execute(&claims).await.map_err(PlaceProblem::from)?;
        let room = self.room(claims.room).await?;
        let exchanged = report.queue_token.take();
        let status = PageStatus::new(report, room.terms().message.clone());
        let mut response =
            Response::builder().content_type("application/json; charset=utf-8").body(status.to_json_string());
        response.headers_mut().insert(header::CACHE_CONTROL, NOBODY_KEEPS);
        if let Some(token) = exchanged {
            let claims =
                self.opened(claims.room, &token).ok_or_else(|| Problem::internal("a new token is not good"))?;
            self.keep(&mut response, &claims, &token, request)?;
        }
        Ok(response)
    }

    async fn events(&self, target: &Target, request: &Request) -> Result<Response, Problem> {
        let claims = self.place(target, request)?;
        let room = self.room(claims.room).await?;
        let context = request.data::<RequestContext>().ok_or_else(outside)?;
        let PlaceStreams { hubs, limit, draining, .. } = &self.streams;
        let permit = limit.permit(context.client).filter(|_| !draining.has_begun()).ok_or_else(busy)?;
        let (place, context) = (Arc::clone(&self.use_cases.place), self.use_cases.context.clone());
        let follower = PageFollower::new(hubs.follow(&room, claims), place, context, permit);
        Ok(EventStream::<()>::new(draining.end(follower.into_events())).into_response())
    }

    async fn leave(&self, target: &Target, request: &Request) -> Result<Response, Problem> {
        if !origin::is_same(request) {
            return Err(Problem::new(Code::Forbidden).detail("only the waiting page itself may do that"));
        }
        let claims = self.place(target, request)?;
        self.use_cases.leave.execute(&claims).await.map_err(PlaceProblem::from)?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// The place that the browser's cookie stands for.
    fn place(&self, target: &Target, request: &Request) -> Result<QueueClaims, Problem> {
        let room = target.room()?;
        let claims = cookie::sent(request.headers()).find_map(|token| self.opened(room, token));
        claims.ok_or_else(|| Problem::new(Code::QueueTokenInvalid))
    }

    /// What a queue token of this room states.
    fn opened(&self, room: WaitingRoomId, token: &str) -> Option<QueueClaims> {
        let claims = self.use_cases.queue_seals.open_queue_token(token, self.use_cases.context.now());
        claims.ok().filter(|claims| claims.room == room)
    }

    async fn room(&self, id: WaitingRoomId) -> Result<Arc<LiveRoom>, Problem> {
        self.use_cases.board.room(id).await?.ok_or_else(|| Problem::new(Code::NotFound))
    }

    fn keep(
        &self,
        response: &mut Response,
        claims: &QueueClaims,
        token: &str,
        request: &Request,
    ) -> Result<(), Problem> {
        let is_https = request.data::<RequestContext>().ok_or_else(outside)?.is_https;
        let cookie = cookie::kept(token, claims, self.use_cases.context.now(), is_https).map_err(Problem::internal)?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        Ok(())
    }
}

fn outside() -> Problem {
    Problem::internal("the endpoint runs outside of an application")
}

impl<E: Endpoint<Output = Response>> Endpoint for WaitingPages<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some(target) = Target::of(request.uri().path()) else { return self.rest.call(request).await };
        let pattern = self.patterns[target.call.index()].clone();
        // boxed, so that the requests of everybody else do not carry the room for it
        match Box::pin(self.answer(&target, &request)).await {
            Ok(mut response) => {
                response.set_data(pattern);
                Ok(response)
            }
            Err(problem) => {
                let mut error = poem::Error::from(problem);
                error.set_data(pattern);
                Err(error)
            }
        }
    }
}
