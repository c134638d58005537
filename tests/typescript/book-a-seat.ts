// Signs up, finds a concert, holds a seat, charges points, pays, and checks that the seat is sold to this customer.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

import createClient from "openapi-fetch";

import type { paths } from "./schema.js";

const baseUrl = process.env["ONSALE_TEST_URL"] ?? "http://127.0.0.1:8080";

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

function expectAnswer<Data>(step: string, status: number, answer: Answer<Data>): NonNullable<Data> {
  const reached = `${step}: ${answer.response.status} ${JSON.stringify(answer.error)}`;
  assert.equal(answer.response.status, status, reached);
  assert(answer.data != null, reached);
  return answer.data;
}

async function signUp(): Promise<string> {
  const anyone = createClient<paths>({ baseUrl });
  const email = `${randomUUID()}@example.com`;
  const password = randomUUID();
  expectAnswer("sign up", 201, await anyone.POST("/v1/accounts", { body: { email, password, name: "Visitor" } }));
  const session = await anyone.POST("/v1/sessions", { body: { email, password } });
  return expectAnswer("sign in", 200, session).access_token;
}

const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${await signUp()}` } });

/** A key makes repeating a request after a lost answer safe. */
function idempotent(): { "Idempotency-Key": string } {
  return { "Idempotency-Key": randomUUID() };
}

async function findPerformance(): Promise<string> {
  const { items } = expectAnswer("list concerts", 200, await client.GET("/v1/concerts"));
  for (const { performance_id } of items.flatMap((concert) => concert.performances)) {
    const path = { id: performance_id };
    const found = expectAnswer("performance", 200, await client.GET("/v1/performances/{id}", { params: { path } }));
    if (found.state === "on_sale" && found.categories.some((category) => category.kind === "seats")) {
      return performance_id;
    }
  }
  throw new Error("no performance with seats is on sale");
}

async function showAvailability(performanceId: string) {
  const params = { path: { id: performanceId } };
  const answer = await client.GET("/v1/performances/{id}/availability", { params });
  return expectAnswer("availability", 200, answer);
}

/** Byte i of the bits holds seats 8i to 8i + 7, lowest bit first; 1 is free. */
async function findFreeSeat(performanceId: string): Promise<number> {
  const bits = Buffer.from((await showAvailability(performanceId)).seats, "base64");
  const index = bits.findIndex((byte) => byte !== 0);
  const byte = bits[index];
  assert(byte !== undefined, "no seat is free");
  return index * 8 + Math.log2(byte & -byte);
}

/** Follows the stream of events until one says that the seat is taken; a snapshot may be a little older than that. */
async function watchUntilTaken(performanceId: string, seatNo: number): Promise<void> {
  const { events_url } = await showAvailability(performanceId);
  const { body } = await fetch(new URL(events_url, baseUrl));
  assert(body, "the stream has no body");
  let text = "";
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    text += read.value;
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines.filter((line) => line.startsWith("data:"))) {
      const { seats, taken } = JSON.parse(line.slice("data:".length)) as { seats?: string; taken?: number[] };
      const byte = seats === undefined ? undefined : Buffer.from(seats, "base64")[seatNo >> 3];
      if (taken?.includes(seatNo) || (byte !== undefined && (byte & (1 << (seatNo & 7))) === 0)) {
        return reader.cancel();
      }
    }
  }
  throw new Error("the stream ended before the seat was taken");
}

async function holdSeat(performanceId: string, seatNo: number) {
  const body = { type: "seats" as const, performance_id: performanceId, seats: [seatNo] };
  const answer = await client.POST("/v1/reservations", { params: { header: idempotent() }, body });
  return expectAnswer("hold", 201, answer);
}

async function chargePoints(amount: number): Promise<void> {
  const body = { amount, method: "test" as const };
  const answer = await client.POST("/v1/points/charges", { params: { header: idempotent() }, body });
  assert.equal(expectAnswer("charge", 201, answer).status, "completed");
}

async function pay(reservationId: string): Promise<void> {
  const params = { path: { id: reservationId }, header: idempotent() };
  const paid = expectAnswer("pay", 201, await client.POST("/v1/reservations/{id}/payment", { params }));
  assert.equal(paid.reservation.status, "paid");
  assert.equal(paid.balance, 0);
}

const performanceId = await findPerformance();
const seatNo = await findFreeSeat(performanceId);
const held = await holdSeat(performanceId, seatNo);
assert.equal(held.status, "held");
await chargePoints(held.amount);
await pay(held.reservation_id);

const params = { path: { id: held.reservation_id } };
const mine = expectAnswer("reservation", 200, await client.GET("/v1/reservations/{id}", { params }));
assert.equal(mine.status, "paid");
assert.deepEqual(mine.items.map((item) => item.seat?.seat_no), [seatNo]);
await watchUntilTaken(performanceId, seatNo);
console.log(`seat ${seatNo} of performance ${performanceId} is paid: reservation ${held.reservation_id}`);
