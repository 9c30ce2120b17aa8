// What the server says about itself: outcomes and their words, defaults, limits.
import { signal } from "../vendor/preact.js";
import { get } from "./api.js";

const fallback = Object.freeze({
  version: "",
  outcomes: {},
  kinds: [],
  defaults: {},
  limits: {},
  push: { websocket: false, events: false },
});

export const meta = signal(fallback);
export const metaLoaded = signal(false);

let wait = 1000;

// loadMeta asks until it is answered; the page works meanwhile.
export async function loadMeta() {
  try {
    meta.value = { ...fallback, ...(await get("/meta")) };
    metaLoaded.value = true;
    wait = 1000;
  } catch {
    setTimeout(loadMeta, wait);
    wait = Math.min(30000, wait * 2);
  }
}

// outcome describes one outcome even if the server is newer than this page.
export function outcome(word) {
  return meta.value.outcomes[word] ?? { class: "failed", text: word.replaceAll("_", " "), retryable: false };
}

export const kindText = (kind) => (kind || "").replaceAll("_", " ");
