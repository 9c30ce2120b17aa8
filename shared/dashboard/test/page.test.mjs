import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../static/js/format.js";
import { backoff } from "../static/js/live/backoff.js";
import { EventParser } from "../static/js/live/eventparser.js";
import { doneOf } from "../static/js/live/done.js";
import { newer } from "../static/js/live/order.js";
import { append, begin, current, rates } from "../static/js/live/series.js";
import { earlier, state } from "../static/js/job/callstate.js";
import { changed, check, describe } from "../static/js/options.js";
import { split } from "../static/js/ui/url.js";
import { path } from "../static/js/jobs/sparkline.js";
import { parse } from "../static/js/router.js";
import { kinds, order, tally } from "../static/js/table/filter.js";

test("numbers and times for people", () => {
  assert.equal(format.int(1234567), "1,234,567");
  assert.equal(format.compact(9999), "9,999");
  assert.equal(format.compact(12345), "12.3K");
  assert.equal(format.bytes(999), "999 B");
  assert.equal(format.bytes(1500), "1.5 kB");
  assert.equal(format.bytes(999999), "1.0 MB");
  assert.equal(format.duration(0.043), "43 ms");
  assert.equal(format.duration(9.97), "10 s");
  assert.equal(format.duration(59.7), "1 min");
  assert.equal(format.duration(3599), "59 min 59 s");
  assert.equal(format.duration(7260), "2 h 1 min");
  assert.equal(format.duration(90000), "1 d 1 h");
  assert.equal(format.duration(Infinity), "–");
  assert.equal(format.percent(0, 0), "0 %");
  assert.equal(format.percent(1, 100000), "1 %");
  assert.equal(format.percent(99999, 100000), "99 %");
  assert.equal(format.percent(5, 5), "100 %");
  assert.equal(format.ago(0, 61000), "1 min ago");
  assert.equal(format.ago(NaN, 0), "");
  assert.equal(format.plural(1, "entry", "entries"), "1 entry");
  assert.equal(format.plural(0, "entry", "entries"), "0 entries");
  assert.equal(format.fileName("Bäcker & Söhne / 2026", "csv"), "Backer-Sohne-2026.csv");
  assert.equal(format.fileName("../../etc", "csv"), "etc.csv");
  assert.equal(format.fileName("", "csv"), "gleaner.csv");
});

test("routes are parsed and survive nonsense", () => {
  assert.deepEqual(parse("#/jobs/01J/urls?outcome=timeout&q=a%20b"), { path: ["jobs", "01J", "urls"], params: { outcome: "timeout", q: "a b" } });
  assert.deepEqual(parse(""), { path: [], params: {} });
  assert.deepEqual(parse("#/jobs/%E0%A4%A"), { path: ["jobs", "%E0%A4%A"], params: {} });
});

test("a URL that was tried again is one URL", () => {
  assert.equal(doneOf({ urls: 5000, total: 5000, processed: 2183 }), 2183);
  assert.equal(doneOf({ urls: 5000, total: 5183, processed: 2183 }), 2000, "183 are tried again");
  assert.equal(doneOf({ urls: 5000, total: 5183, processed: 5183 }), 5000);
  assert.equal(doneOf({ urls: 0, total: 0, processed: 0 }), 0);
  assert.equal(doneOf({ urls: 12 }), 0, "nothing is known yet");
});

test("a snapshot that was overtaken is not shown", () => {
  const at = (version, t) => ({ version, server_time: new Date(t).toISOString() });
  const shown = at(5, 1000);
  assert.equal(newer(shown, at(4, 2000)), shown);
  assert.equal(newer(shown, at(5, 900)), shown);
  assert.equal(newer(shown, at(5, 2000)).server_time, at(5, 2000).server_time);
  assert.equal(newer(shown, at(6, 500)).version, 6);
  assert.equal(newer(null, shown), shown);
});

test("waiting doubles up to half a minute and is spread", () => {
  assert.deepEqual([0, 1, 2, 5, 50].map((n) => backoff(n, () => 1)), [1000, 2000, 4000, 30000, 30000]);
  assert.equal(backoff(0, () => 0), 500);
});

test("events are parsed however the stream is cut", () => {
  const stream = ': hello\r\nretry: 3000\r\n\r\nevent: progress\r\nid: 7\r\ndata: {"a":\r\ndata: 1}\r\n\r\n\ndata:x\n\n';
  const want = [
    { type: "progress", data: '{"a":\n1}', id: "7" },
    { type: "message", data: "x", id: "7" },
  ];
  for (let n = 1; n <= stream.length; n++) {
    const parser = new EventParser();
    const got = [];
    for (let i = 0; i < stream.length; i += n) got.push(...parser.push(stream.slice(i, i + n)));
    assert.deepEqual(got, want, `pieces of ${n}`);
    assert.equal(parser.retry, 3000);
  }
});

test("a series stays small, in order, and keeps its first and last point", () => {
  let series = begin({ started_at: new Date(0).toISOString() });
  for (let s = 1; s <= 20000; s++) series = append(series, { t: s * 1000, urls: s * 10, emails: s });
  assert.ok(series.length > 100 && series.length <= 360, `${series.length} points`);
  assert.deepEqual(series[0], { t: 0, urls: 0, emails: 0 });
  assert.deepEqual(series.at(-1), { t: 20000000, urls: 200000, emails: 20000 });
  assert.ok(series.every((p, i) => i === 0 || p.t > series[i - 1].t));
  const [t, urls, emails] = rates(series);
  assert.equal(t.length, urls.length);
  assert.ok(urls.every((v) => Math.abs(v - 10) < 1e-6) && emails.every((v) => Math.abs(v - 1) < 1e-6));
  assert.ok(Math.abs(current(series) - 10) < 1e-6);
});

test("a series ignores what is old and begins anew when figures fall", () => {
  const series = append([{ t: 0, urls: 0, emails: 0 }], { t: 5000, urls: 50, emails: 5 });
  assert.equal(append(series, { t: 4000, urls: 60, emails: 5 }), series);
  assert.deepEqual(append(series, { t: 6000, urls: 10, emails: 1 }), [{ t: 6000, urls: 10, emails: 1 }]);
  assert.equal(current([{ t: 0, urls: 0, emails: 0 }]), null);
  assert.deepEqual(rates([]), [[], [], []]);
});

test("a burst within a moment is no spike", () => {
  const points = [0, 1000, 2000, 3000, 4000, 5000, 6000, 6100].map((t, i) => ({ t, urls: i < 7 ? i * 10 : 160, emails: 0 }));
  const [, urls] = rates(points);
  assert.ok(urls.every((v) => v >= 9.99 && v < 35), `${urls}`);
});

test("a sparkline begins at the left edge and stays in its box", () => {
  assert.equal(path([0, 5, 10]), "M0.0 27.0L50.0 14.5L100.0 2.0");
});

test("options are checked, and only what was changed is sent", () => {
  const defaults = { follow: "auto", page_budget: 6, per_host: 2, gap_ms: 0 };
  assert.deepEqual(changed({ follow: "auto", page_budget: 9, webhook: "", insecure_tls: false, stop_after: 0 }, defaults), { page_budget: 9 });
  assert.deepEqual(changed({ insecure_tls: true, stop_after: 5 }, defaults), { insecure_tls: true, stop_after: 5 });
  assert.deepEqual(Object.keys(check({ page_budget: 0, per_host: 2, webhook: "ftp://x", gap_ms: 1.5 })).sort(), ["gap_ms", "page_budget", "webhook"]);
  assert.deepEqual(describe({ follow: "none", max_depth: 2, insecure_tls: true, keep_obfuscated: false }), [
    ["Pages to visit", "Only the pages listed"],
    ["Read sites with broken certificates too", "yes"],
  ]);
});

const emails = [
  { email: "b@y.de", source_url: "https://y.de/", kind: "role", found_by: "text", confidence: 0.9, own_domain: true },
  { email: "a@x.de", source_url: "https://x.de/impressum", kind: "personal", found_by: "mailto", confidence: 0.5, own_domain: false },
  { email: "c@x.de", source_url: "https://z.de/", kind: "role", found_by: "mailto", confidence: 0.8, own_domain: false },
];

test("addresses are filtered as the API filters them", () => {
  const found = (f) => order(emails, kinds.emails.matcher(f)).map((i) => emails[i].email[0]).join("");
  assert.equal(found({}), "bac");
  assert.equal(found({ q: "IMPRESSUM" }), "a");
  assert.equal(found({ domain: "X.de" }), "ac");
  assert.equal(found({ kind: "role", found_by: "mailto" }), "c");
  assert.equal(found({ min_confidence: "0.8" }), "bc");
  assert.equal(found({ own_domain: "false" }), "ac");
  assert.equal(found({ own_domain: "true" }), "b");
  assert.equal(found({ own_domain: "" }), "bac");
});

test("URLs are filtered by class and outcome", () => {
  const visits = [
    { url: "https://a.de/", outcome: "found" },
    { url: "https://b.de/", outcome: "timeout", detail: "no byte for 15 s" },
    { url: "https://c.de/", outcome: "robots_disallowed" },
  ];
  const classOf = (o) => ({ found: "ok", timeout: "failed", robots_disallowed: "refused" })[o];
  const found = (f) => order(visits, kinds.urls.matcher(f, classOf)).map((i) => visits[i].url[8]).join("");
  assert.equal(found({ class: "failed" }), "b");
  assert.equal(found({ outcome: "found" }), "a");
  assert.equal(found({ q: "BYTE" }), "b");
});

test("sorting is stable both ways", () => {
  const by = (name, descending) => order(emails, () => true, kinds.emails.columns[name], descending).map((i) => emails[i].email[0]).join("");
  assert.equal(by("email", false), "abc");
  assert.equal(by("email", true), "cba");
  assert.equal(by("kind", false), "abc");
  assert.equal(by("kind", true), "bca");
  assert.equal(by("confidence", true), "bca");
});

test("facets are counted, the commonest first", () => {
  assert.deepEqual(tally(emails, kinds.emails.facets).domain, [["x.de", 2], ["y.de", 1]]);
});

test("a webhook call is delivered, given up or tried again", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  const of = (call) => state({ attempts: 2, tried_at: "2026-11-23T11:59:00Z", ...call }, now);
  assert.deepEqual(of({ delivered_at: "2026-11-23T11:59:00Z" }), { tone: "ok", word: "Delivered", over: true });
  assert.deepEqual(of({ gave_up_at: "2026-11-23T11:59:00Z" }), { tone: "bad", word: "Given up", over: true });
  assert.deepEqual(of({ next_at: "2026-11-23T12:02:10Z" }), { tone: "warn", word: "Trying", over: false, next: "next try in 2 min 10 s" });
  assert.equal(of({ next_at: "2026-11-23T12:00:04Z" }).next, "next try in 4 s");
  assert.equal(of({ next_at: "2026-11-23T11:59:58Z" }).next, "next try now");
});

test("a webhook call that is sent again says what became of it before", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  assert.deepEqual(state({ attempts: 0, again: 1, next_at: "2026-11-23T11:59:59Z" }, now), {
    tone: "warn",
    word: "Sending",
    over: false,
    next: "about to be sent again",
  });
  const round = { attempts: 10, tried_at: "2026-11-23T10:00:00Z" };
  const gone = { ...round, gave_up_at: "2026-11-23T10:00:00Z" };
  assert.equal(earlier({ attempts: 1 }, now), "");
  assert.equal(earlier({ earlier: [gone] }, now), "Before: given up after 10 tries, 2 h ago");
  assert.equal(earlier({ earlier: [{ ...round, attempts: 1 }, gone] }, now), "Before: not delivered after 1 try, 2 h ago · 1 round before that");
  assert.equal(earlier({ earlier: [{ ...round, delivered_at: round.tried_at }, gone, gone] }, now), "Before: delivered after 10 tries, 2 h ago · 2 rounds before that");
});

test("a URL is taken apart at the end of its host", () => {
  assert.deepEqual(split("https://www.tischlerei-ahrens.de/kontakt?a=1#b"), ["tischlerei-ahrens.de", "/kontakt?a=1#b"]);
  assert.deepEqual(split("http://tischlerei-ahrens.de:8080/"), ["tischlerei-ahrens.de:8080", ""]);
  assert.deepEqual(split("https://tischlerei-ahrens.de?a=/b"), ["tischlerei-ahrens.de", "?a=/b"]);
  assert.deepEqual(split("tischlerei-ahrens.de/kontakt"), ["tischlerei-ahrens.de", "/kontakt"]);
});
