// A job's figures over time, as this browser saw them: cumulative points, thinned
// as they become many, from which rates are derived.

const MAX_POINTS = 360;

// append adds the point {t, urls, emails} (t in milliseconds) and returns the
// series to keep. Points closer than a resolution that grows with the job's age
// replace the one before; figures that fall begin a new series (a retry takes
// nothing off, so they only do when it is another job).
export function append(points, point) {
  const last = points.at(-1);
  if (!last) return [point];
  if (point.t <= last.t) return points;
  if (point.urls < last.urls) return [point];
  const before = points.at(-2);
  if (before && point.t - before.t < resolution(points, point.t)) return [...points.slice(0, -1), point];
  const grown = [...points, point];
  return grown.length <= MAX_POINTS ? grown : thin(grown);
}

const resolution = (points, now) => Math.max(1000, (now - points[0].t) / (MAX_POINTS / 2));

// thin drops every second point but the first and the last.
function thin(points) {
  return points.filter((_, i) => i % 2 === 0 || i === points.length - 1);
}

// rates gives uPlot's columns: seconds since the first point, URLs per second,
// addresses per second. Batches settle in bursts, so each value is the mean over
// the last few seconds, more of them in a long job.
export function rates(points) {
  const span = points.length > 1 ? (points.at(-1).t - points[0].t) / 1000 : 0;
  const window = Math.max(4, span / 40) * 1000;
  const columns = [[], [], []];
  let from = 0;
  for (let i = 1; i < points.length; i++) {
    while (points[from + 1].t <= points[i].t - window) from++;
    const seconds = (points[i].t - points[from].t) / 1000;
    const urls = (points[i].urls - points[from].urls) / seconds;
    const emails = (points[i].emails - points[from].emails) / seconds;
    if (i === 1) push(columns, 0, urls, emails);
    push(columns, (points[i].t - points[0].t) / 1000, urls, emails);
  }
  return columns;
}

const push = (columns, ...values) => values.forEach((v, i) => columns[i].push(v));

// current is the rate of the last seconds, which tells more than the mean since
// the start; null while too little is known.
export function current(points, seconds = 15) {
  const last = points.at(-1);
  if (!last) return null;
  const since = points.findLast((p) => p.t <= last.t - seconds * 1000) ?? points[0];
  const span = (last.t - since.t) / 1000;
  return span < 3 ? null : (last.urls - since.urls) / span;
}

// begin is the series of a snapshot nobody watched until now: from the start.
export function begin(snapshot) {
  const start = Date.parse(snapshot.started_at ?? "");
  return Number.isFinite(start) ? [{ t: start, urls: 0, emails: 0 }] : [];
}

export function pointOf(snapshot) {
  const final = Date.parse(snapshot.finished_at ?? "");
  const t = Number.isFinite(final) ? final : Date.parse(snapshot.server_time ?? "");
  return { t: Number.isFinite(t) ? t : Date.now(), urls: snapshot.processed, emails: snapshot.emails };
}
