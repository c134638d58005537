//! Seating plans, rendered once and kept while they are asked for.

use std::collections::HashMap;
use std::sync::Arc;

use onsale_application::catalogue::Browse;
use onsale_domain::ids::SeatingPlanId;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::plan_object;
use crate::problem::{Code, Problem};
use crate::rendered::RenderedBody;

/// The most bytes of all kept plans together: three of the largest, or fifteen of 50,000 seats. The last one that was
/// asked for is always kept.
const BYTES_LIMIT: usize = 64 * 1024 * 1024;

/// Keeps rendered plans; the least recently asked for goes first.
pub(crate) struct RenderedPlans {
    kept: Mutex<Kept>,
}

struct Kept {
    by_id: HashMap<SeatingPlanId, Slot>,
    bytes_limit: usize,
    /// Counts requests, as a clock of uses.
    requests: u64,
}

/// A plan that is rendered, or being rendered by the first who asked.
struct Slot {
    body: Arc<OnceCell<RenderedBody>>,
    used: u64,
}

impl RenderedPlans {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::new(Kept::new(BYTES_LIMIT)) }
    }

    /// A plan as JSON.
    ///
    /// # Errors
    /// `not_found`, or a failure of the catalogue.
    pub(crate) async fn get(&self, id: SeatingPlanId, browse: &Browse) -> Result<RenderedBody, Problem> {
        let slot = self.kept.lock().slot(id);
        if let Some(body) = slot.get() {
            return Ok(body.clone());
        }
        let rendered = slot.get_or_try_init(|| render(id, browse)).await.cloned();
        drop(slot);
        self.kept.lock().tidy();
        rendered
    }
}

impl Kept {
    fn new(bytes_limit: usize) -> Self {
        Self { by_id: HashMap::new(), bytes_limit, requests: 0 }
    }

    fn slot(&mut self, id: SeatingPlanId) -> Arc<OnceCell<RenderedBody>> {
        self.requests += 1;
        let slot = self.by_id.entry(id).or_insert_with(|| Slot { body: Arc::default(), used: 0 });
        slot.used = self.requests;
        Arc::clone(&slot.body)
    }

    /// Forgets what was not rendered and nobody is at, as after a request that was given up, and the least recently
    /// used beyond the limit.
    fn tidy(&mut self) {
        self.by_id.retain(|_, slot| slot.body.get().is_some() || Arc::strong_count(&slot.body) > 1);
        while self.by_id.values().map(Slot::weight).sum::<usize>() > self.bytes_limit {
            let kept = self.by_id.iter().filter(|(_, slot)| slot.used != self.requests && slot.weight() > 0);
            let Some(oldest) = kept.min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id) else { return };
            self.by_id.remove(&oldest);
        }
    }
}

impl Slot {
    fn weight(&self) -> usize {
        self.body.get().map_or(0, RenderedBody::weight)
    }
}

async fn render(id: SeatingPlanId, browse: &Browse) -> Result<RenderedBody, Problem> {
    let plan = browse.seating_plan(id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let rendering = tokio::task::spawn_blocking(move || RenderedBody::new(plan_object::render(&plan)));
    rendering.await.map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const LIMIT: usize = 10_000;

    fn id(number: u128) -> SeatingPlanId {
        SeatingPlanId(Uuid::from_u128(number))
    }

    fn keep(kept: &mut Kept, number: u128, bytes: usize) {
        let body = RenderedBody::new(vec![b'x'; bytes]);
        assert!(kept.slot(id(number)).set(body).is_ok());
        kept.tidy();
    }

    #[test]
    fn the_least_recently_asked_for_goes_first() {
        let mut kept = Kept::new(LIMIT);
        keep(&mut kept, 1, LIMIT / 3);
        keep(&mut kept, 2, LIMIT / 3);
        kept.slot(id(1));
        keep(&mut kept, 3, LIMIT / 2);
        let mut left: Vec<_> = kept.by_id.keys().copied().collect();
        left.sort();
        assert_eq!(left, [id(1), id(3)]);
    }

    #[test]
    fn one_that_is_larger_than_the_limit_is_kept_alone() {
        let mut kept = Kept::new(LIMIT);
        keep(&mut kept, 1, 100);
        keep(&mut kept, 2, LIMIT + 1);
        assert_eq!(kept.by_id.keys().copied().collect::<Vec<_>>(), [id(2)]);
    }

    #[test]
    fn what_was_given_up_is_forgotten_and_what_is_being_rendered_stays() {
        let mut kept = Kept::new(LIMIT);
        drop(kept.slot(id(1)));
        let rendering = kept.slot(id(2));
        keep(&mut kept, 3, 100);
        let mut left: Vec<_> = kept.by_id.keys().copied().collect();
        left.sort();
        assert_eq!(left, [id(2), id(3)]);
        drop(rendering);
        kept.tidy();
        assert_eq!(kept.by_id.len(), 1);
    }
}
