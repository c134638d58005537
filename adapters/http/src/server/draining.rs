//! How event streams learn that the server is stopping.

use futures_util::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

/// Tells what would otherwise run for hours that the server is stopping.
#[derive(Clone, Debug)]
pub struct Draining(CancellationToken);

impl Draining {
    /// Made of the token that [`serve`](crate::serve) stops by.
    #[must_use]
    pub fn new(shutdown: CancellationToken) -> Self {
        Self(shutdown)
    }

    /// Whether the server is stopping.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the server is stopping.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// The stream, ending when the server is stopping.
    pub fn end<S: Stream>(&self, stream: S) -> impl Stream<Item = S::Item> + use<S> {
        stream.take_until(self.0.clone().cancelled_owned())
    }
}
