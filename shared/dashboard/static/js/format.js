// Numbers and times for people. Everything here is pure.

const integer = new Intl.NumberFormat("en");
const compactNumber = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const int = (n) => integer.format(Math.round(n || 0));
export const compact = (n) => (Math.abs(n) < 10000 ? int(n) : compactNumber.format(n));

export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

// duration writes seconds with the two largest units that matter.
export function duration(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ""}`;
  if (s < 86400) return `${Math.floor(s / 3600)} h${Math.floor((s % 3600) / 60) ? ` ${Math.floor((s % 3600) / 60)} min` : ""}`;
  return `${Math.floor(s / 86400)} d${Math.floor((s % 86400) / 3600) ? ` ${Math.floor((s % 86400) / 3600)} h` : ""}`;
}

export function rate(perSecond) {
  if (!perSecond) return "0";
  if (perSecond < 10) return perSecond.toFixed(1);
  return compact(perSecond);
}

// percent never says 100 before everything is done, nor 0 once something is.
export function percent(part, whole) {
  if (!whole || !part) return "0 %";
  if (part >= whole) return "100 %";
  return `${Math.min(99, Math.max(1, Math.round((part / whole) * 100)))} %`;
}

// ago writes how long before now a moment was; both in milliseconds.
export function ago(then, now = Date.now()) {
  const s = Math.max(0, (now - then) / 1000);
  if (!Number.isFinite(s)) return "";
  if (s < 5) return "just now";
  if (s < 60) return `${Math.floor(s)} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
  if (s < 7 * 86400) return `${Math.floor(s / 86400)} d ago`;
  return day(then);
}

const dayFormat = new Intl.DateTimeFormat("en", { year: "numeric", month: "short", day: "numeric" });
const clockFormat = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

export const day = (when) => dayFormat.format(new Date(when));
export const clock = (when) => clockFormat.format(new Date(when));
export const moment = (when) => `${day(when)}, ${clock(when)}`;

export const plural = (n, one, many = `${one}s`) => `${int(n)} ${n === 1 ? one : many}`;

// fileName makes a name usable in every file system.
export function fileName(name, extension) {
  const stem = (name || "gleaner").normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return `${stem.slice(0, 80) || "gleaner"}.${extension}`;
}
