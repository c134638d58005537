//! Pages of lists.

use onsale_application::ports::Page;

/// The first `limit` of `items`, of which one more was read to know whether there are more; `place` says where an item is.
pub(crate) fn page<T, C>(mut items: Vec<T>, limit: u32, place: impl FnOnce(&T) -> C) -> Page<T, C> {
    let limit = limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(place) } else { None };
    Page { items, next }
}
