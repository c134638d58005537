// The work of `onsale-bench expiry-redis` on BullMQ: ITEMS jobs due within one second, two workers, and ARRIVALS a second
// that are due much later. Prints one JSON line: the lateness of each job in milliseconds, and the CPU time of this process.
import { Queue, Worker } from "bullmq";

const [url, items, arrivals, leadMs] = process.argv.slice(2).map((word, index) => (index === 0 ? word : Number(word)));
const BATCH = 256;
const CONCURRENCY = 128; // of 1, 32, 128 and 512 the best
const LATER_MS = 3_600_000;

const { hostname, port } = new URL(url);
const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
const queue = new Queue("delays", { connection });
await queue.waitUntilReady();

const lateness = [];
const work = async (job) => {
  lateness.push(Date.now() - job.data.due);
};
const settings = { connection, concurrency: CONCURRENCY, removeOnComplete: { count: 0 } };
const workers = [new Worker("delays", work, settings), new Worker("delays", work, settings)];
await Promise.all(workers.map((worker) => worker.waitUntilReady()));

const started = Date.now();
const job = (due) => ({ name: "hold", data: { due }, opts: { delay: Math.max(0, due - Date.now()), removeOnComplete: true } });
const first = started + leadMs;
for (let number = 0; number < items; number += BATCH) {
  const batch = Array.from({ length: Math.min(BATCH, items - number) }, (_, index) => first + ((number + index) * 1000) / items);
  await queue.addBulk(batch.map((due) => job(Math.round(due))));
}

const armed = Date.now();
let arrived = 0;
const pace = setInterval(() => {
  const due = ((Date.now() - armed) / 1000) * arrivals;
  while (arrived < due) {
    arrived += 1;
    queue.add("hold", {}, { delay: LATER_MS }).catch(fail);
  }
}, 5);
const done = setInterval(() => {
  if (lateness.length < items) return;
  clearInterval(done);
  clearInterval(pace);
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ lateness_ms: lateness, cpu_seconds: (user + system) / 1e6, armed_ms: armed - started }));
  process.exit(0);
}, 20);

function fail(error) {
  console.error(error);
  process.exit(1);
}
