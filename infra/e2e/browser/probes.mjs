// Ways to look at the page and into the browser.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// prepareDrop hands a file to the page and resolves with the function that drops
// it there, so that only the drop itself is counted as the page's work.
export async function prepareDrop(page, name, text) {
  const handle = await page.evaluateHandle(
    async ([fileName, content]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], fileName));
      return transfer;
    },
    [name, text],
  );
  return () => page.dispatchEvent("body", "drop", { dataTransfer: handle });
}

// number reads a tile or another element as a number: "12,345 of …" → 12345.
export async function number(locator) {
  const text = (await locator.getAttribute("title")) ?? (await locator.textContent());
  return Number(/[\d,]+/.exec(text)?.[0].replaceAll(",", "") ?? NaN);
}

export const tile = (page, label) =>
  page.locator(".tile").filter({ has: page.locator(".tile-label", { hasText: new RegExp(`^${label}$`) }) }).locator(".tile-value");

// eventually repeats a check until it holds or time is up.
export async function eventually(what, check, seconds = 20) {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const value = await check();
    if (value) return value;
    assert.ok(Date.now() < until, `${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const connection = (page) => page.locator("[data-connection]").getAttribute("data-connection");

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// faults lists what axe finds serious or critical.
export async function faults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")}`);
}

// longestTask traces what the main thread does during an action and resolves with
// its longest task in milliseconds: of processor time, which does not depend on
// what else the machine is doing, and by the clock.
export async function longestTask(browser, page, action) {
  await browser.startTracing(page, { categories: ["toplevel", "__metadata", "disabled-by-default-devtools.timeline", "devtools.timeline"] });
  let trace;
  try {
    await action();
  } finally {
    trace = await browser.stopTracing();
  }
  const { traceEvents } = JSON.parse(trace.toString());
  const main = new Set(
    traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain").map((e) => `${e.pid} ${e.tid}`),
  );
  const tasks = traceEvents.filter((e) => /RunTask$/.test(e.name) && e.ph === "X" && main.has(`${e.pid} ${e.tid}`));
  assert.ok(tasks.length > 50, `only ${tasks.length} tasks were traced`);
  const most = (field) => tasks.reduce((max, e) => Math.max(max, e[field] ?? 0), 0) / 1000;
  return { cpu: most("tdur"), wall: most("dur"), tasks: tasks.length };
}

// watch notes what goes wrong in a page, and the pushed snapshots' versions.
export function watch(page) {
  const seen = { errors: [], versions: [], polls: 0 };
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) seen.errors.push(message.text());
  });
  page.on("request", (request) => {
    if (/\/progress$/.test(request.url())) seen.polls++;
  });
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(payload);
      if (message.type === "progress") seen.versions.push(message.version);
    }),
  );
  return seen;
}

// recordFigures notes in the page whenever a job's number of finished URLs falls.
export const recordFigures = (page) =>
  page.addInitScript(() => {
    let where = "";
    let last = 0;
    window.falls = [];
    setInterval(() => {
      const shown = document.querySelector(".tile-value")?.title;
      const now = Number(/^[\d,]+/.exec(shown ?? "")?.[0].replaceAll(",", ""));
      if (!shown) return;
      if (where === location.hash && now < last) window.falls.push(`${last} to ${now}`);
      where = location.hash;
      last = now;
    }, 20);
  });
