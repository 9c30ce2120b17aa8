// The curve of a job's rate, drawn by uPlot in the colours of the theme.
import { html, useEffect, useRef } from "../../vendor/preact.js";
import uPlot from "../../vendor/uplot.js";
import { duration, rate } from "../format.js";
import { current, rates } from "../live/series.js";
import { prefs } from "../prefs.js";

// The steps of the time axis, in seconds.
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800];

// colour resolves a custom property, which may be a light-dark() pair.
function colour(element, name, alpha = 1) {
  element.style.color = `color-mix(in srgb, var(${name}) ${alpha * 100}%, transparent)`;
  const resolved = getComputedStyle(element).color;
  element.style.color = "";
  return resolved;
}

function options(element) {
  const text = colour(element, "--text-3");
  const line = colour(element, "--line");
  const axis = { stroke: text, font: "11px Inter, system-ui, sans-serif", ticks: { show: false } };
  const series = (label, name) => ({
    label,
    stroke: colour(element, name),
    fill: colour(element, name, 0.1),
    width: 2,
    points: { show: false },
    paths: uPlot.paths.spline(),
  });
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 7 }, drag: { x: false, y: false }, y: false },
    scales: { x: { time: false, range: (_, low, high) => [0, Math.max(4, high)] }, y: { range: (_, low, high) => [0, high > 0 ? Math.max(1, high * 1.15) : 10] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, incrs: STEPS, space: 70, values: (_, at) => at.map(offset) },
      { ...axis, grid: { stroke: line, width: 1 }, size: 44, values: (_, at) => at.map((v) => (v >= 10 ? rate(v) : String(+v.toFixed(1)))) },
    ],
    series: [{}, series("URLs/s", "--accent"), series("addresses/s", "--ok-fill")],
    plugins: [tip()],
  };
}

const offset = (seconds) => (seconds < 0.5 ? "start" : duration(Math.round(seconds)).replace(/\.0 s/, " s"));

// tip shows the values under the pointer.
function tip() {
  const box = document.createElement("div");
  box.className = "chart-tip num";
  box.hidden = true;
  return {
    hooks: {
      init: (u) => u.over.append(box),
      setCursor: (u) => {
        const { idx, left } = u.cursor;
        box.hidden = idx == null || left < 0;
        if (box.hidden) return;
        box.textContent = `${offset(u.data[0][idx])} · ${rate(u.data[1][idx])} URLs/s · ${rate(u.data[2][idx])} addresses/s`;
        const x = Math.min(u.over.clientWidth - box.offsetWidth, Math.max(0, left - box.offsetWidth / 2));
        box.style.transform = `translateX(${x}px)`;
      },
    },
  };
}

export function Chart({ series }) {
  const element = useRef(null);
  const plot = useRef(null);
  const data = rates(series);
  const theme = prefs.value.theme;
  const drawn = data[0].length > 1;

  useEffect(() => {
    if (!drawn) return undefined;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element.current), rates(series), element.current);
    };
    draw();
    const resized = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element.current ?? {};
      if (width && plot.current && (width !== plot.current.width || height !== plot.current.height)) plot.current.setSize({ width, height });
    });
    resized.observe(element.current);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [theme, drawn]);

  useEffect(() => {
    if (drawn) plot.current?.setData(data);
  }, [series]);

  const speed = current(series);
  const summary = drawn ? `Rate over ${duration(data[0].at(-1))}${speed === null ? "" : `; now ${rate(speed)} URLs per second`}` : "No curve yet";
  return html`<div class="chart">
    <div class="chart-plot" ref=${element} role="img" aria-label=${summary}></div>
    ${!drawn && html`<p class="chart-empty muted">The curve begins with the first outcomes.</p>`}
  </div>`;
}
