// The dashboard as a person uses it, against the real server and its sample site.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connection, eventually, faults, longestTask, number, prepareDrop, recordFigures, tile, watch } from "./probes.mjs";
import { many, missing, removeTemporary, startBrowser, startServer, temporary } from "./setup.mjs";

const lack = missing();
const skip = lack && !process.env.CI ? lack : false;
const shots = process.env.SCREENSHOTS ?? join(temporary, "screenshots");

let server;
let browser;
let context;
let page;
let seen;
let job; // id of the job of 5,000 URLs
let cut; // ends every WebSocket and refuses new ones until mend is called
let mend;

before(async () => {
  if (skip) return;
  assert.equal(lack, "", "CI must have what these tests need");
  mkdirSync(shots, { recursive: true });
  server = await startServer();
  browser = await startBrowser();
  context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: "light", acceptDownloads: true });
  page = await context.newPage();
  seen = watch(page);
  await recordFigures(page);
  const open = new Set();
  let refused = false;
  cut = async () => {
    refused = true;
    for (const socket of open) await socket.close();
    open.clear();
  };
  mend = () => (refused = false);
  await page.routeWebSocket(/\/ws\b/, (socket) => {
    if (refused) return socket.close();
    open.add(socket);
    return socket.connectToServer();
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
  if (!process.env.SCREENSHOTS) removeTemporary();
});

const status = () => page.locator(".job-head .pill").textContent();
const api = async (path) => (await fetch(server.base + path)).json();
const snapshot = () => api(`/jobs/${job}/progress`);

async function everyPage(path, field) {
  const all = [];
  let cursor = "";
  do {
    const answer = await api(`${path}${path.includes("?") ? "&" : "?"}limit=1000&cursor=${encodeURIComponent(cursor)}`);
    all.push(...answer[field]);
    cursor = answer.next;
  } while (cursor);
  return all;
}

test("dropping a file of 5,000 URLs starts a job", { skip }, async () => {
  await page.goto(`${server.base}/#/new`);
  const list = many(server.urls, 5000);
  const text = [...list.slice(0, 4000), "nonsense", "mailto:anna@lindhorst.example", list[7], ...list.slice(4000)].join("\r\n");
  const drop = await prepareDrop(page, "Customers 2026.txt", text);
  await drop();
  await page.locator("#start:not([disabled])").waitFor();
  assert.equal(await number(page.locator(".preview-count")), 5000);
  assert.equal(await page.locator(".wrong-lines li").count(), 2);
  assert.match(await page.locator(".wrong-lines li").first().textContent(), /4,001\s*nonsense\s*host name has no dot/);
  assert.match(await page.locator(".facts").textContent(), /Duplicates1/);
  await page.click("#start");
  await page.locator(".toast", { hasText: /Started in [\d,]+ ms/ }).waitFor();
  job = /#\/jobs\/(\w+)$/.exec(page.url())[1];
  const { urls, duplicates, rejected, name } = await snapshot();
  assert.deepEqual({ urls, duplicates, rejected, name }, { urls: 5000, duplicates: 1, rejected: 2, name: "Customers 2026" });
});

test("the numbers move through the WebSocket", { skip }, async () => {
  await eventually("the live connection", async () => (await connection(page)) === "live");
  const done = tile(page, "Done");
  const first = await number(done);
  const polls = seen.polls;
  await eventually("a first move", async () => (await number(done)) > first);
  const second = await number(done);
  await eventually("a second move", async () => (await number(done)) > second);
  assert.equal(seen.polls, polls, "it polled although the WebSocket was open");
  assert.ok(seen.versions.length >= 2, `${seen.versions.length} pushes`);
  await page.screenshot({ path: join(shots, "running-light.png") });
});

test("polling takes over when the socket is cut, and hands back", { skip }, async () => {
  await cut();
  await eventually("polling", async () => (await connection(page)) === "polling");
  const polls = seen.polls;
  const shown = await number(tile(page, "Done"));
  await eventually("a poll", () => seen.polls > polls);
  await eventually("a move by polling", async () => (await number(tile(page, "Done"))) > shown || (await status()) === "Completed");
  mend();
  await eventually("the live connection again", async () => ["live", "idle"].includes(await connection(page)), 40);
  assert.deepEqual(await page.evaluate(() => window.falls), [], "figures went back");
});

test("the page can be left and reopened at its URL", { skip }, async () => {
  const shown = await number(tile(page, "Done"));
  await page.goto("about:blank");
  await page.goto(`${server.base}/#/jobs/${job}`);
  await tile(page, "Done").waitFor();
  assert.ok((await number(tile(page, "Done"))) >= shown, "the figures went back");
  assert.equal(await page.locator(".job-head h1").textContent(), "Customers 2026");
});

test("cancel keeps what was found, and retry goes on", { skip, timeout: 180000 }, async () => {
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await eventually("the cancellation", async () => (await status()) === "Cancelled");
  const stopped = await eventually("the end of the last worker", async () => {
    const s = await snapshot();
    return s.active_workers === 0 && s;
  });
  const left = stopped.total - stopped.processed + (stopped.outcomes.cancelled ?? 0);
  assert.ok(left > 0 && stopped.emails > 0, `${left} left out, ${stopped.emails} addresses kept`);
  const retry = page.getByRole("button", { name: /^Retry/ });
  await eventually("the number to retry", async () => Number((await retry.textContent()).replace(/\D/g, "")) >= left);
  await retry.click();
  await eventually("the second start", async () => (await status()) === "Running");
  await eventually("the job's end", async () => (await status()) === "Completed", 150);
  const done = await snapshot();
  assert.equal(done.outcomes.cancelled ?? 0, 0);
  assert.equal(Object.values(done.outcomes).reduce((a, b) => a + b, 0), 5000, "every URL has one outcome");
  assert.equal(await number(tile(page, "Addresses")), done.emails);
  assert.equal(await number(tile(page, "Done")), 5000, "what was tried again is counted once");
});

test("outcomes lead to their URLs", { skip }, async () => {
  const { outcomes } = await snapshot();
  await page.locator(".outcome-lists a.outcome", { hasText: "the site answered 4xx" }).click();
  await page.waitForURL(/urls\?outcome=http_4xx/);
  await page.locator(".grid-row").first().waitFor();
  await eventually("all rows", async () => (await number(page.locator(".table-bar > p"))) === outcomes.http_4xx);
  assert.equal(await page.locator(".grid-row .outcome-cell").first().textContent(), "the site answered 4xx");
});

test("addresses can be searched, and the export holds what is shown", { skip }, async () => {
  await page.getByRole("link", { name: /^Addresses/ }).click();
  const { emails } = await snapshot();
  await eventually("all addresses", async () => (await number(page.locator(".table-bar > p"))) === emails);
  await page.getByRole("searchbox").fill("info@");
  const wanted = (await everyPage(`/jobs/${job}/emails?q=info%40`, "emails")).map((a) => a.email);
  assert.ok(wanted.length > 10 && wanted.length < emails, `${wanted.length} of ${emails} match`);
  await eventually("the filtered count", async () => (await number(page.locator(".table-bar > p"))) === wanted.length);

  for (const format of ["CSV", "JSON lines", "Excel (XLSX)"]) {
    await page.locator(".table-bar summary").click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".table-bar .items button", { hasText: format }).click()]);
    const file = join(temporary, download.suggestedFilename());
    await download.saveAs(file);
    const content = readFileSync(file);
    if (format === "Excel (XLSX)") {
      assert.equal(content.subarray(0, 2).toString(), "PK");
      continue;
    }
    assert.equal(content.subarray(0, 3).toString("hex") === "efbbbf", format === "CSV", "Excel needs the mark");
    const lines = content.toString("utf8").replace(/^\ufeff/, "").trim().split(/\r?\n/);
    const got = format === "CSV" ? lines.slice(1).map((line) => line.split(",")[0]) : lines.map((line) => JSON.parse(line).email);
    assert.deepEqual(got.sort(), [...wanted].sort(), format);
  }
});

test("pause holds a job, resume goes on to its end", { skip, timeout: 90000 }, async () => {
  const body = many(server.urls, 1200).join("\n");
  const made = await (await fetch(`${server.base}/jobs?name=Pausing`, { method: "POST", body, headers: { "Content-Type": "text/plain" } })).json();
  await page.goto(`${server.base}/#/jobs/${made.job.id}`);
  await page.getByRole("button", { name: "Pause" }).click();
  await eventually("the pause", async () => (await status()) === "Paused");
  await eventually("the last worker's rest", async () => (await number(tile(page, "Active workers"))) === 0);
  const held = await number(tile(page, "Done"));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await api(`/jobs/${made.job.id}/progress`)).processed, held, "it went on");
  await page.getByRole("button", { name: "Resume" }).click();
  await eventually("the job's end", async () => (await status()) === "Completed", 60);
  assert.equal(await number(tile(page, "Done")), 1200);
});

test("server-sent events can be chosen", { skip, timeout: 90000 }, async () => {
  const other = await browser.newContext();
  try {
    const view = await other.newPage();
    const noted = watch(view);
    await view.goto(`${server.base}/#/settings`);
    await view.locator(".choices label", { hasText: "Server-sent events" }).click();
    await view.goto(`${server.base}/#/new`);
    await view.locator("#list").fill(many(server.urls, 700).join("\n"));
    const stream = view.waitForRequest(/\/events$/);
    await view.locator("#start:not([disabled])").click();
    await stream;
    await eventually("the live connection", async () => (await connection(view)) === "live");
    await eventually("the job's end", async () => (await view.locator(".job-head .pill").textContent()) === "Completed", 60);
    assert.equal(await number(tile(view, "Done")), 700);
    assert.deepEqual([noted.versions, noted.polls], [[], 0], "it used another way as well");
  } finally {
    await other.close();
  }
});

test("deleting can be undone", { skip }, async () => {
  await page.goto(`${server.base}/#/jobs/${job}`);
  await page.locator(".job-head summary").last().click();
  await page.locator(".menu .items button", { hasText: "Delete" }).click();
  await page.waitForURL(/#\/$/);
  await page.locator(".toast", { hasText: "Deleted Customers 2026" }).waitFor();
  await page.locator(".toast button", { hasText: "Undo" }).click();
  await page.waitForURL(new RegExp(`#/jobs/${job}$`));
  await tile(page, "Done").waitFor();
});

test("a job's page shows what became of its webhook calls", { skip, timeout: 60000 }, async () => {
  // The server may visit 127.0.0.1 and nothing else of the loopback network: the call is refused for good.
  const body = JSON.stringify({ name: "Announced", urls: server.urls.slice(0, 1), options: { webhook: "http://127.0.0.2/done" } });
  const made = await (await fetch(`${server.base}/jobs`, { method: "POST", body, headers: { "Content-Type": "application/json" } })).json();
  await page.goto(`${server.base}/#/jobs/${made.job.id}`);
  const call = page.getByRole("region", { name: "Webhook" }).locator(".calls li");
  await call.waitFor({ timeout: 30000 });
  assert.match(await call.textContent(), /Given up.*127\.0\.0\.2\/done.*1 try.*127\.0\.0\.2/s);
});

test("a call that was given up is sent again when its receiver is back", { skip, timeout: 60000 }, async () => {
  const got = [];
  const receiver = createServer((request, response) => {
    got.push(request.headers["gleaner-delivery"]);
    request.resume();
    response.writeHead(got.length === 1 ? 410 : 204).end();
  });
  await new Promise((listening) => receiver.listen(0, "127.0.0.1", listening));
  try {
    const body = JSON.stringify({ name: "Sent again", urls: server.urls.slice(1, 2), options: { webhook: `http://127.0.0.1:${receiver.address().port}/done` } });
    const made = await (await fetch(`${server.base}/jobs`, { method: "POST", body, headers: { "Content-Type": "application/json" } })).json();
    await page.goto(`${server.base}/#/jobs/${made.job.id}`);
    const region = page.getByRole("region", { name: "Webhook" });
    await region.locator(".calls .pill", { hasText: "Given up" }).waitFor({ timeout: 30000 });
    await region.getByRole("button", { name: "Send again" }).click();
    await page.locator(".toast", { hasText: "Sending the call again" }).waitFor();
    await region.locator(".calls .pill", { hasText: "Delivered" }).waitFor({ timeout: 30000 });
    assert.match(await region.locator(".calls li").textContent(), /1 try.*204.*Before: given up after 1 try/s);
    assert.ok(got.length === 2 && got[0] === got[1], `calls: ${got}`);
    await region.scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(shots, "webhook-again.png") });
    // Whoever may not, is told why.
    await page.route(`**/jobs/${made.job.id}/webhook`, (route) =>
      route.request().method() === "POST"
        ? route.fulfill({ status: 409, contentType: "application/problem+json", body: '{"title":"The state does not allow this","status":409,"detail":"Only a completed job is announced."}' })
        : route.continue(),
    );
    await region.getByRole("button", { name: "Send again" }).click();
    await page.locator(".toast.bad", { hasText: "Only a completed job is announced." }).waitFor();
    assert.equal(await region.getByRole("button", { name: "Send again" }).isDisabled(), false);
    await page.unroute(`**/jobs/${made.job.id}/webhook`);
  } finally {
    receiver.close();
  }
});

test("the page has its icon, and its title says how far the job is", { skip }, async () => {
  const icon = await page.locator("link[rel=icon]").evaluate((link) => fetch(link.href).then((r) => `${r.status} ${r.headers.get("Content-Type")}`));
  assert.equal(icon, "200 image/svg+xml");
  assert.equal(await page.title(), "Sent again · Gleaner");
  await page.goto(`${server.base}/#/jobs/none`);
  await page.getByRole("heading", { name: "There is no such job" }).waitFor();
});

test("a list of 100,000 URLs keeps the main thread free", { skip, timeout: 120000 }, async () => {
  await page.goto(`${server.base}/#/new`);
  await page.reload();
  await page.locator("#list").waitFor();
  const drop = await prepareDrop(page, "large.txt", many(server.urls, 100000).join("\n"));
  const longest = await longestTask(browser, page, async () => {
    await drop();
    await page.locator("#start:not([disabled])").waitFor({ timeout: 60000 });
    await page.click("#start");
    await page.locator(".toast", { hasText: /Started in/ }).waitFor({ timeout: 60000 });
    await tile(page, "Done").waitFor();
  });
  console.log(`longest task of the main thread: ${longest.cpu.toFixed(1)} ms of processor time, ${longest.wall.toFixed(1)} ms by the clock, of ${longest.tasks} tasks`);
  assert.ok(longest.cpu < 50, `${longest.cpu} ms`);
  const large = /#\/jobs\/(\w+)$/.exec(page.url())[1];
  assert.equal((await api(`/jobs/${large}`)).job.urls, 100000);
  await fetch(`${server.base}/jobs/${large}/cancel`, { method: "POST" });
});

const views = { jobs: "/", new: "/new", overview: "/jobs/ID", addresses: "/jobs/ID/addresses", urls: "/jobs/ID/urls", settings: "/settings", health: "/health", unknown: "/jobs/none" };

for (const [mode, options] of Object.entries({
  light: { viewport: { width: 1280, height: 860 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 860 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true, isMobile: true },
})) {
  test(`no serious fault of accessibility, nothing wider than the screen: ${mode}`, { skip, timeout: 120000 }, async () => {
    const other = await browser.newContext({ ...options, reducedMotion: "reduce" });
    try {
      for (const [name, route] of Object.entries(views)) {
        const view = await other.newPage();
        const noted = watch(view);
        await view.goto(`${server.base}/#${route.replace("ID", job)}`);
        await view.locator("main h1, main h2").first().waitFor();
        await view.waitForFunction(() => !document.querySelector("[aria-busy=true]"));
        assert.deepEqual(await faults(view), [], name);
        assert.ok(await view.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is too wide`);
        await view.screenshot({ path: join(shots, `${name}-${mode}.png`), fullPage: true });
        assert.deepEqual(noted.errors, [], name);
        await view.close();
      }
    } finally {
      await other.close();
    }
  });
}

test("nothing went wrong in the page meanwhile", { skip }, () => {
  assert.deepEqual(seen.errors, []);
});
