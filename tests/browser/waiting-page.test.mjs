// A visitor's way from a site into its waiting room, and from there back into the site.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Chromium } from "./chromium.mjs";
import { exampleSite, freePort, server, tenant } from "./onsale.mjs";

// Between two events of the stream about something that is not urgent, and some more.
const IN_TURN_MS = 20000;

let chromium;
let owner;
let person;
let cleanUp;

before(async () => {
  chromium = await Chromium.start();
  owner = await tenant("Example shop");
});
after(() => chromium?.stop());
beforeEach(async () => {
  cleanUp = [];
  chromium.complaints.length = 0;
  person = await chromium.person();
});
afterEach(async () => {
  await person.leave();
  for (const clean of cleanUp) clean();
  assert.deepEqual(chromium.complaints, [], "the console is quiet");
});

const ahead = (tab) => tab.fact("ahead").then((text) => Number(text?.replaceAll(",", "")));
const aheadIs = (comparison) => `Number(document.querySelector("[data-fact=ahead] dd").textContent) ${comparison}`;
const fits = "document.scrollingElement.scrollWidth <= innerWidth";

/** A room with the example site behind it. */
async function shop(terms) {
  const port = await freePort();
  const room = await owner.quietRoom({ name: "Example shop", redirect_url: `http://localhost:${port}/`, ...terms });
  const site = await exampleSite(port, room);
  cleanUp.push(site.stop);
  return { room, site };
}

/** Somebody's page of a room, without a site. */
async function waits(room, visitor = "me", options = {}) {
  const { page_url: page } = await room.enter(visitor);
  const tab = await person.tab(server + page, options);
  return tab;
}

describe("in line", () => {
  test("the place falls as others are let in", async () => {
    const room = await owner.quietRoom({ message: "Doors open at 19:00." });
    await room.crowd(30);
    const tab = await waits(room);
    await tab.shows("You are in line");
    assert.equal(await tab.fact("number"), "32");
    assert.equal(await tab.value("document.getElementById('message').textContent"), "Doors open at 19:00.");
    const progress = "Number(document.getElementById('progress').getAttribute('aria-valuenow'))";
    assert.deepEqual([await ahead(tab), await tab.value(progress)], [30, 0]);
    for (const left of [20, 10]) {
      await room.admit(10);
      await tab.until(aheadIs(`=== ${left}`));
    }
    assert.equal(await tab.value(progress), 67);
  });

  test("reloading and a second tab keep the place, and share one stream", async () => {
    const room = await owner.quietRoom();
    await room.crowd(5);
    const tab = await waits(room);
    await tab.shows("You are in line");
    assert.deepEqual([await tab.fact("number"), await ahead(tab)], ["7", 5]);
    await tab.call("Page.reload");
    await tab.until("performance.getEntriesByType('navigation')[0].type === 'reload'");
    await tab.shows("You are in line");
    assert.deepEqual([await tab.fact("number"), await ahead(tab)], ["7", 5]);
    const other = await person.tab(room.page);
    await other.shows("You are in line");
    assert.deepEqual([await other.fact("number"), await ahead(other)], ["7", 5]);
    await room.admit(3);
    for (const each of [tab, other]) await each.until(aheadIs("=== 2"));
    const opened = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/events')).length";
    const locks = "navigator.locks.query().then(({ held, pending }) => [held.length, pending.length])";
    assert.deepEqual(await other.value(locks), [1, 1], "one leads, one follows");
    assert.equal(await other.value(opened), 0);
  });

  test("the token is in no address and out of reach of scripts", async () => {
    const room = await owner.quietRoom();
    const { page_url: page, queue_token: token } = await room.enter("me");
    const tab = await person.tab(server + page);
    await tab.shows("You are in line");
    assert.equal(await tab.value("location.href"), room.page);
    assert.equal(await tab.value("document.cookie"), "");
    assert.ok(!(await tab.value("document.documentElement.outerHTML")).includes(token));
    const [cookie, ...others] = await person.cookies();
    assert.deepEqual(others, []);
    assert.equal(cookie.value, token);
    assert.equal(cookie.path, `/waiting-rooms/${room.id}`);
    assert.ok(cookie.httpOnly && cookie.sameSite === "Lax" && !cookie.session);
    assert.ok(!fs.readFileSync(process.env.ONSALE_TEST_LOG, "utf8").includes(token), "it is not logged");
  });

  test("a pause and the room's message are told", async () => {
    const room = await owner.quietRoom();
    await room.crowd(3);
    const tab = await waits(room);
    await tab.shows("You are in line");
    await room.change({ message: "Back in ten minutes <b>" });
    await room.pause();
    await tab.shows("The line is paused", IN_TURN_MS);
    await tab.until("document.getElementById('message').textContent === 'Back in ten minutes <b>'", IN_TURN_MS);
    await room.change({ message: null });
    await tab.until("document.getElementById('message').hidden", IN_TURN_MS);
    await room.resume();
    await tab.shows("You are in line", IN_TURN_MS);
  });

  test("leaving asks first, and is known everywhere", async () => {
    const { room, site } = await shop();
    await room.crowd(2);
    const tab = await person.tab(site.address);
    const other = await person.tab(room.page);
    for (const each of [tab, other]) await each.shows("You are in line");
    await tab.click("#leave");
    assert.ok(await tab.value("document.getElementById('ask').open"));
    await tab.click("#go");
    for (const each of [tab, other]) await each.shows("You have left the line");
    await tab.call("Page.reload");
    await tab.shows("You have left the line");
    assert.equal(await tab.value("document.getElementById('again').href"), site.address);
    await tab.click("#again");
    await tab.shows("You are in line");
    assert.equal(await tab.fact("number"), "5", "at the back");
  });

  test("the draw gives a number to whoever gathered", async () => {
    const opens = new Date(Date.now() + 6000).toISOString();
    const room = await owner.room({ opens_at: opens });
    for (const visitor of ["one", "two", "three"]) await room.enter(visitor);
    const tab = await waits(room);
    await tab.shows("You are in time");
    assert.match(await tab.fact("opens"), /^00:0\d$/);
    const [before] = await person.cookies();
    const numbered = "/^[1-4]$/.test(document.querySelector('[data-fact=number] dd').textContent)";
    await tab.until(numbered, 30000);
    const [after] = await person.cookies();
    assert.notEqual(after.value, before.value, "the token states the number now");
    const number = await tab.fact("number");
    await tab.call("Page.reload");
    await tab.until(`performance.getEntriesByType("navigation")[0].type === "reload" && ${numbered}`);
    assert.equal(await tab.fact("number"), number);
    const recomputed = spawnSync("python3", ["docs/draw-recompute.py", server, room.id], { encoding: "utf8" });
    assert.equal(recomputed.stdout, "OK: 4 numbers follow from the seed and the entrants\n", recomputed.stderr);
  });
});

describe("let in", () => {
  test("the page goes to the site, once for each tab, with a working code", async () => {
    const { room, site } = await shop();
    await room.crowd(3);
    const tab = await person.tab(`${site.address}elsewhere`);
    await tab.until("document.title === 'Not here'");
    await tab.click("a");
    await tab.shows("You are in line");
    const other = await person.tab(room.page);
    await other.shows("You are in line");
    const number = await tab.fact("number");
    await room.admit(4);
    for (const each of [tab, other]) {
      await each.until("document.title === 'The shop'");
      assert.equal(await each.value("location.href"), site.address, "the code is not in the address");
      assert.match(await each.value("document.body.innerText"), new RegExp(`Welcome, number ${number}\\.`));
      assert.equal(await each.value("document.referrer"), "", "nobody is told where it came from");
    }
    assert.doesNotMatch(site.log.join(""), /onsale_code/);

    await tab.value("history.back()");
    await tab.until("document.title === 'Not here'");
    await tab.value("history.forward()");
    await tab.until("document.title === 'The shop'");

    await tab.click("button");
    await tab.until("document.title === 'Goodbye'");
    await other.go(room.page);
    await other.shows("Your visit is over");
  });

  test("a code works within its minute, and names who came first", async () => {
    const seen = [];
    const listener = http.createServer((request, response) => {
      seen.push(request);
      response.end("<title>in</title>");
    });
    await new Promise((resolve) => { listener.listen(0, "127.0.0.1", resolve); });
    cleanUp.push(() => listener.close());
    const site = `http://localhost:${listener.address().port}/in?from=line`;
    const room = await owner.quietRoom({ redirect_url: site });
    const tab = await waits(room);
    await tab.shows("You are in line");
    await room.admit(1);
    await tab.until("document.title === 'in'");
    assert.equal(seen[0].headers.referer, undefined);
    const query = new URL(seen[0].url, site).searchParams;
    assert.equal(query.get("from"), "line");
    const code = query.get("onsale_code");
    const first = await room.verify(code);
    assert.deepEqual([first.valid, first.first_use, first.visitor_id], [true, true, "me"]);
    const again = await room.verify(code);
    assert.deepEqual([again.valid, again.first_use], [true, false]);
  });

  test("a site that sends back meets no circle", async () => {
    const { room, site } = await shop();
    await room.crowd(1);
    const tab = await person.tab(site.address);
    await tab.shows("You are in line");
    await room.admit(2);
    await tab.until("document.title === 'The shop'");
    await tab.go(room.page);
    await tab.shows("You are in");
    await sleep(1500);
    assert.equal(await tab.value("location.href"), room.page, "whoever comes back is asked");
    assert.match(await tab.fact("remaining"), /^\d+:\d\d$/);
    await tab.click("#continue");
    await tab.until("document.title === 'The shop'");
  });
});

describe("what it looks like", () => {
  test("320 pixels have no sideways scroll, in both languages", async () => {
    const room = await owner.quietRoom({ name: "Aurora ".repeat(20), message: `${"a".repeat(300)} 공연 안내입니다` });
    await room.crowd(3);
    for (const [language, tag, dark] of [["en-US", "en", false], ["ko-KR", "ko", true]]) {
      const visitor = await chromium.person({ language });
      const { page_url: page } = await room.enter(tag);
      const tab = await visitor.tab(server + page, { width: 320, height: 640, dark });
      await tab.until("!document.getElementById('leave')?.hidden");
      assert.equal(await tab.value("document.documentElement.lang"), tag);
      assert.ok(await tab.value(fits), "no sideways scroll");
      await tab.click("#leave");
      assert.ok(await tab.value(fits), "nor when asked");
      await visitor.leave();
    }
  });

  test("a screenshot for the documentation", { skip: !process.env.ONSALE_TEST_SCREENSHOT }, async () => {
    const room = await owner.room({
      name: "Aurora: One Night in the Dome",
      message: "Doors open at 18:00. Up to four tickets for each visitor.",
      redirect_url: "https://shop.example/",
      admit: { count: 6, every_seconds: 5 },
      capacity: 60,
    });
    await room.crowd(170);
    const tab = await waits(room, "me", { width: 720, height: 560, scale: 2 });
    await tab.shows("You are in line");
    await tab.until("document.querySelector('[data-fact=wait] dd').textContent !== 'Not known yet'", 60000);
    await tab.until("document.getElementById('progress').getAttribute('aria-valuenow') > 10", 60000);
    await tab.screenshot(process.env.ONSALE_TEST_SCREENSHOT);
  });
});
