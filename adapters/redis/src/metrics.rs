use std::sync::Once;

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_histogram, histogram};

const COMMANDS: &str = "onsale_redis_commands_total";
const SCRIPTS: &str = "onsale_redis_script_seconds";
const CONNECTIONS: &str = "onsale_redis_connections_total";
const LOST: &str = "onsale_redis_connections_lost_total";
const TIMEOUTS: &str = "onsale_redis_timeouts_total";
const BUSY: &str = "onsale_redis_busy_total";
const BUS_DROPPED: &str = "onsale_redis_bus_dropped_total";
const BUS_CONNECTIONS: &str = "onsale_redis_bus_connections_total";
const BUS_GAPS: &str = "onsale_redis_bus_gaps_total";

/// Handles of what happens on the way to Redis, fetched once.
#[derive(Clone)]
pub(crate) struct LinkMetrics {
    pub(crate) commands: Counter,
    pub(crate) connections: Counter,
    pub(crate) lost: Counter,
    pub(crate) timeouts: Counter,
    pub(crate) busy: Counter,
}

impl LinkMetrics {
    pub(crate) fn new() -> Self {
        describe();
        Self {
            commands: counter!(COMMANDS),
            connections: counter!(CONNECTIONS),
            lost: counter!(LOST),
            timeouts: counter!(TIMEOUTS),
            busy: counter!(BUSY),
        }
    }
}

/// Handles of the bus, fetched once.
#[derive(Clone)]
pub(crate) struct BusMetrics {
    pub(crate) dropped: Counter,
    pub(crate) gaps: Counter,
    pub(crate) heard: Counter,
    pub(crate) spoken: Counter,
}

impl BusMetrics {
    pub(crate) fn new() -> Self {
        describe();
        Self {
            dropped: counter!(BUS_DROPPED),
            gaps: counter!(BUS_GAPS),
            heard: counter!(BUS_CONNECTIONS, "for" => "hearing"),
            spoken: counter!(BUS_CONNECTIONS, "for" => "speaking"),
        }
    }
}

/// Counts the connections by which alarms of other replicas are heard.
pub(crate) fn alarm_connections() -> Counter {
    describe();
    counter!(BUS_CONNECTIONS, "for" => "alarms")
}

/// The time that one script takes.
pub(crate) fn script_seconds(script: &'static str) -> Histogram {
    describe();
    histogram!(SCRIPTS, "script" => script)
}

fn describe() {
    static DESCRIBED: Once = Once::new();
    DESCRIBED.call_once(|| {
        describe_counter!(
            COMMANDS,
            Unit::Count,
            "Commands sent to Redis, those sent again after a redirection included."
        );
        describe_histogram!(SCRIPTS, Unit::Seconds, "Time until Redis answered a script, connecting included.");
        describe_counter!(CONNECTIONS, Unit::Count, "Connections made to nodes of Redis, the first of each included.");
        describe_counter!(
            LOST,
            Unit::Count,
            "Connections given up because they ended, were silent or led to a replica."
        );
        describe_counter!(TIMEOUTS, Unit::Count, "Commands that Redis did not answer in time.");
        describe_counter!(BUSY, Unit::Count, "Commands refused because too many were under way.");
        describe_counter!(BUS_DROPPED, Unit::Count, "Announcements to other replicas that were not sent.");
        describe_counter!(
            BUS_CONNECTIONS,
            Unit::Count,
            "Connections made for announcements, the first of each kind included; a channel that moves makes a new one."
        );
        describe_counter!(BUS_GAPS, Unit::Count, "Times that announcements of other replicas may have been missed.");
    });
}
