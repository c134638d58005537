#!/usr/bin/env node
// Checks a pass without asking anybody but for the public keys: Node.js 18 or later, nothing to install.
//
//     ./check-pass.mjs https://onsale.example 0198c0de-… PASS
//
// Prints what the pass states and ends with 0, or says what is wrong with it and ends with 1. Offline, nobody knows whether
// the visit has ended or whether somebody else has shown the pass before: where that matters, POST /v1/passes/verify.

import { createPublicKey, verify } from "node:crypto";

const CLOCKS_DIFFER_SECONDS = 5;

const json = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

function check(pass, room, keys, now) {
  const [head, body, signature, more] = pass.split(".");
  if (!signature || more !== undefined) throw new Error("it is not a JWT");
  const { alg, typ, kid } = json(head);
  if (alg !== "EdDSA" || typ !== "onsale-pass+jwt") throw new Error(`it is a ${typ} signed by ${alg}`);
  const key = keys.find((key) => key.kid === kid);
  if (!key) throw new Error("no published key has signed it");
  const signed = Buffer.from(`${head}.${body}`);
  const publicKey = createPublicKey({ key, format: "jwk" });
  if (!verify(null, signed, publicKey, Buffer.from(signature, "base64url"))) throw new Error("its signature is wrong");
  const states = json(body);
  if (states.aud !== room) throw new Error("it is for another room");
  if (states.exp + CLOCKS_DIFFER_SECONDS <= now) throw new Error("it has expired");
  return states;
}

const [address, room, pass] = process.argv.slice(2);
if (!pass) {
  console.error("usage: check-pass.mjs ADDRESS ROOM PASS");
  process.exit(2);
}
const response = await fetch(new URL("/.well-known/jwks.json", address));
const { keys } = await response.json();
try {
  console.log(JSON.stringify(check(pass, room, keys, Date.now() / 1000), null, 2));
} catch (problem) {
  console.error(`not valid: ${problem.message}`);
  process.exit(1);
}
