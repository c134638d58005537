#!/usr/bin/env python3
"""Recomputes the opening draw of a waiting room from what is published about it.

    docs/draw-recompute.py https://onsale.example 0198c0de-… [--noted-sha256 HEX]

`--noted-sha256` is the `seed_sha256` that you saw before the room opened: it proves that the seed was not chosen
afterwards. Prints OK, or the first difference and ends with 1; ends with 2 when there is nothing to recompute.

The rule: final seed = SHA-256(seed ‖ SHA-256(all pseudonyms in ascending order)); numbers 1, 2, 3 … in the order of
HMAC-SHA256(final seed, pseudonym). A pseudonym tells nothing about its visitor to others.
"""

import argparse
import hashlib
import hmac
import json
import sys
import urllib.parse
import urllib.request

TIMEOUT_SECONDS = 30


class Difference(Exception):
    """What is published does not fit together."""


def pages(url, limit):
    """Every page of the draw, the first one first."""
    cursor = None
    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        address = f"{url}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as response:
            page = json.load(response)
        yield page
        cursor = page.get("next_cursor")
        if not cursor:
            return


def drawn(url, limit):
    """What is published: the members of the first page, and the pseudonyms in the order of their numbers."""
    published, pseudonyms = None, []
    for page in pages(url, limit):
        published = published or page
        for name in ("seed", "seed_sha256", "entrants_sha256"):
            expect(f"{name} on every page", page.get(name), published.get(name))
        for item in page["entrants"]:
            expect("the next number", item["number"], len(pseudonyms) + 1)
            pseudonyms.append(bytes.fromhex(item["pseudonym"]))
    return published, pseudonyms


def recompute(published, pseudonyms, noted):
    """Raises the first Difference."""
    seed = bytes.fromhex(published["seed"])
    commitment = hashlib.sha256(seed).hexdigest()
    expect("seed_sha256", published["seed_sha256"].lower(), commitment)
    if noted:
        expect("the seed_sha256 that was noted", noted.lower(), commitment)

    entrants = sorted(pseudonyms)
    for left, right in zip(entrants, entrants[1:]):
        if left == right:
            raise Difference(f"pseudonym {left.hex()} has two numbers")
    digest = hashlib.sha256(b"".join(entrants)).digest()
    expect("entrants_sha256", published["entrants_sha256"].lower(), digest.hex())

    final_seed = hashlib.sha256(seed + digest).digest()
    order = sorted(entrants, key=lambda pseudonym: hmac.digest(final_seed, pseudonym, "sha256"))
    for number, (given, computed) in enumerate(zip(pseudonyms, order), start=1):
        expect(f"number {number}", given.hex(), computed.hex())


def expect(what, given, computed):
    if given != computed:
        raise Difference(f"{what}: published is {given}, computed is {computed}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("url", help="where Onsale is")
    parser.add_argument("room", help="the id of the waiting room")
    parser.add_argument("--noted-sha256", help="the seed_sha256 that was published before the room opened")
    parser.add_argument("--limit", type=int, default=1000, help="entrants on a page")
    arguments = parser.parse_args()
    room = urllib.parse.quote(arguments.room, safe="")
    url = f"{arguments.url.rstrip('/')}/v1/waiting-rooms/{room}/draw"
    try:
        published, pseudonyms = drawn(url, arguments.limit)
        if "seed" not in published or "entrants_sha256" not in published:
            print(f"not drawn yet; the seed is committed to by seed_sha256 {published.get('seed_sha256')}")
            return 2
        recompute(published, pseudonyms, arguments.noted_sha256)
    except Difference as difference:
        print(f"DIFFERENT: {difference}")
        return 1
    except (OSError, ValueError, KeyError) as failure:
        print(f"{url}: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 2
    print(f"OK: {len(pseudonyms)} numbers follow from the seed and the entrants")
    return 0


if __name__ == "__main__":
    sys.exit(main())
