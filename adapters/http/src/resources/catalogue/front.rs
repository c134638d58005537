//! Answers what was rendered a moment ago before anything is routed or parsed: the same target gets the same answer.

use std::sync::Arc;

use onsale_application::ports::Context;
use poem::http::Method;
use poem::{Endpoint, FromRequest, IntoResponse, PathPattern, Request, RequestBody, Response};

use super::cacheable;
use super::fresh::FreshAnswers;
use super::objects::ConcertPage;
use crate::problem::Problem;

/// The longest target whose answer is kept, in bytes: what clients of this API ask for is far shorter.
const TARGET_LIMIT: usize = 512;

/// An API in front of which the fresh answers stand.
pub(crate) struct Front<E> {
    api: E,
    answers: Arc<FreshAnswers>,
    context: Context,
}

impl<E> Front<E> {
    pub(crate) fn new(api: E, answers: Arc<FreshAnswers>, context: Context) -> Self {
        Self { api, answers, context }
    }

    fn answer(&self, request: &Request) -> Option<Response> {
        if request.method() != Method::GET {
            return None;
        }
        let now = self.context.now();
        let answer = self.answers.get(target(request), now)?;
        let route = answer.route.clone();
        let mut response = cacheable::<ConcertPage>(answer, now).into_response();
        response.set_data(route);
        Some(response)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Front<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        match self.answer(&request) {
            Some(response) => Ok(response),
            None => self.api.call(request).await,
        }
    }
}

/// The path and the query as they were sent.
fn target(request: &Request) -> &str {
    request.uri().path_and_query().map_or("/", |target| target.as_str())
}

/// What a handler needs to know so that its answer can be given in front of it.
pub(crate) struct Target {
    pub(super) uri: Box<str>,
    pub(super) route: PathPattern,
}

impl Target {
    /// Whether an answer is kept under it.
    pub(super) fn is_kept(&self) -> bool {
        self.uri.len() <= TARGET_LIMIT
    }
}

impl<'a> FromRequest<'a> for Target {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> poem::Result<Self> {
        let missing = || Problem::internal("the endpoint runs outside of a router");
        let route = request.data::<PathPattern>().cloned().ok_or_else(missing)?;
        Ok(Self { uri: target(request).into(), route })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use chrono::{DateTime, TimeDelta, Utc};
    use onsale_application::ports::{Clock, Ids};
    use poem::endpoint::make_sync;
    use poem::{EndpointExt, Route, get};
    use uuid::Uuid;

    use super::*;
    use crate::rendered::RenderedBody;
    use crate::resources::catalogue::fresh::{Answer, Source};

    const READ_AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    /// A clock that stands still.
    struct Still(DateTime<Utc>);

    impl Clock for Still {
        fn now(&self) -> DateTime<Utc> {
            self.0
        }
    }

    impl Ids for Still {
        fn new_id(&self) -> Uuid {
            Uuid::nil()
        }
    }

    /// An API that counts its calls, behind a front that knows `/v1/concerts?limit=5`.
    fn front(now: DateTime<Utc>) -> (impl Endpoint<Output = Response>, Arc<AtomicU32>) {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let list = Arc::new(make_sync(move |_| counted.fetch_add(1, Ordering::Relaxed).to_string()));
        let answers = Arc::new(FreshAnswers::default());
        let (body, route) = (RenderedBody::new("kept"), PathPattern("/v1/concerts".into()));
        let source = Source { generation: 1, guard_changes: 0, read_at: READ_AT };
        let answer = Answer { body, read_at: READ_AT, route };
        answers.insert("/v1/concerts?limit=5", &answer, source, answers.begin(), now);
        let api = Route::new().at("/v1/concerts", get(Arc::clone(&list)).post(list)).map_to_response();
        let clock = Arc::new(Still(now));
        (Front::new(api, answers, Context::new(clock.clone(), clock)), calls)
    }

    async fn ask(front: &impl Endpoint<Output = Response>, method: Method, target: &'static str) -> Response {
        let request = Request::builder().method(method).uri_str(target).finish();
        front.call(request).await.expect("an answer")
    }

    #[tokio::test]
    async fn the_same_target_gets_the_kept_answer_and_its_route() {
        let (front, calls) = front(READ_AT);
        let response = ask(&front, Method::GET, "/v1/concerts?limit=5").await;
        assert_eq!(response.data::<PathPattern>().map(|route| &*route.0), Some("/v1/concerts"));
        assert_eq!(response.header("cache-control"), Some("public, max-age=1"));
        assert_eq!(response.header("age"), None);
        assert_eq!(response.into_body().into_string().await.ok().as_deref(), Some("kept"));
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn any_other_call_goes_on_to_the_api() {
        let (front, calls) = front(READ_AT);
        ask(&front, Method::GET, "/v1/concerts").await;
        ask(&front, Method::GET, "/v1/concerts?limit=6").await;
        ask(&front, Method::POST, "/v1/concerts?limit=5").await;
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn an_answer_that_was_read_long_ago_says_so() {
        let age = |seconds| async move {
            let (front, _) = front(READ_AT + TimeDelta::seconds(seconds));
            ask(&front, Method::GET, "/v1/concerts?limit=5").await.header("age").map(str::to_owned)
        };
        assert_eq!(age(120).await, None);
        assert_eq!(age(300).await.as_deref(), Some("300"));
    }
}
