use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use onsale_application::ports::{ConcertListing, Page};
use onsale_domain::concert::Concert;
use onsale_domain::ids::{CategoryId, ConcertId, PerformanceId, SeatingPlanId};
use onsale_domain::money::{Amount, Currency};
use onsale_domain::performance::{CategoryKind, Performance, PricedCategory, SalesStatus};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use super::{VERSION, decode, encode};

type Concerts = Arc<Page<Arc<ConcertListing>, ConcertId>>;

fn id<T: From<Uuid> + Debug>() -> impl Strategy<Value = T> {
    any::<u128>().prop_map(|id| Uuid::from_u128(id).into())
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (0..253_402_300_799_999_999_i64).prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

prop_compose! {
    fn category()(
        id in id::<CategoryId>(),
        name in ".*",
        color in ".*",
        units in 0..=Amount::MAX.units(),
        allotment in option::of((any::<u32>(), option::of(any::<u16>()))),
    ) -> PricedCategory {
        let of_allotment = |(capacity, area)| CategoryKind::Allotment { capacity, area };
        let kind = allotment.map_or(CategoryKind::Seats, of_allotment);
        PricedCategory { id, name, color, price: Amount::new(units).unwrap(), kind }
    }
}

prop_compose! {
    fn performance()(
        id in id::<PerformanceId>(),
        concert in id::<ConcertId>(),
        moments in [moment(), moment(), moment(), moment()],
        time_zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        venue in ".*",
        seating_plan in option::of(id::<SeatingPlanId>()),
        hold_seconds: u32,
        max_seats_per_customer: u32,
        currency in "[A-Z]{3}",
        status in prop::sample::select(&SalesStatus::ALL[..]),
        categories in vec(category(), 0..4),
    ) -> Performance {
        let [starts_at, sales_open_at, sales_close_at, refundable_until] = moments;
        let currency = Currency::parse(&currency).unwrap();
        Performance {
            id, concert, starts_at, time_zone, venue, seating_plan, sales_open_at, sales_close_at, refundable_until,
            hold_seconds, max_seats_per_customer, currency, status, categories,
        }
    }
}

prop_compose! {
    fn listing()(
        id in id::<ConcertId>(),
        title in ".*",
        description in option::of(".*"),
        image_url in option::of(".*"),
        venue in ".*",
        performances in vec(performance(), 0..3),
    ) -> ConcertListing {
        let performances = performances.into_iter().map(Arc::new).collect();
        ConcertListing { concert: Concert { id, title, description, image_url, venue }, performances }
    }
}

prop_compose! {
    fn page()(items in vec(listing(), 0..3), next in option::of(id::<ConcertId>())) -> Concerts {
        Arc::new(Page { items: items.into_iter().map(Arc::new).collect(), next })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_page_is_read_as_it_was_written(page in page(), read_at in moment()) {
        let bytes = encode(&page, read_at).unwrap();
        prop_assert_eq!(decode::<Concerts>(&bytes), Some((page, read_at)));
    }

    #[test]
    fn a_performance_or_its_absence_is_read_as_it_was_written(value in option::of(performance()), read_at in moment()) {
        let value = value.map(Arc::new);
        let bytes = encode(&value, read_at).unwrap();
        prop_assert_eq!(decode::<Option<Arc<Performance>>>(&bytes), Some((value, read_at)));
    }

    #[test]
    fn a_value_that_was_cut_off_or_went_on_is_none(page in page(), read_at in moment(), cut in any::<prop::sample::Index>()) {
        let mut bytes = encode(&page, read_at).unwrap();
        prop_assert_eq!(decode::<Concerts>(&bytes[..cut.index(bytes.len())]), None);
        bytes.push(0);
        prop_assert_eq!(decode::<Concerts>(&bytes), None);
    }

    #[test]
    fn a_damaged_value_is_none(page in page(), read_at in moment(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = encode(&page, read_at).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert_eq!(decode::<Concerts>(&bytes), None);
    }

    #[test]
    fn any_bytes_at_all_are_a_value_or_none(bytes in vec(any::<u8>(), 0..200)) {
        decode::<Concerts>(&bytes);
        let mut valid = vec![VERSION];
        valid.extend(crc32fast::hash(&bytes).to_le_bytes());
        valid.extend(bytes);
        decode::<Concerts>(&valid);
        decode::<Option<Arc<Performance>>>(&valid);
    }
}

#[test]
fn a_value_of_another_version_is_none() {
    let nothing: Option<Arc<Performance>> = None;
    let mut bytes = encode(&nothing, DateTime::UNIX_EPOCH).unwrap();
    assert_eq!(decode(&bytes), Some((nothing, DateTime::UNIX_EPOCH)));
    bytes[0] = VERSION + 1;
    assert_eq!(decode::<Option<Arc<Performance>>>(&bytes), None);
}
