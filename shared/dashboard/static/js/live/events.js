// Server-sent events read with fetch, because EventSource cannot send a key.
import { jobPath, raw } from "../api.js";
import { backoff } from "./backoff.js";
import { EventParser } from "./eventparser.js";

// listen is subscribe of socket.js over server-sent events.
export function listen(job, progress, state) {
  const stop = new AbortController();
  let lastId;
  let attempt = 0;
  (async () => {
    while (!stop.signal.aborted) {
      let pause = 0;
      try {
        const headers = { Accept: "text/event-stream", ...(lastId ? { "Last-Event-ID": lastId } : {}) };
        const response = await raw("GET", jobPath(job, "/events"), { headers, signal: stop.signal, timeout: 2 ** 31 - 1 });
        const parser = new EventParser();
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        state("live");
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          attempt = 0;
          const events = parser.push(part.value);
          pause = parser.retry;
          for (const event of events) {
            lastId = event.id ?? lastId;
            if (event.type === "progress") progress(JSON.parse(event.data));
          }
        }
      } catch {
        // Ended or never begun: both mean to try again.
      }
      if (stop.signal.aborted) return;
      state("down");
      await new Promise((resolve) => setTimeout(resolve, Math.max(pause, backoff(attempt++))));
    }
  })();
  return () => stop.abort();
}
