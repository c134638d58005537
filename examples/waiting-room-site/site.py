#!/usr/bin/env python3
"""A small site behind an Onsale waiting room: the whole integration in one file, with the standard library only.

A visitor without this site's own cookie is put in line and sent to the waiting page. Who is let in comes back with a
one-time `onsale_code`, which this server exchanges for a cookie of its own. README.md says how to run it.
"""

import base64
import hashlib
import hmac
import html
import json
import os
import re
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VISITOR_COOKIE = "shop_visitor"
ENTRY_COOKIE = "shop_entry"
VISITOR_SECONDS = 24 * 60 * 60
ONSALE_TIMEOUT_SECONDS = 5
# No code is longer; asking first keeps junk away from Onsale.
CODE_LIMIT = 512
VISITOR_PATTERN = re.compile(r"[A-Za-z0-9_-]{22}")


class Settings:
    """What the environment says."""

    def __init__(self, environment):
        self.onsale_url = environment["ONSALE_URL"].rstrip("/")
        self.public_url = environment.get("ONSALE_PUBLIC_URL", self.onsale_url).rstrip("/")
        self.api_key = environment["ONSALE_API_KEY"]
        self.room = environment["ONSALE_ROOM_ID"]
        host, _, port = environment.get("SITE_LISTEN", "127.0.0.1:9000").rpartition(":")
        self.listen = (host, int(port))
        # Browsers send `Secure` cookies over https only.
        self.secure = environment.get("SITE_HTTPS") == "1"
        # Set it to keep visitors inside across restarts and on several machines.
        self.secret = environment.get("SITE_SECRET", secrets.token_hex(32)).encode()


class OnsaleError(Exception):
    """Onsale refused, or could not be reached (`status` 0)."""

    def __init__(self, status, code):
        super().__init__(f"Onsale answered {status} {code}")
        self.status = status
        self.code = code


class Onsale:
    """The three calls that a site makes, always from its server: the API key never reaches a browser."""

    def __init__(self, settings):
        self.settings = settings

    def enter(self, visitor):
        """Puts a visitor in line, or finds the place it has; the address of its waiting page."""
        answer = self._post(f"/v1/waiting-rooms/{self.settings.room}/tokens", {"visitor_id": visitor})
        return urllib.parse.urljoin(self.settings.public_url + "/", answer["page_url"])

    def verify(self, code):
        """What a one-time code stands for; `valid` says whether it does."""
        return self._post("/v1/passes/verify", {"code": code})

    def end(self, pass_id):
        """Says that a visit is over, so that the next visitor comes in."""
        pass_id = urllib.parse.quote(pass_id, safe="")
        self._post(f"/v1/waiting-rooms/{self.settings.room}/passes/{pass_id}/end", {})

    def _post(self, path, body):
        request = urllib.request.Request(
            self.settings.onsale_url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Api-Key": self.settings.api_key},
        )
        try:
            with urllib.request.urlopen(request, timeout=ONSALE_TIMEOUT_SECONDS) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            with refusal:
                problem = parsed(refusal.read())
            raise OnsaleError(refusal.code, str(problem.get("code", ""))) from refusal
        except (OSError, ValueError) as failure:
            raise OnsaleError(0, type(failure).__name__) from failure


class Entries:
    """This site's own cookie: what the pass stated, signed, good as long as the pass."""

    def __init__(self, secret):
        self.secret = secret

    def sealed(self, entry):
        body = base64.urlsafe_b64encode(json.dumps(entry).encode()).decode()
        return f"{body}.{self._signature(body)}"

    def opened(self, text, visitor):
        """The entry of that visitor, if it is ours and its time has not passed."""
        body, _, signature = text.rpartition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            return None
        entry = parsed(base64.urlsafe_b64decode(body))
        alive = remaining_seconds(entry["expires_at"]) > 0
        return entry if alive and entry["visitor_id"] == visitor else None

    def _signature(self, body):
        return hmac.new(self.secret, body.encode(), hashlib.sha256).hexdigest()


def parsed(text):
    """A JSON object, empty when the text is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def remaining_seconds(time):
    """Whole seconds until an RFC 3339 time."""
    # Older Python versions read neither every fraction nor "Z".
    time = re.sub(r"\.\d+", "", time).replace("Z", "+00:00")
    return int((datetime.fromisoformat(time) - datetime.now(timezone.utc)).total_seconds())


class Site(BaseHTTPRequestHandler):
    """One request of a browser."""

    settings = None
    onsale = None
    entries = None
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path != "/":
            return self.page(404, "Not here", "<p><a href='/'>To the shop</a></p>")
        code = urllib.parse.parse_qs(url.query).get("onsale_code", [""])[0]
        visitor, entry = self.visitor(), self.entry()
        try:
            if entry:
                # A code that is left in the address has done its work.
                return self.go("/") if code else self.shop(entry)
            if code and visitor and (entry := self.redeemed(code, visitor)):
                return self.go("/", [self.cookie(ENTRY_COOKIE, self.entries.sealed(entry), entry["expires_at"])])
            return self.line_up(visitor or secrets.token_urlsafe(16))
        except OnsaleError as error:
            return self.sorry(error)

    def do_POST(self):
        self.close_connection = True  # nobody reads the body: there is nothing in it
        entry = self.entry()
        if self.path != "/finish" or not entry:
            return self.go("/")
        try:
            self.onsale.end(entry["pass_id"])
        except OnsaleError as error:
            return self.sorry(error)
        gone = self.cookie(ENTRY_COOKIE, "", None, seconds=0)
        return self.page(200, "Goodbye", "<p>Your visit is over. <a href='/'>Line up again</a></p>", [gone])

    # What there is to decide

    def redeemed(self, code, visitor):
        """What the code stands for, if it was made for this very visitor: a code that was passed on opens nothing."""
        if len(code) > CODE_LIMIT:
            return None
        try:
            stated = self.onsale.verify(code)
        except OnsaleError as error:
            if 400 <= error.status < 500 and error.status not in (401, 403, 429):
                return None  # not a code at all
            raise
        if not stated.get("valid") or stated.get("visitor_id") != visitor:
            return None
        return {name: stated[name] for name in ("pass_id", "visitor_id", "number", "expires_at")}

    def line_up(self, visitor):
        page_url = self.onsale.enter(visitor)
        self.go(page_url, [self.cookie(VISITOR_COOKIE, visitor, None, seconds=VISITOR_SECONDS)])

    def visitor(self):
        visitor = self.cookies().get(VISITOR_COOKIE, "")
        return visitor if VISITOR_PATTERN.fullmatch(visitor) else None

    def entry(self):
        return self.entries.opened(self.cookies().get(ENTRY_COOKIE, ""), self.visitor())

    # What browsers see

    def shop(self, entry):
        minutes, seconds = divmod(remaining_seconds(entry["expires_at"]), 60)
        self.page(
            200,
            "The shop",
            f"<p>Welcome, number {html.escape(str(entry['number']))}. You have {minutes} min {seconds} s left.</p>"
            "<form method='post' action='/finish'><button>Finish</button></form>",
        )

    def sorry(self, error):
        self.log_error("%s", error)
        if error.code == "visitor_blocked":
            return self.page(403, "You cannot enter", "<p>The organiser has shut you out.</p>")
        if error.code == "line_full":
            title, text = "The line is full", "Please try again in a few minutes."
        else:
            title, text = "One moment", "The line cannot be reached. Please try again."
        return self.page(503, title, f"<p>{text}</p><p><a href=''>Try again</a></p>", [("Retry-After", "30")])

    def page(self, status, title, body, headers=()):
        title = html.escape(title)
        text = (
            "<!doctype html><html lang='en'><meta charset='utf-8'>"
            f"<meta name='viewport' content='width=device-width'><title>{title}</title><h1>{title}</h1>{body}"
        )
        self.answer(status, text.encode(), [("Content-Type", "text/html; charset=utf-8"), *headers])

    def go(self, address, headers=()):
        self.answer(303, b"", [("Location", address), *headers])

    def answer(self, status, body, headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        # An address with a code is told to nobody.
        self.send_header("Referrer-Policy", "no-referrer")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    # Cookies

    def cookies(self):
        try:
            jar = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in jar.items()}

    def cookie(self, name, value, expires_at, seconds=None):
        """A first-party cookie that scripts cannot read and that other sites cannot post with."""
        seconds = max(remaining_seconds(expires_at), 0) if expires_at else seconds
        secure = "; Secure" if self.settings.secure else ""
        return ("Set-Cookie", f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}")

    def log_request(self, code="-", size="-"):
        path = urllib.parse.urlsplit(self.path).path  # without the code
        self.log_message('"%s %s" %s', self.command, path, code)


def main():
    try:
        settings = Settings(os.environ)
    except KeyError as missing:
        sys.exit(f"set {missing.args[0]}; README.md says how")
    Site.settings, Site.onsale, Site.entries = settings, Onsale(settings), Entries(settings.secret)
    server = ThreadingHTTPServer(settings.listen, Site)
    print(f"the shop is at http://{settings.listen[0]}:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
