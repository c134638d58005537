// The waiting page. An HttpOnly cookie has the token; …/status is polled, …/events streamed, …/leave posted to. The
// stream only hints at an admission: an answer of …/status sends somebody on, once for each number and tab.

const $ = (id) => document.getElementById(id);
const data = (id) => JSON.parse($(id).textContent);
const room = data("room");
const texts = data("strings");
const { lang } = document.documentElement;
const base = `/waiting-rooms/${encodeURIComponent(room.id)}`;
const name = `onsale-room-${room.id}`;

const ENDED = ["expired", "left", "finished"];
const POLL_MS = 30000; // when the server does not say
const QUIET_MS = 45000; // without a word from the stream, or from the tab that has it, ask
const SAY_MS = 30000; // between two places that are read aloud
const CODE_MS = 30000; // a relayed address older than that is asked for again
const ANSWER_MS = 10000; // for an answer
const LEAST_MS = 1000; // between two questions

let status = null; // the last one
let state = room.state; // of the room
let message = room.message;
let heard = 0; // when the last answer, event or relay came
let skew = 0; // the server's clock minus this one
let timer = 0;
let request = null; // the question under way
let asked = 0; // when it was asked
let due = Infinity; // when the next one must be asked, whatever else happens
let failures = 0;
let lost = false;
let going = false; // the address is changing
let wanted = false; // somebody pressed "continue"
let lead = null; // while this tab leads or waits to: lets go of the lock
let leader = false;
let stream = null;
let reopen = 0;
let announced = 0;
let notice = "";
let view = "";

const now = Date.now;
const text = (node, value) => { if (node.textContent !== value) node.textContent = value; };
const show = (node, visible) => { node.hidden = !visible; };
const say = (node, value) => { text(node, value ?? ""); show(node, value); };

// What outlives this page; a browser may refuse to keep anything.
const memory = {};
const recall = (store, key) => {
  try { return JSON.parse(window[store].getItem(`${name}-${key}`)) ?? memory[key]; } catch { return memory[key]; }
};
const keep = (store, key, value) => {
  memory[key] = value;
  try { window[store].setItem(`${name}-${key}`, JSON.stringify(value)); } catch { /* memory has it */ }
};

const channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null;
if (channel) {
  channel.onmessage = ({ data: { answer, at } }) => {
    if (answer.redirect_url && now() - at > CODE_MS) wake();
    else receive(answer);
  };
}

// ---- asking

const backoff = () => Math.min(30000, 1000 * 2 ** failures) * (0.5 + Math.random());

function later(wait) {
  clearTimeout(timer);
  timer = setTimeout(ask, Math.max(Math.min(wait, due - now()), asked + LEAST_MS - now(), 0));
}

function soon(wait) {
  due = now() + wait;
  later(wait);
}

async function ask() {
  if (request || going) return;
  clearTimeout(timer);
  due = Infinity;
  const mine = request = new AbortController();
  const limit = setTimeout(() => mine.abort(), ANSWER_MS);
  asked = now();
  try {
    const response = await fetch(`${base}/status`, { cache: "no-store", signal: mine.signal });
    const date = Date.parse(response.headers.get("Date"));
    if (date) skew = date - now();
    const answer = await response.json().catch(() => ({}));
    if (request !== mine) return;
    request = null;
    if (response.ok && answer.status) share(answer);
    else if ([401, 404].includes(response.status)) {
      failures = 0;
      status = null;
      lost = true;
      quit();
      render();
    } else failed(answer.retry_after_ms ?? 1000 * Number(response.headers.get("Retry-After")));
  } catch {
    if (request === mine) {
      request = null;
      failed(0);
    }
  } finally {
    clearTimeout(limit);
  }
}

function forget() {
  request?.abort();
  request = null;
}

function failed(retryAfter) {
  failures += 1;
  later(Math.max(retryAfter || 0, backoff()));
  render();
}

// Back from sleep, from another page, from being offline: what is known may be old.
function wake() {
  if (now() - asked > LEAST_MS) forget();
  if (stream && now() - heard > POLL_MS) shut();
  open();
  soon(0);
}

// ---- hearing

function receive(answer) {
  heard = now();
  failures = 0;
  lost = false;
  status = answer;
  if (answer.room_state) {
    state = answer.room_state;
    message = answer.message;
  }
  const visit = answer.number ?? 0;
  if (answer.status === "admitted" && answer.redirect_url && (wanted || recall("sessionStorage", "went") !== visit)) {
    go(answer.redirect_url, visit);
  }
  if (ENDED.includes(answer.status)) quit();
  else {
    join();
    plan();
  }
  render();
}

function share(answer) {
  receive(answer);
  channel?.postMessage({ answer, at: now() });
}

function plan() {
  if (!status || request) return;
  const follows = lead && !leader;
  const quiet = follows ? QUIET_MS + ANSWER_MS : stream?.readyState === 1 ? QUIET_MS : 0;
  const wait = Math.max(status.poll_after_ms ?? POLL_MS, quiet) + heard - now();
  later(status.pass_expires_at ? Math.min(wait, Math.max(until(status.pass_expires_at), 2 * LEAST_MS)) : wait);
}

// Leaves this page once; who is still here afterwards is offered the way by hand.
function go(address, number) {
  if (going || !/^https?:\/\//.test(address)) return;
  keep("sessionStorage", "went", number);
  wanted = false;
  going = true;
  setTimeout(() => { going = false; soon(0); render(); }, ANSWER_MS);
  location.replace(address);
}

// ---- the stream, one for all tabs

function join() {
  if (lead) return;
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  const ended = new AbortController();
  lead = () => { ended.abort(); release(); };
  const take = () => {
    if (ended.signal.aborted) return undefined;
    leader = true;
    open();
    plan();
    return held;
  };
  if (channel && navigator.locks) navigator.locks.request(name, { signal: ended.signal }, take).catch(() => {});
  else take();
}

function quit() {
  clearTimeout(timer);
  lead?.();
  lead = null;
  leader = false;
  shut();
}

function open() {
  if (stream || !leader) return;
  stream = new EventSource(`${base}/events`);
  for (const kind of ["status", "admitted", "heartbeat"]) stream.addEventListener(kind, hear);
  stream.onopen = plan;
  stream.onerror = () => {
    // The browser connects again by itself, unless the server has refused.
    if (stream?.readyState === 2) {
      shut();
      reopen = setTimeout(open, 5000 + 25000 * Math.random());
    }
    plan();
  };
}

function shut() {
  clearTimeout(reopen);
  stream?.close();
  stream = null;
}

function hear({ type, data: body }) {
  heard = now();
  let answer = {};
  try { answer = JSON.parse(body); } catch { /* then it is a hint to ask */ }
  if (type === "heartbeat") plan();
  else if (answer.status && answer.status !== "admitted") share(answer);
  else if (status?.status !== "admitted") soon((answer.poll_after_ms ?? 400) * Math.random());
}

// ---- showing

const until = (time) => (Date.parse(time) || 0) - (now() + skew);
const number = (value) => new Intl.NumberFormat(lang).format(value);
const long = { style: "unit", unitDisplay: "long" };
const unit = (value, kind) => value ? new Intl.NumberFormat(lang, { ...long, unit: kind }).format(value) : "";

function duration(seconds) {
  if (seconds === undefined) return texts.unknown_wait;
  if (seconds < 60) return texts.under_minute;
  const minutes = Math.ceil(seconds / 60);
  return `${unit(Math.floor(minutes / 60), "hour")} ${unit(minutes % 60, "minute")}`.trim();
}

function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (part) => String(Math.floor(part)).padStart(2, "0");
  const parts = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(two);
  return `${unit(Math.floor(seconds / 86400), "day")} ${(seconds < 3600 ? parts.slice(1) : parts).join(":")}`.trim();
}

// The place, never larger than this browser has shown it before; and where it began.
function place() {
  const { number: mine = 0, position } = status;
  let shown = recall("localStorage", "shown");
  if (shown?.number !== mine) shown = { number: mine, position, first: position };
  shown.position = Math.min(shown.position, position);
  keep("localStorage", "shown", shown);
  return shown;
}

function viewOf() {
  if (lost) return "lost";
  if (going) return "going";
  if (!status) return "connecting";
  if (status.status === "gathering" || status.status === "waiting") {
    if (state === "closed" || state === "paused") return state;
    if (status.status === "gathering" && room.opens_at && until(room.opens_at) <= 0) return "drawing";
  }
  return texts.views[status.status] ? status.status : "connecting";
}

function fact(kind, value) {
  const node = document.querySelector(`[data-fact=${kind}]`);
  text(node.lastElementChild, value ?? "");
  show(node, value);
}

function render() {
  const next = viewOf();
  const { title, lead: explained } = texts.views[next];
  const inLine = status?.status === "waiting" && status.position > 0 && ["waiting", "paused"].includes(next);
  const shown = inLine ? place() : null;
  const ahead = shown && number(Math.min(shown.position - 1, status.ahead ?? Infinity));
  const wait = inLine && next === "waiting" ? duration(status.estimated_wait_seconds) : null;
  text($("title"), title);
  text($("lead"), explained);
  say($("message"), message);
  show($("card"), true);
  fact("number", status?.number > 0 ? number(status.number) : null);
  fact("ahead", ahead);
  fact("wait", wait);
  fact("opens", next === "gathering" && room.opens_at ? clock(until(room.opens_at)) : null);
  fact("remaining", status?.status === "admitted" && status.pass_expires_at ? clock(until(status.pass_expires_at)) : null);
  show($("progress"), shown);
  if (shown) {
    const done = shown.first > 1 ? (shown.first - shown.position) / (shown.first - 1) : 1;
    const told = { valuenow: Math.round(100 * done), valuetext: `${texts.ahead}: ${ahead}` };
    for (const key in told) $("progress").setAttribute(`aria-${key}`, told[key]);
    $("bar").style.transform = `scaleX(${Math.max(0.02, done)})`;
  }
  show($("continue"), next === "admitted" && status.redirect_url);
  show($("again"), room.site_url && (ENDED.includes(next) || next === "lost"));
  show($("leave"), ["gathering", "waiting", "paused"].includes(next));
  say($("note"), failures > 0 ? texts.reconnecting : notice);
  document.title = `${shown ? `${number(shown.position)} · ` : ""}${title} · ${room.name}`;
  announce(next, title, explained, shown && [`${texts.ahead}: ${ahead}.`, wait && `${texts.wait}: ${wait}.`]);
}

// Reads a new state aloud at once, a new place now and then.
function announce(next, title, explained, places) {
  const changed = next !== view;
  if (!changed && (!places || now() - announced < SAY_MS)) return;
  view = next;
  announced = now();
  text($("announce"), [changed && `${title}. ${explained}`, ...(places ?? [])].filter(Boolean).join(" "));
}

// ---- doing

async function leave() {
  $("ask").close();
  const response = await fetch(`${base}/leave`, { method: "POST" }).catch(() => null);
  notice = response?.ok ? "" : texts.leave_failed;
  if (notice) return render();
  forget(); // what was asked before leaving
  return share({ status: "left", number: status?.number });
}

for (const node of document.querySelectorAll("[data-text]")) text(node, texts[node.dataset.text]);
$("progress").setAttribute("aria-label", texts.progress);
if (/^https?:\/\//.test(room.site_url ?? "")) $("again").href = room.site_url;
$("leave").onclick = () => $("ask").showModal();
$("stay").onclick = () => $("ask").close();
$("go").onclick = leave;
$("continue").onclick = () => { wanted = true; wake(); };

document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });
document.addEventListener("resume", wake);
addEventListener("online", wake);
addEventListener("pagehide", quit);
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  going = false;
  wake();
});
setInterval(() => { if (view === "gathering" || view === "admitted") render(); }, 1000);
render();
ask();
