// Requests to the API, usable in the page and in workers alike: it knows no
// document and no storage.

// Problem is an answer that says no (RFC 9457), or no answer at all (status 0).
export class Problem extends Error {
  constructor({ status = 0, title = "", detail = "", errors = [], requestId = "", retryAfter = 0, stream = "" }) {
    super(detail || title || `The server answered ${status}`);
    Object.assign(this, { name: "Problem", status, title, detail, errors, requestId, retryAfter, stream });
  }

  // plain survives postMessage.
  plain() {
    const { status, title, detail, errors, requestId, retryAfter } = this;
    return { status, title, detail, errors, requestId, retryAfter };
  }
}

const unreachable = "The server cannot be reached. What was started goes on; this page tries again by itself.";

async function problemOf(response) {
  const header = (name) => response.headers.get(name) ?? "";
  let body = {};
  if (/json/.test(header("content-type"))) body = await response.json().catch(() => ({}));
  return new Problem({
    status: response.status,
    title: body.title ?? (response.statusText || `Status ${response.status}`),
    detail: body.detail ?? "",
    errors: Array.isArray(body.errors) ? body.errors : [],
    requestId: body.request_id ?? header("x-request-id"),
    retryAfter: Number(header("retry-after")) || 0,
    stream: typeof body.stream === "string" ? body.stream : "",
  });
}

// request sends one request and returns the Response of a success; everything
// else is thrown as a Problem. An aborted signal throws its own AbortError.
export async function request(at, method, path, { body, headers = {}, signal, timeout = 20000 } = {}) {
  const limit = AbortSignal.timeout(timeout);
  const init = { method, body, headers: { ...headers }, signal: signal ? AbortSignal.any([signal, limit]) : limit };
  if (at.key) init.headers.Authorization = `Bearer ${at.key}`;
  let response;
  try {
    response = await fetch(at.base + path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ status: 0, title: "No answer", detail: unreachable });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

// requestFile gets a file, from the place that the API names where it is too large
// for the API itself.
export async function requestFile(at, path, options) {
  try {
    return await request(at, "GET", path, options);
  } catch (error) {
    if (!error.stream) throw error;
    return request({ ...at, base: "" }, "GET", error.stream, options);
  }
}

export async function requestJSON(at, method, path, { json, headers, ...rest } = {}) {
  if (json !== undefined) {
    rest.body = JSON.stringify(json);
    headers = { ...headers, "Content-Type": "application/json" };
  }
  const response = await request(at, method, path, { headers, ...rest });
  return response.status === 204 ? null : response.json();
}

// query makes a query string of what is set.
export function query(params) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) q.set(name, String(value));
  }
  const text = q.toString();
  return text && `?${text}`;
}
