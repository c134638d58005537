use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use moka::Expiry;
use onsale_application::ports::Versioned;

use crate::settings::CacheSettings;

/// How much shorter than its time to live a value lives at most.
const JITTER: f64 = 0.1;
/// The share of its life after which a value is read again while it is still served.
pub(super) const REFRESH: f64 = 0.8;
/// No moment that chrono knows.
const NEVER: i64 = i64::MIN;

/// A value and what its age means.
pub(super) struct Entry<V> {
    pub(super) value: Versioned<V>,
    lifetimes: Lifetimes,
    /// When it could not be read again, in microseconds since 1970.
    failed_at: AtomicI64,
}

/// How long after it was read a value is good for what.
#[derive(Clone, Copy)]
pub(super) struct Lifetimes {
    refresh: Duration,
    fresh: Duration,
    kept: Duration,
    /// How long after a failure it is not tried again.
    rest: Duration,
    /// How long after a failure it is tried again only in the background.
    trouble: Duration,
}

/// How old a value may become at all, in this process and in what replicas share; its `hash` says how much shorter it
/// lives than others.
pub(super) fn shared_ttl(settings: &CacheSettings, absent: bool, hash: u64) -> Duration {
    jittered(if absent { settings.absent_ttl } else { settings.shared_ttl.max(settings.ttl) }, hash)
}

fn jittered(ttl: Duration, hash: u64) -> Duration {
    let share = f64::from((hash >> 32) as u32) / f64::from(u32::MAX);
    ttl.mul_f64(1.0 - JITTER * share)
}

impl Lifetimes {
    /// Those of a value that is `age` old when it is kept; its `hash` says how much shorter it lives than others.
    pub(super) fn new(settings: &CacheSettings, absent: bool, age: Duration, hash: u64) -> Self {
        let (ttl, kept) = if absent {
            (settings.absent_ttl, settings.absent_ttl)
        } else {
            (settings.ttl, settings.fail_safe.max(settings.ttl))
        };
        let fresh = (age + jittered(ttl, hash)).min(shared_ttl(settings, absent, hash));
        Self {
            refresh: age + fresh.saturating_sub(age).mul_f64(REFRESH),
            fresh,
            kept,
            rest: settings.retry_pause,
            // Long enough for the next try to fail too.
            trouble: settings.retry_pause + 2 * settings.load_timeout,
        }
    }
}

impl<V> Entry<V> {
    pub(super) fn new(value: Versioned<V>, lifetimes: Lifetimes) -> Self {
        Self { value, lifetimes, failed_at: AtomicI64::new(NEVER) }
    }

    /// Whether it shows what is `required` and is young enough.
    pub(super) fn is_current(&self, required: i64, now: DateTime<Utc>) -> bool {
        self.value.generation >= required && now < self.value.read_at + self.lifetimes.fresh
    }

    /// Whether it is late in its life, and not just tried.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        now >= self.value.read_at + self.lifetimes.refresh && self.has_rested(now)
    }

    /// Whether it is better than nothing.
    pub(super) fn stands_in(&self, now: DateTime<Utc>) -> bool {
        now < self.value.read_at + self.lifetimes.kept
    }

    /// Whether it stands in and nobody should wait for a better one, since reading it failed a moment ago.
    pub(super) fn is_troubled(&self, now: DateTime<Utc>) -> bool {
        self.stands_in(now) && self.failed_within(self.lifetimes.trouble, now)
    }

    /// Whether a troubled one may be tried again.
    pub(super) fn has_rested(&self, now: DateTime<Utc>) -> bool {
        !self.failed_within(self.lifetimes.rest, now)
    }

    pub(super) fn fail(&self, now: DateTime<Utc>) {
        self.failed_at.store(now.timestamp_micros(), Ordering::Relaxed);
    }

    fn failed_within(&self, span: Duration, now: DateTime<Utc>) -> bool {
        let failed_at = DateTime::from_timestamp_micros(self.failed_at.load(Ordering::Relaxed));
        failed_at.is_some_and(|failed_at| now < failed_at + span)
    }
}

/// Entries leave when they are no longer better than nothing; whether they are served is decided when they are read.
pub(super) struct Eviction;

impl<K, V> Expiry<K, Arc<Entry<V>>> for Eviction {
    fn expire_after_create(&self, _: &K, entry: &Arc<Entry<V>>, _: Instant) -> Option<Duration> {
        Some(entry.lifetimes.kept)
    }

    /// Without this the remaining time of the replaced entry would go on.
    fn expire_after_update(&self, _: &K, entry: &Arc<Entry<V>>, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.lifetimes.kept)
    }
}
