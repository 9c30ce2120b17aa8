// The API as the page sees it: where it is, with which key, and whether it answers.
import { signal } from "../vendor/preact.js";
import { Problem, query, request, requestFile, requestJSON } from "./http.js";
import { apiKey } from "./prefs.js";

export { Problem, query };

const base = document.querySelector('meta[name="gleaner-api"]')?.content ?? "";

// at is what request needs; workers are given a copy.
export const at = () => ({ base: base || location.origin, key: apiKey.value });

// reachable turns false when a request gets no answer and true with the next one.
export const reachable = signal(true);
// locked turns true when the server wants a key, or another one.
export const locked = signal(false);

// Losing the network is known at once; that it is back, only an answer proves.
addEventListener("offline", () => (reachable.value = false));
addEventListener("online", () => raw("GET", "/health", { timeout: 5000 }).catch(() => {}));

// Paths that are answered without a key say nothing about whether one is needed.
const isPublic = (path) => /^\/(?:meta|health)\b/.test(path);

async function watch(path, promise) {
  try {
    const result = await promise;
    reachable.value = true;
    if (!isPublic(path)) locked.value = false;
    return result;
  } catch (error) {
    if (error instanceof Problem) {
      reachable.value = error.status !== 0;
      if (error.status === 401) locked.value = true;
    }
    throw error;
  }
}

export const get = (path, options) => watch(path, requestJSON(at(), "GET", path, options));
export const post = (path, json, options) => watch(path, requestJSON(at(), "POST", path, { json, ...options }));
export const del = (path, options) => watch(path, requestJSON(at(), "DELETE", path, options));
export const raw = (method, path, options) => watch(path, request(at(), method, path, options));

export const jobPath = (id, rest = "") => `/jobs/${encodeURIComponent(id)}${rest}`;

// download saves what a path answers. Without a key the browser does it alone,
// streaming to the disk; a key has to be sent as a header, which a link cannot.
export async function download(path, filename) {
  let href = at().base + path;
  if (apiKey.value) {
    const response = await watch(path, requestFile(at(), path, { timeout: 15 * 60 * 1000 }));
    href = URL.createObjectURL(await response.blob());
    setTimeout(() => URL.revokeObjectURL(href), 60000);
  }
  const link = Object.assign(document.createElement("a"), { href, download: filename });
  document.body.append(link);
  link.click();
  link.remove();
}
