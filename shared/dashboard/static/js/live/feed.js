// A job's news, by whatever way works: pushed where it can be, polled where it
// cannot, and back again. It ends by itself when the job does.
import { signal } from "../../vendor/preact.js";
import { get, jobPath } from "../api.js";
import { meta } from "../meta.js";
import { prefs } from "../prefs.js";
import { isSettled } from "../ui/states.js";
import { connection } from "./connection.js";
import { listen } from "./events.js";
import { record, seriesOf } from "./history.js";
import { newer } from "./order.js";
import { subscribe, wake } from "./socket.js";

export class Feed {
  snapshot = signal(null);
  job = signal(null);
  series = signal([]);
  error = signal(null);

  #id;
  #timer = 0;
  #stopPush = null;
  #pushed = false;
  #waited = false; // for push, in vain
  #closed = false;
  #loading = null;

  constructor(id) {
    this.#id = id;
    this.series.value = seriesOf(id);
    document.addEventListener("visibilitychange", this.#catchUp);
    addEventListener("online", this.#catchUp);
    this.refresh();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stopPush?.();
    document.removeEventListener("visibilitychange", this.#catchUp);
    removeEventListener("online", this.#catchUp);
    connection.value = "idle";
  }

  // refresh asks for the whole job now; with what an action answered, it is
  // shown without waiting.
  refresh(job) {
    if (job) this.job.value = job;
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load() {
    try {
      const { job, progress } = await get(jobPath(this.#id));
      this.error.value = null;
      this.job.value = job;
      this.#take(progress);
    } catch (error) {
      this.error.value = error;
    }
    this.#arrange();
  }

  #catchUp = () => {
    if (document.hidden || this.#closed) return;
    wake();
    this.refresh();
  };

  #take(progress) {
    const shown = this.snapshot.value;
    const next = newer(shown, progress);
    if (next === shown) return;
    this.snapshot.value = next;
    if (next.started_at) this.series.value = record(next);
    if (shown && shown.status !== next.status) this.refresh(); // the job item changed too
    if (isSettled(next)) this.#arrange();
  }

  // arrange starts or ends push and polling, as the job and the settings are.
  #arrange() {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const gone = this.error.value && [401, 403, 404].includes(this.error.value.status);
    if (gone || (this.snapshot.value && isSettled(this.snapshot.value))) {
      this.#stopPush?.();
      this.#stopPush = null;
      this.#pushed = false;
      connection.value = "idle";
      return;
    }
    if (!this.#stopPush) this.#startPush();
    if (this.#pushed) return;
    const trying = this.#stopPush && !this.#waited;
    connection.value = this.error.value ? "offline" : this.snapshot.value && !trying ? "polling" : "connecting";
    this.#timer = setTimeout(() => this.#poll(), prefs.value.interval * 1000);
  }

  #startPush() {
    const { websocket, events } = meta.value.push;
    const wanted = prefs.value.update;
    const way = wanted === "events" && events ? listen : wanted === "websocket" && websocket ? subscribe : null;
    if (!way) return;
    this.#stopPush = way(
      this.#id,
      (progress) => this.#take(progress),
      (state) => {
        const live = state === "live";
        if (live === this.#pushed || this.#closed) return;
        this.#pushed = live;
        this.#waited = true;
        if (live) {
          clearTimeout(this.#timer);
          connection.value = "live";
          this.error.value = null;
          this.refresh(); // what happened between the last poll and now
        } else {
          this.#arrange();
        }
      },
    );
  }

  async #poll() {
    this.#waited = true;
    if (document.hidden) {
      this.#arrange(); // a hidden tab asks nothing; it catches up when it is shown
      return;
    }
    try {
      this.#take(await get(jobPath(this.#id, "/progress")));
      this.error.value = null;
    } catch (error) {
      this.error.value = error;
    }
    if (!this.#pushed) this.#arrange();
  }
}
