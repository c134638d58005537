// The load of `onsale-bench coupon-k6`: virtual users ramp from START_USERS to USERS in RAMP_UP_SECONDS, stay for
// PEAK_SECONDS, and ramp down to none in RAMP_DOWN_SECONDS. Each asks for a coupon once a second, every time as another
// customer: AUTHORIZATIONS is a file with the `Authorization` of one customer in each line. Writes what came of it to
// SUMMARY as one JSON object.
import { sleep } from "k6";
import { SharedArray } from "k6/data";
import { scenario, vu } from "k6/execution";
import http from "k6/http";
import { Counter } from "k6/metrics";

const { AUTHORIZATIONS, COUPONS_URL, SUMMARY } = __ENV;
const seconds = (name) => `${__ENV[name]}s`;

export const options = {
  scenarios: {
    coupons: {
      executor: "ramping-vus",
      startVUs: Number(__ENV.START_USERS),
      stages: [
        { duration: seconds("RAMP_UP_SECONDS"), target: Number(__ENV.USERS) },
        { duration: seconds("PEAK_SECONDS"), target: Number(__ENV.USERS) },
        { duration: seconds("RAMP_DOWN_SECONDS"), target: 0 },
      ],
      // whoever has asked waits for the answer
      gracefulRampDown: seconds("GRACE_SECONDS"),
      gracefulStop: seconds("GRACE_SECONDS"),
    },
  },
  discardResponseBodies: true,
  systemTags: ["status"],
  summaryTrendStats: ["med", "p(99)", "max"],
};

const authorizations = new SharedArray("authorizations", () => open(AUTHORIZATIONS).split("\n"));
const issued = new Counter("coupons_issued");

// Each user has a moment of the second, and keeps it: were all to ask a second after their last answer, one pause of k6
// would make them ask in step for ever. Multiples of the golden ratio lie evenly in a second, however many there are.
const SECOND_MS = 1_000;
const GOLDEN_RATIO = 0.6180339887498949;
let dueMs; // of this user alone

function untilDue() {
  const nowMs = Date.now();
  dueMs = dueMs === undefined ? nowMs + ((vu.idInTest * GOLDEN_RATIO) % 1) * SECOND_MS : dueMs + SECOND_MS;
  dueMs += Math.max(0, Math.ceil((nowMs - dueMs) / SECOND_MS)) * SECOND_MS;
  sleep((dueMs - nowMs) / SECOND_MS);
}

export default function askForCoupon() {
  untilDue();
  const authorization = authorizations[scenario.iterationInTest];
  const { status } = http.post(COUPONS_URL, null, { headers: { Authorization: authorization } });
  if (status === 201) {
    issued.add(1);
  } else {
    console.warn(`answered ${status}`);
  }
}

export function handleSummary({ metrics, state }) {
  const count = (name) => metrics[name]?.values.count ?? 0;
  const { med: p50_ms, "p(99)": p99_ms, max: max_ms } = metrics.http_req_duration.values;
  const seen = {
    requests: count("http_reqs"),
    issued: count("coupons_issued"),
    most_users: metrics.vus.values.max,
    seconds: state.testRunDurationMs / 1_000,
    p50_ms,
    p99_ms,
    max_ms,
  };
  return { [SUMMARY]: JSON.stringify(seen) };
}
