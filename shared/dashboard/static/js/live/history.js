// Keeps the series of the last jobs in this browser, so that leaving a job and
// coming back does not lose its curve, and the list can draw a small one.
import { append, begin, pointOf } from "./series.js";

const KEY = "gleaner.series";
const MAX_JOBS = 40;

let all;
let timer = 0;

function load() {
  if (all) return all;
  try {
    all = new Map(JSON.parse(localStorage.getItem(KEY)) ?? []);
  } catch {
    all = new Map();
  }
  return all;
}

function save() {
  timer = 0;
  try {
    const kept = [...all.entries()].slice(-MAX_JOBS).map(([id, s]) => [id, s.slice(-180)]);
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // No storage: the curves last as long as the page.
  }
}

export const seriesOf = (id) => load().get(id) ?? [];

// record takes a snapshot down and returns the job's series with it.
export function record(snapshot) {
  const known = load().get(snapshot.id);
  const series = append(known?.length ? known : begin(snapshot), pointOf(snapshot));
  if (series !== known) {
    all.delete(snapshot.id); // the newest last
    all.set(snapshot.id, series);
    if (!timer) timer = setTimeout(save, 2000);
  }
  return series;
}

globalThis.addEventListener?.("pagehide", () => timer && save());
