//! Requests whose client goes away before the answer.

use std::time::Instant;

use poem::http::{StatusCode, Uri};

use super::{Asked, log};
use crate::routes::Routes;

/// What is logged and counted for them, and sent to nobody: the number that nginx gives them.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Notices when a request is dropped wherever it stands, as happens when its client goes away.
pub(super) struct Departure<'a> {
    routes: &'a Routes,
    asked: &'a Asked,
    uri: Uri,
    started: Instant,
    answered: bool,
}

impl<'a> Departure<'a> {
    pub(super) fn watch(routes: &'a Routes, asked: &'a Asked, uri: Uri, started: Instant) -> Self {
        Self { routes, asked, uri, started, answered: false }
    }

    /// The client has waited for the answer.
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST).expect("a number of three digits");
        let route = self.routes.matching(self.uri.path());
        let took = self.started.elapsed();
        route.metrics.count(&self.asked.method, status, took);
        log(self.asked, route, status, Some(&self.asked.context.id.to_string()), took, None);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use futures_util::poll;
    use parking_lot::Mutex;
    use poem::endpoint::make;
    use poem::http::Method;
    use poem::{Endpoint, Request};

    use super::*;
    use crate::middleware::Application;
    use crate::settings::HttpSettings;

    /// Log lines in memory.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_client_that_goes_away_leaves_a_line_and_one_that_waits_another() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let endpoint = make(|request: Request| async move {
            if request.uri().path().ends_with("/slow") {
                std::future::pending::<()>().await;
            }
            "an answer"
        });
        let routes = Routes::none().and("/v1/things/{thing_id}", &[Method::GET]);
        let application = Application::new(endpoint, routes, &HttpSettings::default());
        let ask = |path: &'static str| application.call(Request::builder().uri_str(path).finish());
        ask("/v1/things/quick").await.expect("an answer");
        let mut leaving = Box::pin(ask("/v1/things/slow?token=secret"));
        assert!(poll!(&mut leaving).is_pending());
        drop(leaving);
        let text = String::from_utf8(lines.0.lock().clone()).expect("text");
        let logged: Vec<_> = text.lines().collect();
        assert_eq!(logged.len(), 2, "{text}");
        assert!(logged[0].contains("status=200"), "{text}");
        assert!(logged[1].contains("status=499") && logged[1].contains("/v1/things/{thing_id}"), "{text}");
        assert!(!text.contains("secret"));
    }
}
