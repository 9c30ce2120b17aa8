// The page's end of the table's thread.
import { signal } from "../../vendor/preact.js";
import { at, jobPath } from "../api.js";
import { meta } from "../meta.js";

const empty = { loading: true, complete: false, error: null, loaded: 0, matching: 0, selected: 0, overflow: false, facets: {} };

export class TableData {
  state = signal(empty);
  // The rows last handed out: {from, part: [{row, selected}]}.
  window = signal({ from: 0, part: [] });

  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  #asked = { from: 0, to: 60 };
  #asks = 0;
  #copies = new Map();
  #passed = 0; // when the last full pass ended
  #took = 0; // and how long it took
  #begun = performance.now();
  #timer = 0;

  constructor(jobID, field, filters, sorting) {
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = () => {
      const error = { status: 500, message: "The table's thread stopped. Reload the page." };
      this.state.value = { ...this.state.value, loading: false, error };
    };
    const classes = Object.fromEntries(Object.entries(meta.value.outcomes).map(([word, o]) => [word, o.class]));
    this.#worker.postMessage({ cmd: "open", at: at(), path: jobPath(jobID, `/${field}`), field, classes, filters, sorting });
  }

  close() {
    clearTimeout(this.#timer);
    this.#worker.terminate();
  }

  #receive(message) {
    if (message.type === "state") {
      const { type, ...state } = message;
      if (state.error) state.error.message = state.error.detail || state.error.title;
      if (this.state.value.loading && !state.loading) {
        this.#passed = performance.now();
        this.#took = this.#passed - this.#begun;
      }
      this.state.value = { ...this.state.value, ...state };
      this.ask(this.#asked.from, this.#asked.to);
    } else if (message.type === "window" && message.ask === this.#asks) {
      this.window.value = { from: message.from, part: message.part };
    } else if (message.type === "copied") {
      this.#copies.get(message.ask)?.(message);
      this.#copies.delete(message.ask);
    }
  }

  ask(from, to) {
    this.#asked = { from, to };
    this.#worker.postMessage({ cmd: "window", from, to, ask: ++this.#asks });
  }

  filter(filters) {
    this.#worker.postMessage({ cmd: "filter", filters: { ...filters } });
  }

  sort(sorting) {
    this.#worker.postMessage({ cmd: "sort", sorting });
  }

  select(position, on, range = false) {
    this.#worker.postMessage({ cmd: "select", at: position, on, range });
  }

  selectAll(on) {
    this.#worker.postMessage({ cmd: "selectAll", on });
  }

  copy() {
    return new Promise((resolve) => {
      const ask = ++this.#asks;
      this.#copies.set(ask, resolve);
      this.#worker.postMessage({ cmd: "copy", ask });
      this.ask(this.#asked.from, this.#asked.to);
    });
  }

  // changed is told that the list grew: it is gone through again, but never so
  // often that loading would be most of what happens.
  changed() {
    if (this.#timer || this.state.value.loading) return;
    const due = this.#passed + Math.max(4000, this.#took * 8);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.reload();
    }, Math.max(0, due - performance.now()));
  }

  reload() {
    this.#begun = performance.now();
    this.#worker.postMessage({ cmd: "reload" });
  }
}
