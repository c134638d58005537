"""Lets schemathesis ask for things that exist: half of the ids that it makes up become ids that the server has told.

Without it, nearly every call about one concert, seat or reservation ends with 404.
"""

import os
import uuid

import schemathesis

# What names the thing at the end of a path.
MEMBERS = {
    "/v1/concerts/": "concert_id",
    "/v1/performances/": "performance_id",
    "/v1/seating-plans/": "seating_plan_id",
    "/v1/reservations/": "reservation_id",
    "/v1/payments/": "payment_id",
    "/v1/points/charges/": "charge_id",
    "/v1/coupon-campaigns/": "coupon_campaign_id",
}
# The newest of each kind are enough.
MOST = 20
# So that seats exist and are not all taken.
SEATS = 10_000

known: dict[str, list[str]] = {}
# Customers have no list of campaigns.
if campaign := os.environ.get("ONSALE_TEST_COUPON_CAMPAIGN"):
    known["coupon_campaign_id"] = [campaign]
# A category of each kind, of seats and of tickets without, by its performance: a pair of ids is hardly ever guessed.
categories: dict[str, dict[str, str]] = {"seats": {}, "allotment": {}}


def learn(value):
    """Remembers every id in an answer, by its member's name."""
    if isinstance(value, list):
        for item in value[:MOST]:
            learn(item)
    elif isinstance(value, dict):
        for category in value.get("categories") or []:
            if "performance_id" in value and category.get("kind") in categories:
                categories[category["kind"]][value["performance_id"]] = category["category_id"]
        for name, member in value.items():
            if name.endswith("_id") and isinstance(member, str):
                ids = known.setdefault(name, [])
                if member not in ids:
                    ids.append(member)
                    del ids[:-MOST]
            else:
                learn(member)


def existing(name, made_up):
    """A known id for every other id that was made up; what is no id stays."""
    try:
        number = uuid.UUID(made_up).int
    except (AttributeError, TypeError, ValueError):
        return made_up
    ids = known.get(name)
    return ids[number // 2 % len(ids)] if ids and number % 2 == 0 else made_up


def with_existing(value):
    """A body whose ids, seats, tickets and ways to pay exist half of the time."""
    if isinstance(value, list):
        return [with_existing(item) for item in value]
    if not isinstance(value, dict):
        return value
    body = {name: existing(name, member) if name.endswith("_id") else with_existing(member) for name, member in value.items()}
    seats = body.get("seats")
    if isinstance(seats, list) and seats and all(type(seat) is int and seat >= 0 for seat in seats):
        body["seats"] = list(dict.fromkeys(seat % SEATS for seat in seats))[:4]
    quantity, kind = body.get("quantity"), "seats" if body.get("type") == "best_available" else "allotment"
    category = categories[kind].get(str(body.get("performance_id")))
    if category and type(quantity) is int and quantity > 0 and quantity % 2 == 0:
        body["category_id"], body["quantity"] = category, quantity // 2 % 4 + 1
    if isinstance(body.get("method"), str) and len(body["method"]) % 2 == 1:
        body["method"] = "test"
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    for prefix, name in MEMBERS.items():
        if case.operation.path.startswith(prefix) and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = existing(name, case.path_parameters["id"])
    case.body = with_existing(case.body)


@schemathesis.hook
def after_call(context, case, response):
    if response.headers.get("content-type", [""])[0].startswith("application/json"):
        learn(response.json())
