// The list being put together. It outlives the view, so that looking at another
// page loses nothing.
import { computed, effect, signal } from "../../vendor/preact.js";
import { at } from "../api.js";
import { meta } from "../meta.js";

const BIG_PASTE = 100_000; // characters; more would make a text field slow
const TYPING_MS = 180;

export const typed = signal("");
export const attached = signal(null); // {name, size, blob, pasted} instead of typed text
export const column = signal(null); // chosen by the reader
export const preview = signal(null); // what the worker found, see worker.js
export const fault = signal(""); // why the list could not be read
export const sending = signal(null); // {sent, total} while bytes travel
export const name = signal("");
export const options = signal({});

export const isEmpty = computed(() => !attached.value && typed.value.trim() === "");

let worker;
let run = 0;
let timer = 0;
let settle = null; // resolves the send under way

function theWorker() {
  if (worker) return worker;
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => data.run === run && receive(data);
  worker.onerror = () => {
    fault.value = "The list could not be read: this page is out of date or was interrupted. Reload it.";
    settle?.reject(new Error(fault.value));
  };
  return worker;
}

function receive(message) {
  switch (message.type) {
    case "preview":
      preview.value = message;
      break;
    case "failed":
      preview.value = null;
      fault.value = message.reason;
      break;
    case "sending":
      sending.value = { sent: message.sent, total: message.total };
      break;
    default:
      sending.value = null;
      settle?.resolve(message);
      settle = null;
  }
}

function read() {
  clearTimeout(timer);
  run++;
  fault.value = "";
  if (isEmpty.value) {
    preview.value = null;
    return;
  }
  const source = attached.value ?? { blob: new Blob([typed.value]), name: "typed" };
  const chunkLines = meta.value.limits.chunk_urls || 20000;
  theWorker().postMessage({ cmd: "read", run, blob: source.blob, name: source.name, column: column.value, chunkLines });
}

export function type(text) {
  typed.value = text;
  clearTimeout(timer);
  timer = setTimeout(read, TYPING_MS);
}

// paste takes over what is too much for a text field and says whether it did.
export function paste(text) {
  if (text.length < BIG_PASTE) return false;
  const before = typed.value.trim();
  attach(new Blob(before ? [before, "\n", text] : [text]), "Pasted list", true);
  return true;
}

export function attach(blob, fileName = blob.name, pasted = false) {
  attached.value = { blob, name: fileName, size: blob.size, pasted };
  typed.value = "";
  column.value = null;
  preview.value = null;
  read();
}

export function pickColumn(index) {
  column.value = index;
  read();
}

export function clear() {
  attached.value = null;
  typed.value = "";
  column.value = null;
  name.value = "";
  read();
}

// send hands the list over and resolves with the worker's last message: created,
// refused or stopped.
export function send(changedOptions) {
  return new Promise((resolve, reject) => {
    settle = { resolve, reject };
    theWorker().postMessage({
      cmd: "send",
      run,
      at: at(),
      name: name.value.trim() || suggestedName(),
      options: changedOptions,
      idempotency: idempotencyKey(),
    });
  });
}

export const stop = () => theWorker().postMessage({ cmd: "abort", run });

// The same list sent twice by mistake (a double click, a lost answer) is one job.
let key = "";
effect(() => {
  preview.value; // eslint-disable-line no-unused-expressions -- any change of the list
  name.value; // eslint-disable-line no-unused-expressions
  options.value; // eslint-disable-line no-unused-expressions
  key = "";
});

function idempotencyKey() {
  key ||= [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  return key;
}

export function suggestedName() {
  if (attached.value && !attached.value.pasted) return attached.value.name.replace(/(\.(txt|csv|tsv|xlsx|gz))+$/i, "");
  const first = preview.value?.sample[0];
  if (!first) return "";
  const host = new URL(first).hostname.replace(/^www\./, "");
  const others = preview.value.hosts - 1;
  return others > 0 ? `${host} and ${others.toLocaleString("en")} more` : host;
}
