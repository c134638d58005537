use std::fmt::Display;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::ports::{CatalogueReader, ConcertFilter, ConcertListing, Page, Unavailable, Versioned};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{ConcertId, PerformanceId};
use onsale_domain::performance::{Performance, PricedCategory};

use crate::encoding::{Portable, VERSION};

/// A kind of value that is kept: how it is called and read, and how much it weighs.
pub(crate) trait Kind: Send + Sync + 'static {
    /// What names a value.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// The value; a clone shares what is large.
    type Value: Portable + Clone + Send + Sync + 'static;

    /// Its name in metrics and logs.
    const NAME: &'static str;

    /// What the value of `key` is called in what replicas share: every parameter that shapes it is part of that.
    fn shared_name(key: &Self::Key) -> String;

    /// Reads the value.
    fn load(
        reader: &dyn CatalogueReader,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Versioned<Self::Value>, Unavailable>> + Send;

    /// The bytes that key and value take, about.
    fn weight(key: &Self::Key, value: &Self::Value) -> usize;

    /// Whether the value says that there is nothing of that name.
    fn is_absent(value: &Self::Value) -> bool;
}

/// Pages of concerts.
pub(crate) struct Lists;

/// Concerts with their performances.
pub(crate) struct Concerts;

/// Performances.
pub(crate) struct Performances;

impl Kind for Lists {
    type Key = ConcertFilter;
    type Value = Arc<Page<Arc<ConcertListing>, ConcertId>>;

    const NAME: &'static str = "concerts";

    fn shared_name(filter: &ConcertFilter) -> String {
        let ConcertFilter { text, from, to, before, limit } = filter;
        let moment = |moment: &Option<DateTime<Utc>>| moment.map(|moment| moment.timestamp_micros());
        let (from, to, before) = (shown(moment(from)), shown(moment(to)), shown(*before));
        // The text comes last: whatever it has in it cannot be taken for another parameter.
        let text = text.as_ref().map(|text| format!("={text}"));
        named(Self::NAME, format_args!("{limit}:{before}:{from}:{to}:{}", shown(text)))
    }

    async fn load(reader: &dyn CatalogueReader, filter: &ConcertFilter) -> Result<Versioned<Self::Value>, Unavailable> {
        reader.concerts(filter).await
    }

    fn weight(filter: &ConcertFilter, page: &Self::Value) -> usize {
        let listings: usize = page.items.iter().map(|listing| listing_bytes(listing)).sum();
        size_of::<ConcertFilter>() + filter.text.as_ref().map_or(0, String::len) + listings
    }

    fn is_absent(_: &Self::Value) -> bool {
        false
    }
}

impl Kind for Concerts {
    type Key = ConcertId;
    type Value = Option<Arc<ConcertListing>>;

    const NAME: &'static str = "concert";

    fn shared_name(id: &ConcertId) -> String {
        named(Self::NAME, id)
    }

    async fn load(reader: &dyn CatalogueReader, id: &ConcertId) -> Result<Versioned<Self::Value>, Unavailable> {
        reader.concert(*id).await
    }

    fn weight(_: &ConcertId, listing: &Self::Value) -> usize {
        listing.as_deref().map_or(0, listing_bytes)
    }

    fn is_absent(listing: &Self::Value) -> bool {
        listing.is_none()
    }
}

impl Kind for Performances {
    type Key = PerformanceId;
    type Value = Option<Arc<Performance>>;

    const NAME: &'static str = "performance";

    fn shared_name(id: &PerformanceId) -> String {
        named(Self::NAME, id)
    }

    async fn load(reader: &dyn CatalogueReader, id: &PerformanceId) -> Result<Versioned<Self::Value>, Unavailable> {
        reader.performance(*id).await
    }

    fn weight(_: &PerformanceId, performance: &Self::Value) -> usize {
        performance.as_deref().map_or(0, performance_bytes)
    }

    fn is_absent(performance: &Self::Value) -> bool {
        performance.is_none()
    }
}

/// Values of another encoding have other names, so that replicas of two versions do not push each other's out.
fn named(kind: &str, key: impl Display) -> String {
    format!("{kind}:{VERSION}:{key}")
}

fn shown<T: Display>(parameter: Option<T>) -> String {
    parameter.map(|parameter| parameter.to_string()).unwrap_or_default()
}

fn listing_bytes(listing: &ConcertListing) -> usize {
    let performances: usize = listing.performances.iter().map(|performance| performance_bytes(performance)).sum();
    let Concert { title, description, image_url, venue, .. } = &listing.concert;
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let texts = title.len() + venue.len() + optional(description) + optional(image_url);
    size_of::<ConcertListing>() + texts + performances
}

fn performance_bytes(performance: &Performance) -> usize {
    let bytes = |category: &PricedCategory| size_of::<PricedCategory>() + category.name.len() + category.color.len();
    let categories: usize = performance.categories.iter().map(bytes).sum();
    size_of::<Performance>() + performance.venue.len() + categories
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::DateTime;
    use onsale_application::ports::ConcertFilter;
    use onsale_domain::ids::ConcertId;
    use uuid::Uuid;

    use super::{Kind, Lists};

    #[test]
    fn pages_that_differ_in_any_parameter_have_different_names() {
        let page = ConcertFilter { limit: 20, ..ConcertFilter::default() };
        let pages = [
            ConcertFilter { limit: 2, ..page.clone() },
            ConcertFilter { text: Some(String::new()), ..page.clone() },
            ConcertFilter { text: Some("0:".to_owned()), ..page.clone() },
            ConcertFilter { from: Some(DateTime::UNIX_EPOCH), ..page.clone() },
            ConcertFilter { to: Some(DateTime::UNIX_EPOCH), ..page.clone() },
            ConcertFilter { before: Some(ConcertId(Uuid::nil())), ..page.clone() },
            page,
        ];
        let names: HashSet<_> = pages.iter().map(Lists::shared_name).collect();
        assert_eq!(names.len(), pages.len(), "{names:?}");
    }
}
