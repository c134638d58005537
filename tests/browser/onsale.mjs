// What the tests ask the server for, and the example site in front of which the line is.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const server = process.env.ONSALE_TEST_URL;
const operator = process.env.ONSALE_TEST_OPERATOR;

async function called(method, path, headers, body) {
  const options = { method, headers: { "Content-Type": "application/json", ...headers } };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(server + path, options);
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A tenant with a key. */
export async function tenant(name) {
  const headers = { Authorization: `Bearer ${operator}` };
  const { tenant_id: id } = await called("POST", "/v1/tenants", headers, { name });
  const { key } = await called("POST", `/v1/tenants/${id}/keys`, headers, { name: "browser tests" });
  return new Tenant(key);
}

class Tenant {
  constructor(key) {
    this.key = key;
  }

  call(method, path, body) {
    return called(method, path, { "X-Api-Key": this.key }, body);
  }

  /** A room that lets in by its schedule or its draw. */
  async room(terms) {
    const slow = { admit: { count: 1, every_seconds: 3600 }, capacity: 1000, max_waiting: 1000 };
    const room = { name: "Line", ...slow, pass_seconds: 600, claim_seconds: 600, ...terms };
    const { waiting_room_id: id } = await this.call("POST", "/v1/waiting-rooms", room);
    return new Room(this, id);
  }

  /** A room that has let in number 1, and for an hour lets in nobody but by hand. */
  async quietRoom(terms) {
    const room = await this.room(terms);
    const { queue_token: token } = await room.enter("first");
    while ((await room.status(token)).status !== "admitted") await sleep(100);
    return room;
  }
}

class Room {
  constructor(tenant, id) {
    this.tenant = tenant;
    this.id = id;
    this.page = `${server}/waiting-rooms/${id}`;
  }

  change(terms) {
    return this.tenant.call("PATCH", `/v1/waiting-rooms/${this.id}`, terms);
  }

  pause() {
    return this.tenant.call("POST", `/v1/waiting-rooms/${this.id}/pause`);
  }

  resume() {
    return this.tenant.call("POST", `/v1/waiting-rooms/${this.id}/resume`);
  }

  enter(visitor) {
    return this.tenant.call("POST", `/v1/waiting-rooms/${this.id}/tokens`, { visitor_id: visitor });
  }

  status(token) {
    return called("GET", `/v1/waiting-rooms/${this.id}/status`, { "X-Queue-Token": token });
  }

  /** Visitors who came earlier and do nothing. */
  async crowd(count) {
    for (let number = 1; number <= count; number += 1) await this.enter(`crowd-${number}`);
  }

  async admit(count) {
    const { admitted } = await this.tenant.call("POST", `/v1/waiting-rooms/${this.id}/admissions`, { count });
    assert.equal(admitted, count);
  }

  verify(code) {
    return this.tenant.call("POST", "/v1/passes/verify", { code });
  }
}

/** A port that is free now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const listener = net.createServer().once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}

/** The example site on `port`, behind `room`; it says what it logs. */
export async function exampleSite(port, room) {
  const environment = {
    PATH: process.env.PATH,
    ONSALE_URL: server,
    ONSALE_API_KEY: room.tenant.key,
    ONSALE_ROOM_ID: room.id,
    SITE_LISTEN: `127.0.0.1:${port}`,
  };
  const options = { env: environment, stdio: ["ignore", "pipe", "pipe"] };
  const site = spawn("python3", ["examples/waiting-room-site/site.py"], options);
  const log = [];
  site.stderr.setEncoding("utf8").on("data", (text) => log.push(text));
  await new Promise((resolve, reject) => {
    site.stdout.once("data", resolve);
    site.once("exit", (code) => reject(new Error(`the site ended with ${code}: ${log.join("")}`)));
  });
  return { address: `http://localhost:${port}/`, log, stop: () => site.kill() };
}
