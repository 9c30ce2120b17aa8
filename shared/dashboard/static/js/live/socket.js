// One WebSocket for the whole page. Its ticket comes from POST /tickets; jobs are
// subscribed to by message, again after every reconnection.
import { post } from "../api.js";
import { backoff } from "./backoff.js";

const PING_MS = 25000;
const PONG_MS = 10000;

const subscribers = new Map(); // job id → Set of {progress, state}
let socket = null;
let opening = false;
let attempt = 0;
let retryTimer = 0;
let pingTimer = 0;
let pongTimer = 0;

// subscribe reports a job's snapshots to progress, and to state whether they can
// come ("live" or "down"). It returns the function that ends it.
export function subscribe(job, progress, state) {
  const entry = { progress, state };
  if (!subscribers.has(job)) subscribers.set(job, new Set());
  subscribers.get(job).add(entry);
  if (socket?.readyState === WebSocket.OPEN) send({ action: "subscribe", job });
  else connect();
  return () => {
    const entries = subscribers.get(job);
    entries?.delete(entry);
    if (entries?.size === 0) {
      subscribers.delete(job);
      send({ action: "unsubscribe", job });
    }
    if (subscribers.size === 0) close();
  };
}

// wake tries at once: the tab came back, or the network did.
export function wake() {
  if (subscribers.size === 0) return;
  if (socket?.readyState === WebSocket.OPEN) {
    ping();
    return;
  }
  attempt = 0;
  connect();
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

function close() {
  clearTimeout(retryTimer);
  socket?.close(1000);
}

async function connect() {
  if (opening || (socket && socket.readyState <= WebSocket.OPEN)) return;
  opening = true;
  clearTimeout(retryTimer);
  try {
    const { url } = await post("/tickets", {});
    if (subscribers.size) attach(new WebSocket(url));
  } catch {
    later();
  } finally {
    opening = false;
  }
}

function attach(ws) {
  socket = ws;
  ws.addEventListener("open", () => {
    for (const job of subscribers.keys()) send({ action: "subscribe", job });
    pingTimer = setInterval(ping, PING_MS);
  });
  ws.addEventListener("message", (event) => receive(event.data));
  ws.addEventListener("close", () => {
    if (socket !== ws) return;
    socket = null;
    clearInterval(pingTimer);
    clearTimeout(pongTimer);
    for (const entries of subscribers.values()) for (const entry of entries) entry.state("down");
    if (subscribers.size) later();
  });
}

function receive(data) {
  clearTimeout(pongTimer); // whatever arrives proves the connection
  pongTimer = 0;
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return;
  }
  const entries = subscribers.get(message.job) ?? [];
  if (message.type === "subscribed") {
    attempt = 0;
    for (const entry of entries) entry.state("live");
  } else if (message.type === "progress") {
    for (const entry of entries) {
      entry.state("live");
      entry.progress(message.progress);
    }
  }
}

function ping() {
  send({ action: "ping" });
  if (!pongTimer) pongTimer = setTimeout(() => socket?.close(4000, "no answer"), PONG_MS);
}

function later() {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(connect, backoff(attempt++));
}
