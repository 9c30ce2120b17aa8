// What the reader of this page prefers; kept in this browser only.
import { effect, signal } from "../vendor/preact.js";

const KEY = "gleaner.prefs";

export const defaultPrefs = Object.freeze({
  theme: "auto", // auto, light, dark
  update: "websocket", // websocket, events, polling
  interval: 3, // seconds between polls
  job: {}, // options a new job starts with, where they differ from the server's
});

// clean takes whatever was stored and returns usable preferences.
export function clean(stored) {
  const p = { ...defaultPrefs, ...(stored && typeof stored === "object" ? stored : {}) };
  if (!["auto", "light", "dark"].includes(p.theme)) p.theme = defaultPrefs.theme;
  if (!["websocket", "events", "polling"].includes(p.update)) p.update = defaultPrefs.update;
  p.interval = Math.min(60, Math.max(1, Number(p.interval) || defaultPrefs.interval));
  if (!p.job || typeof p.job !== "object") p.job = {};
  return p;
}

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off: preferences last as long as the page
  }
}

function write(key, value) {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // As above, or storage is full.
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const prefs = signal(clean(parse(read(KEY))));
export const apiKey = signal(read("gleaner.key") ?? "");

export function setPrefs(change) {
  prefs.value = clean({ ...prefs.value, ...change });
}

effect(() => {
  write(KEY, JSON.stringify(prefs.value));
  document.documentElement.dataset.theme = prefs.value.theme;
});
effect(() => write("gleaner.key", apiKey.value));

// Another tab changed them.
addEventListener("storage", (event) => {
  if (event.key === KEY) prefs.value = clean(parse(event.newValue));
  if (event.key === "gleaner.key") apiKey.value = event.newValue ?? "";
});
