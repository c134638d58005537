// What the waiting page's server answers to whom.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, describe, test } from "node:test";

import { server, tenant } from "./onsale.mjs";

let room;
let token;
let cookie;

const ask = (path, options = {}) => fetch(server + path, { redirect: "manual", ...options });
const asked = (path, headers, method = "GET") => ask(`/waiting-rooms/${room.id}${path}`, { headers, method });

before(async () => {
  const owner = await tenant("Answers");
  room = await owner.quietRoom({ name: "Tom & <Jerry> {{version}}", redirect_url: "https://shop.example/" });
  await room.crowd(2);
  ({ queue_token: token } = await room.enter("me"));
  cookie = { Cookie: `other=1; onsale_place=${token}` };
});

describe("the page", () => {
  test("a token in the address becomes a cookie", async () => {
    const response = await asked(`?token=${token}`);
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("location"), `/waiting-rooms/${room.id}`);
    assert.equal(response.headers.get("referrer-policy"), "no-referrer");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const [set, ...attributes] = response.headers.get("set-cookie").split("; ");
    assert.equal(set, `onsale_place=${token}`);
    const age = Number(attributes.shift().replace("Max-Age=", ""));
    assert.ok(age > 6 * 86400 && age <= 7 * 86400, `${age} s`);
    assert.deepEqual(attributes, [`Path=/waiting-rooms/${room.id}`, "HttpOnly", "SameSite=Lax"]);
    const encrypted = await asked(`?token=${token}`, { "X-Forwarded-Proto": "https" });
    assert.match(encrypted.headers.get("set-cookie"), /; HttpOnly; SameSite=Lax; Secure$/);
  });

  test("a wrong token becomes a page and no cookie", async () => {
    const other = await (await tenant("Another")).room({ name: "Other" });
    const foreign = (await other.enter("me")).queue_token;
    const altered = token.slice(0, -2) + (token.endsWith("AA") ? "BB" : "AA");
    for (const wrong of ["", "nonsense", altered, foreign, `${token}%0d%0aX: 1`, "%ff"]) {
      const response = await asked(`?token=${wrong}`);
      assert.equal(response.status, 401, wrong);
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
      assert.equal(response.headers.get("set-cookie"), null);
      assert.match(await response.text(), /We cannot find your place/);
    }
  });

  test("there is no page of a room that is not there", async () => {
    for (const id of ["0190a1b2-0000-7000-8000-000000000000", "nothing", "assets"]) {
      const response = await ask(`/waiting-rooms/${id}`, { headers: { "Accept-Language": "ko" } });
      assert.equal(response.status, 404);
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
      assert.equal(response.headers.get("content-language"), "ko");
    }
  });

  test("it has its headers, is asked again, and escapes what it shows", async () => {
    const response = await asked("", { "Accept-Language": "en" });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(response.headers.get("content-language"), "en");
    assert.equal(response.headers.get("cache-control"), "no-cache");
    assert.match(response.headers.get("vary"), /accept-language/i);
    assert.equal(
      response.headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    );
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    const page = await response.text();
    assert.ok(page.includes("<h1>Tom &amp; &lt;Jerry&gt; {{version}}</h1>"));
    const again = await asked("", { "Accept-Language": "en", "If-None-Match": response.headers.get("etag") });
    assert.equal(again.status, 304);
    const head = await asked("", {}, "HEAD");
    assert.deepEqual([head.status, await head.text()], [200, ""]);
    assert.equal((await asked("", {}, "POST")).headers.get("allow"), "GET, HEAD");
  });

  test("its assets are kept for ever under their version only", async () => {
    const page = await (await asked("")).text();
    const assets = page.match(/\/waiting-rooms\/assets\/page\.(css|js)\?v=\w+/g);
    assert.equal(assets.length, 2);
    for (const asset of assets) {
      const response = await ask(asset);
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(response.headers.get("content-encoding"), "gzip");
      assert.match(response.headers.get("content-type"), /^text\/(css|javascript); charset=utf-8$/);
      assert.equal((await ask(asset.replace(/v=.*/, "v=1"))).headers.get("cache-control"), "no-cache");
    }
    assert.equal((await ask("/waiting-rooms/assets/page.html")).status, 404);
  });
});

describe("a pass", () => {
  test("is checked offline, in its room only", async () => {
    const { queue_token: held } = await room.enter("first");
    const { pass } = await room.status(held);
    const check = (id, shown) =>
      spawnSync(process.execPath, ["examples/check-pass.mjs", server, id, shown], { encoding: "utf8" });
    const stated = check(room.id, pass);
    assert.equal(stated.status, 0, stated.stderr);
    const { aud, sub, number } = JSON.parse(stated.stdout);
    assert.deepEqual([aud, sub, number], [room.id, "first", 1]);
    const [head, body, signature] = pass.split(".");
    const altered = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, "base64url")), exp: 9999999999 }));
    const wrong = [["0190a1b2-0000-7000-8000-000000000000", pass], [room.id, token]];
    wrong.push([room.id, [head, altered.toString("base64url"), signature].join(".")]);
    for (const [id, shown] of wrong) assert.equal(check(id, shown).status, 1);
  });
});

describe("the place", () => {
  test("it is told for the cookie, without token and pass", async () => {
    const response = await asked("/status", cookie);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.ok(Date.parse(response.headers.get("date")));
    const status = await response.json();
    assert.deepEqual([status.room_state, status.message, status.number], ["open", "", 4]);
    assert.ok(!("queue_token" in status) && !("pass" in status));
  });

  test("nobody is told without it", async () => {
    for (const path of ["/status", "/events"]) {
      for (const headers of [{}, { Cookie: "onsale_place=nonsense" }, { "X-Queue-Token": token }]) {
        const response = await asked(path, headers);
        assert.equal(response.status, 401);
        assert.equal((await response.json()).code, "queue_token_invalid");
      }
    }
  });

  test("it can be followed", async () => {
    const response = await asked("/events", cookie);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    assert.match(first, /^retry: \d+\nevent: (status|admitted)\nid: \d+\ndata: \{.*\}\n\n$/);
    assert.ok(!first.includes(token));
    const alive = await reader.read();
    assert.equal(new TextDecoder().decode(alive.value), "event: heartbeat\ndata:\n\n", "scripts see it");
    await reader.cancel();
  });

  test("only the page itself gives it up", async () => {
    const leave = (headers) => asked("/leave", { ...cookie, ...headers }, "POST");
    for (const headers of [{}, { "Sec-Fetch-Site": "cross-site" }, { Origin: "https://evil.example" }]) {
      const response = await leave(headers);
      assert.equal(response.status, 403);
      assert.equal((await response.json()).code, "forbidden");
    }
    assert.equal((await asked("/leave", { "Sec-Fetch-Site": "same-origin" }, "POST")).status, 401);
    assert.notEqual((await (await asked("/status", cookie)).json()).status, "left");
    assert.equal((await leave({ Origin: server })).status, 204);
    assert.equal((await (await asked("/status", cookie)).json()).status, "left");
    assert.equal((await asked("/leave", cookie)).headers.get("allow"), "POST");
  });
});
