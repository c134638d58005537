// A headless Chromium, driven by the DevTools protocol over a pipe: nothing to install beside the browser itself.

import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
  "--disable-component-update", "--disable-default-apps", "--disable-sync", "--no-first-run", "--mute-audio",
  "--remote-debugging-pipe",
];
const PATIENCE_MS = 15000;
// What the browser logs about answers that a page expects, such as 401 when there is no place.
const EXPECTED = /^Failed to load resource/;

export class Chromium {
  #process;
  #profile;
  #calls = new Map();
  #last = 0;
  #sessions = new Map();
  /** What pages have complained about: exceptions, and what their policy has forbidden. */
  complaints = [];

  static async start(program = process.env.ONSALE_TEST_BROWSER ?? "chromium") {
    const chromium = new Chromium();
    chromium.#profile = fs.mkdtempSync(path.join(os.tmpdir(), "onsale-browser-"));
    const stdio = ["ignore", "ignore", "ignore", "pipe", "pipe"];
    chromium.#process = spawn(program, [...FLAGS, `--user-data-dir=${chromium.#profile}`, "about:blank"], { stdio });
    chromium.#process.on("error", (error) => chromium.#failed(error));
    chromium.#process.on("exit", (code) => chromium.#failed(new Error(`${program} ended with ${code}`)));
    chromium.#process.stdio[3].on("error", () => {}); // told by "exit"
    let rest = "";
    chromium.#process.stdio[4].setEncoding("utf8").on("data", (chunk) => {
      const messages = (rest + chunk).split("\0");
      rest = messages.pop();
      for (const message of messages) chromium.#hear(JSON.parse(message));
    });
    await chromium.call("Browser.getVersion");
    return chromium;
  }

  call(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { method, resolve, reject });
      this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** A browser of its own: its cookies and storage are shared by its tabs and by nobody else. */
  async person({ language = "en-US" } = {}) {
    const { browserContextId } = await this.call("Target.createBrowserContext");
    return {
      tab: (address, options) => this.#tab(browserContextId, address, { language, ...options }),
      cookies: async () => (await this.call("Storage.getCookies", { browserContextId })).cookies,
      leave: () => this.call("Target.disposeBrowserContext", { browserContextId }),
    };
  }

  async stop() {
    const ended = new Promise((resolve) => { this.#process.once("exit", resolve); });
    this.call("Browser.close").catch(() => {});
    await Promise.race([ended, sleep(5000).then(() => this.#process.kill("SIGKILL"))]);
    fs.rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #tab(browserContextId, address, { language, width = 800, height = 800, scale = 1, dark = false }) {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.call("Target.attachToTarget", { targetId, flatten: true });
    const call = (method, params) => this.call(method, params, sessionId);
    this.#sessions.set(sessionId, (method, params) => this.#noted(method, params));
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await call(`${domain}.enable`);
    await call("Network.setExtraHTTPHeaders", { headers: { "Accept-Language": language } });
    await call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: width < 400 });
    const features = [
      { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
      { name: "prefers-reduced-motion", value: "reduce" },
    ];
    await call("Emulation.setEmulatedMedia", { features });
    const tab = new Tab(call, () => this.call("Target.closeTarget", { targetId }));
    await tab.go(address);
    return tab;
  }

  #noted(method, params) {
    if (method === "Runtime.exceptionThrown") {
      const { text, exception } = params.exceptionDetails;
      this.complaints.push(exception?.description ?? text);
    }
    if (method === "Log.entryAdded" && !EXPECTED.test(params.entry.text)) this.complaints.push(params.entry.text);
  }

  #hear({ id, method, params, result, error, sessionId }) {
    if (!id) {
      this.#sessions.get(sessionId)?.(method, params);
      return;
    }
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    if (error) call?.reject(new Error(`${call.method}: ${error.message}`));
    else call?.resolve(result);
  }

  #failed(error) {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

class Tab {
  constructor(call, close) {
    this.call = call;
    this.close = close;
  }

  async go(address) {
    await this.call("Page.navigate", { url: address });
  }

  /** The value of an expression in the page. */
  async value(expression) {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = await this.call("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true, through whatever the page loads meanwhile. */
  async until(expression, patience = PATIENCE_MS) {
    const limit = Date.now() + patience;
    for (;;) {
      const value = await this.value(expression).catch(() => undefined);
      if (value) return value;
      if (Date.now() > limit) {
        const seen = await this.value("`${location}\\n${document.body.innerText}`").catch(String);
        throw new Error(`never: ${expression}\nbut: ${seen}`);
      }
      await sleep(50);
    }
  }

  shows(headline, patience) {
    return this.until(`document.getElementById("title")?.textContent === ${JSON.stringify(headline)}`, patience);
  }

  /** One of the figures on the waiting page; nothing when it is not shown. */
  fact(kind) {
    const node = `document.querySelector("[data-fact=${kind}]")`;
    return this.value(`${node}.hidden ? undefined : ${node}.lastElementChild.textContent`);
  }

  click(selector) {
    return this.value(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }

  async screenshot(file) {
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.from(data, "base64"));
  }
}
