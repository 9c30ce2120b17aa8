// Hands a packed list to the server: in one request if it fits, else piece by
// piece. Every request can be repeated without harm, so passing faults are
// retried here.
import { Problem, query, request, requestJSON } from "../http.js";
import { backoff } from "../live/backoff.js";

const PARALLEL = 3;
const ATTEMPTS = 5;

const headersOf = (chunk) => ({
  "Content-Type": "text/plain; charset=utf-8",
  ...(chunk.gzip ? { "Content-Encoding": "gzip" } : {}),
});

const passing = (problem) => problem.status === 0 || problem.status === 429 || problem.status >= 500;

async function persistently(signal, send) {
  for (let n = 0; ; n++) {
    try {
      return await send();
    } catch (error) {
      if (signal.aborted || !(error instanceof Problem) || !passing(error) || n + 1 >= ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter * 1000 || backoff(n)));
    }
  }
}

// upload creates the job of these chunks. onProgress is told how many of how many
// bytes have arrived. It returns what the server said: {job, accepted,
// duplicates, rejected_count, rejected (with the list's own line numbers),
// started_in_ms}.
export async function upload({ at, chunks, name, options, expect, idempotency, signal, onProgress }) {
  const total = chunks.reduce((sum, c) => sum + c.size, 0);
  const timeout = 120000;
  if (chunks.length <= 1) {
    const chunk = chunks[0];
    onProgress(0, total);
    const path = `/jobs${query({ name, ...options })}`;
    const headers = { ...headersOf(chunk), "Idempotency-Key": idempotency };
    const answer = await persistently(signal, () =>
      requestJSON(at, "POST", path, { body: chunk.body, headers, signal, timeout }),
    );
    onProgress(total, total);
    return { ...answer, rejected: renumber(answer.rejected, chunk) };
  }

  const opened = await persistently(signal, () =>
    requestJSON(at, "POST", "/jobs", {
      json: { name, options, open: true, expect },
      headers: { "Idempotency-Key": idempotency },
      signal,
      timeout,
    }),
  );
  const path = `/jobs/${encodeURIComponent(opened.job.id)}`;
  const sum = { accepted: 0, duplicates: 0, rejected_count: 0, rejected: [] };
  let sent = 0;
  let next = 0;
  const worker = async () => {
    while (next < chunks.length) {
      const n = next++;
      const answer = await persistently(signal, () =>
        requestJSON(at, "PUT", `${path}/chunks/${n}`, { body: chunks[n].body, headers: headersOf(chunks[n]), signal, timeout }),
      );
      sent += chunks[n].size;
      onProgress(sent, total);
      for (const field of ["accepted", "duplicates", "rejected_count"]) sum[field] += answer[field] ?? 0;
      sum.rejected.push(...renumber(answer.rejected, chunks[n]));
    }
  };
  onProgress(0, total);
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL, chunks.length) }, worker));
    const begun = performance.now();
    const started = await persistently(signal, () =>
      requestJSON(at, "POST", `${path}/start`, { json: { chunks: chunks.length }, signal, timeout }),
    );
    const ms = Math.round(performance.now() - begun);
    sum.rejected = sum.rejected.sort((a, b) => a.line - b.line).slice(0, 100);
    return { ...sum, started_in_ms: ms, ...started };
  } catch (error) {
    // What was not started is of no use to anybody.
    request(at, "DELETE", path, {}).catch(() => {});
    throw error;
  }
}

const renumber = (rejected = [], chunk) => rejected.map((r) => ({ ...r, line: r.line + chunk.firstLine - 1 }));
