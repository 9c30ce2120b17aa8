// The table's own thread: fetches all pages of a list, keeps the rows, filters and
// sorts them, and hands out the few that are on the screen.
import { Problem, query, requestJSON } from "../http.js";
import { backoff } from "../live/backoff.js";
import { kinds, order, tally } from "./filter.js";

const PAGE = 1000;
const REPORT_MS = 250;

// Above this many rows the server filters: see overflow below.
const MAX_ROWS = 300000;

let what; // kinds.emails or kinds.urls
let source; // {at, path, field}
let classes = {}; // class of each outcome
let filters = {};
let sorting = { by: "", descending: false };
let rows = [];
let index = new Map(); // key → position in rows
let view = [];
const selected = new Set();
let pass = 0; // the loading that counts
let overflow = false; // there are more rows than are kept: filters go to the server
let status = { loading: false, complete: false, error: null };
let timer = 0;
let anchor = -1; // where a range selection begins

onmessage = ({ data }) => handlers[data.cmd](data);

const handlers = {
  open(data) {
    ({ classes, filters, sorting } = data);
    what = kinds[data.field];
    source = { at: data.at, path: data.path, field: data.field };
    load();
  },
  reload() {
    if (!status.loading) load();
  },
  filter(data) {
    filters = data.filters;
    anchor = -1;
    if (overflow) {
      rows = [];
      index = new Map();
      load();
    }
    arrange();
  },
  sort(data) {
    sorting = data.sorting;
    anchor = -1;
    arrange();
  },
  window({ from, to, ask }) {
    const part = view.slice(from, to).map((i) => ({ row: rows[i], selected: selected.has(rows[i][what.key]) }));
    postMessage({ type: "window", from, part, ask });
  },
  select({ at, range, on }) {
    const [first, last] = range && anchor >= 0 ? [Math.min(anchor, at), Math.max(anchor, at)] : [at, at];
    for (let n = first; n <= last; n++) mark(view[n], on);
    anchor = at;
    report();
  },
  selectAll({ on }) {
    if (on) for (const i of view) mark(i, true);
    else selected.clear();
    report();
  },
  // copy answers with the keys that are selected, or else with all that match.
  copy({ ask }) {
    const keys = selected.size ? [...selected] : view.map((i) => rows[i][what.key]);
    postMessage({ type: "copied", ask, count: keys.length, text: keys.join("\n") });
  },
};

function mark(i, on) {
  if (i === undefined) return;
  if (on) selected.add(rows[i][what.key]);
  else selected.delete(rows[i][what.key]);
}

// load goes through the whole list once more: rows that are known are replaced,
// new ones are added.
async function load() {
  const mine = ++pass;
  status = { loading: true, complete: false, error: null };
  report();
  let cursor = "";
  let faults = 0;
  do {
    try {
      const narrowed = overflow ? filters : {};
      const path = source.path + query({ ...narrowed, cursor, limit: PAGE });
      const page = await requestJSON(source.at, "GET", path, { timeout: 60000 });
      if (mine !== pass) return;
      faults = 0;
      take(page[source.field] ?? []);
      cursor = page.next ?? "";
    } catch (error) {
      if (mine !== pass) return;
      const passing = error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (!passing || faults >= 4) {
        const problem = error instanceof Problem ? error : new Problem({ title: error.message });
        status = { loading: false, complete: false, error: problem.plain() };
        arrange();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter * 1000 || backoff(faults++)));
      continue;
    }
    if (rows.length >= MAX_ROWS && cursor) {
      overflow = true;
      break;
    }
    arrangeSoon();
  } while (cursor);
  status = { loading: false, complete: true, error: null };
  arrange();
}

function take(page) {
  for (const row of page) {
    const key = row[what.key];
    const at = index.get(key);
    if (at === undefined) {
      index.set(key, rows.length);
      rows.push(row);
    } else {
      rows[at] = row;
    }
  }
}

function arrangeSoon() {
  if (!timer) timer = setTimeout(arrange, REPORT_MS);
}

function arrange() {
  clearTimeout(timer);
  timer = 0;
  const matches = what.matcher(filters, (outcome) => classes[outcome] ?? "failed");
  view = order(rows, matches, what.columns[sorting.by], sorting.descending);
  report(tally(rows, what.facets));
}

function report(facets) {
  postMessage({
    type: "state",
    ...status,
    loaded: rows.length,
    matching: view.length,
    selected: selected.size,
    overflow,
    ...(facets ? { facets } : {}),
  });
}
