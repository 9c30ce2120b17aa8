// backoff is how many milliseconds to wait before attempt n (from 0): doubling
// from one second to thirty, with jitter, so that a restarted server is not met
// by all pages in the same moment.
export function backoff(n, random = Math.random) {
  const full = Math.min(30000, 1000 * 2 ** Math.min(n, 10));
  return Math.round(full * (0.5 + random() / 2));
}
