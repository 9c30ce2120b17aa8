// A small curve of a job's rate, as far as this browser saw it.
import { html } from "../../vendor/preact.js";
import { rates } from "../live/series.js";

// path draws values into a box of 100 by 28.
export function path(values) {
  const top = Math.max(...values, 0.001);
  const step = 100 / Math.max(1, values.length - 1);
  return values.map((v, i) => `${i ? "L" : "M"}${(i * step).toFixed(1)} ${(27 - (v / top) * 25).toFixed(1)}`).join("");
}

export function Sparkline({ series }) {
  const [, urls] = rates(series.slice(-60));
  if (urls.length < 3) return null;
  const line = path(urls);
  return html`<svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
    <path class="area" d=${`${line}L100 28L0 28Z`} />
    <path d=${line} />
  </svg>`;
}
