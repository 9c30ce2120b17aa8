// How far a webhook call has come.
import { ago, duration, plural } from "../format.js";

// state says how far a call has come: its tone, its word, and when the next try is.
export function state(call, now) {
  if (call.delivered_at) return { tone: "ok", word: "Delivered", over: true };
  if (call.gave_up_at) return { tone: "bad", word: "Given up", over: true };
  if (call.attempts === 0) return { tone: "warn", word: "Sending", over: false, next: "about to be sent again" };
  const left = (Date.parse(call.next_at) - now) / 1000;
  return { tone: "warn", word: "Trying", over: false, next: left < 1 ? "next try now" : `next try in ${left < 60 ? `${Math.round(left)} s` : duration(Math.round(left))}` };
}

// earlier says what became of a call before it was sent again, or nothing if it never was.
export function earlier(call, now) {
  const [last, ...rest] = call.earlier ?? [];
  if (!last) return "";
  const word = last.delivered_at ? "delivered" : last.gave_up_at ? "given up" : "not delivered";
  const before = `Before: ${word} after ${plural(last.attempts, "try", "tries")}, ${ago(Date.parse(last.tried_at), now)}`;
  return rest.length ? `${before} · ${plural(rest.length, "round")} before that` : before;
}
