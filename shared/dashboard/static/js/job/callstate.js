// How far a webhook call has come.
import { duration } from "../format.js";

// state says how far a call has come: its tone, its word, and when the next try is.
export function state(call, now) {
  if (call.delivered_at) return { tone: "ok", word: "Delivered", over: true };
  if (call.gave_up_at) return { tone: "bad", word: "Given up", over: true };
  const left = (Date.parse(call.next_at) - now) / 1000;
  return { tone: "warn", word: "Trying", over: false, next: left < 1 ? "next try now" : `next try in ${left < 60 ? `${Math.round(left)} s` : duration(Math.round(left))}` };
}
