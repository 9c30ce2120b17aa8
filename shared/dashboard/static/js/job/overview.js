// The first view of a job: tiles, curve, outcomes, newest addresses, history.
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { ago, bytes, clock, compact, duration, int, moment, percent, plural, rate } from "../format.js";
import { doneOf } from "../live/done.js";
import { current } from "../live/series.js";
import { describe } from "../options.js";
import { Icon } from "../ui/icons.js";
import { isFinal, Skeleton, StatusPill, useNow } from "../ui/states.js";
import { split, Url } from "../ui/url.js";
import { Chart } from "./chart.js";
import { Calls } from "./calls.js";
import { Outcomes } from "./outcomes.js";

export function Overview({ feed }) {
  const s = feed.snapshot.value;
  return html`<div class="stack">
    <${Tiles} s=${s} series=${feed.series.value} />
    <div class="job-grid">
      <section class="card chart-card" aria-label="Rate over time">
        <header>
          <h2>Rate</h2>
          <span class="legend"><i class="urls"></i>URLs/s</span><span class="legend"><i class="emails"></i>addresses/s</span>
        </header>
        <div class="body"><${Chart} series=${feed.series.value} /></div>
      </section>
      <${Newest} s=${s} />
    </div>
    <${Outcomes} s=${s} />
    <${Calls} s=${s} webhook=${feed.job.value?.options?.webhook} />
    <div class="job-grid even">
      <${History} s=${s} />
      <${Facts} s=${s} job=${feed.job.value} />
    </div>
  </div>`;
}

function Tiles({ s, series }) {
  const final = isFinal(s.status);
  const resting = s.status === "PAUSED" && s.active_workers === 0;
  const speed = final ? s.rate : resting ? 0 : (current(series) ?? s.rate);
  const left = s.total - s.processed;
  const done = doneOf(s);
  const eta = s.status === "RUNNING" && left > 0 ? (speed > 0 ? left / speed : s.eta_seconds) : undefined;
  return html`<section class="card tiles" aria-label="Figures">
    <${Tile}
      label="Done"
      value=${compact(done)}
      title=${`${int(done)} of ${int(s.urls)}`}
      note=${`${percent(done, s.urls)} of ${plural(s.urls, "URL")}`}
    >
      <div
        class="progress"
        role="progressbar"
        aria-label="URLs done"
        aria-valuemin="0"
        aria-valuemax=${s.urls}
        aria-valuenow=${done}
      >
        <i style=${{ transform: `scaleX(${s.urls ? done / s.urls : 0})` }}></i>
      </div>
    <//>
    <${Tile} label="Addresses" value=${compact(s.emails)} title=${int(s.emails)} note=${`${percent(s.outcomes?.found ?? 0, s.processed)} of URLs had one`} />
    <${Tile} label="Unique domains" value=${compact(s.domains)} title=${int(s.domains)} note=${s.domains ? `${+(s.emails / s.domains).toFixed(1)} addresses each` : "of the addresses"} />
    <${Tile} label="Active workers" value=${int(s.active_workers)} of=${`of ${int(s.planned_workers)}`} note=${workersNote(s)} />
    <${Tile} label="Rate" value=${rate(speed)} of="URLs/s" note=${final ? "on average" : `${rate(s.rate)} on average`} />
    ${final
      ? html`<${Tile} label="Took" value=${duration(s.elapsed_ms / 1000)} note=${s.finished_at ? `until ${clock(s.finished_at)}` : ""} />`
      : html`<${Tile} label="Time left" value=${eta === undefined ? "–" : wholeSeconds(Math.max(1, Math.ceil(eta)) * 1000)} note=${`${wholeSeconds(s.elapsed_ms)} so far`} />`}
  </section>`;
}

// wholeSeconds writes a time that runs: tenths would only flicker.
const wholeSeconds = (ms) => (ms < 60000 ? `${Math.floor(ms / 1000)} s` : duration(Math.floor(ms / 1000)));

function workersNote(s) {
  if (isFinal(s.status)) return s.active_workers ? "finishing what they hold" : "none at work";
  if (s.status === "PAUSED") return s.active_workers ? "finishing what they hold" : "paused";
  return s.active_workers ? "at work" : "waiting for work";
}

function Tile({ label, value, of, note, title, children }) {
  return html`<div class="tile">
    <p class="tile-label">${label}</p>
    <p class="tile-value num" title=${title}>${value}${of && html` <small>${of}</small>`}</p>
    <p class="tile-note num">${note}</p>
    ${children}
  </div>`;
}

const SHOWN = 8;
const CALM_MS = 1500;

// Newest keeps what went by: a snapshot carries only the last few.
function Newest({ s }) {
  const now = useNow(5);
  const [list, setList] = useState([]);
  const turned = useRef(0);
  useEffect(() => {
    // A fast job brings new ones many times a second, which nobody can read.
    if (list.length > 0 && performance.now() - turned.current < CALM_MS && !isFinal(s.status)) return;
    turned.current = performance.now();
    setList((old) => {
      const known = new Set(old.map((a) => a.email));
      const fresh = (s.recent ?? []).filter((a) => !known.has(a.email));
      return fresh.length ? [...fresh, ...old].sort((a, b) => Date.parse(b.first_seen) - Date.parse(a.first_seen)).slice(0, SHOWN) : old;
    });
  }, [s.recent, s.status]);
  return html`<section class="card newest" aria-label="Newest addresses">
    <header><h2>Newest addresses</h2>${s.emails > 0 && html`<a class="small" href=${`#/jobs/${s.id}/addresses`}>All ${compact(s.emails)}</a>`}</header>
    <ol>
      ${list.map(
        (a) => html`<li key=${a.email}>
          <span class="clip"><strong>${a.email}</strong></span>
          <span class="muted small num">${ago(Date.parse(a.first_seen), now)}</span>
          <a class="muted small" href=${a.source_url} target="_blank" rel="noopener noreferrer" title=${a.source_url}><${Source} of=${a} /></a>
        </li>`,
      )}
    </ol>
    ${list.length === 0 &&
    html`<div class="newest-empty muted">
      <${Icon} name="mail" />
      <p>${isFinal(s.status) ? "No address was found." : "They appear here as they are found."}</p>
    </div>`}
  </section>`;
}

// Source leaves out a host that the address names already.
function Source({ of: { email, source_url: url } }) {
  const [host, path] = split(url);
  const own = email.endsWith(`@${host.replace(/:\d+$/, "")}`);
  return own ? html`<span class="clip block">${path || "home page"}</span>` : html`<${Url} url=${url} />`;
}

function History({ s }) {
  return html`<section class="card" aria-label="Status history">
    <header><h2>History</h2></header>
    <ol class="body timeline">
      ${[...(s.history ?? [])].reverse().map(
        (c) => html`<li key=${c.at}>
          <${StatusPill} status=${c.status} />
          <span class="grow small">${c.reason}</span>
          <time class="muted small num" datetime=${c.at}>${moment(c.at)}</time>
        </li>`,
      )}
    </ol>
  </section>`;
}

function Facts({ s, job }) {
  const facts = [
    ["Job", html`<code>${s.id}</code>`],
    ["Pages read", `${int(s.pages)} (${bytes(s.bytes)})`],
    ["Duplicates left out", int(s.duplicates)],
    ["Wrong lines left out", int(s.rejected)],
    ...(job?.retries ? [["Rounds of retry", int(job.retries)]] : []),
    ...(job?.options ? describe(job.options) : []),
    ...(job?.expires_at ? [["Kept until", moment(job.expires_at)]] : []),
  ];
  return html`<section class="card" aria-label="Details">
    <header><h2>Details</h2></header>
    <dl class="body facts">
      ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd class="num">${value}</dd></div>`)}
    </dl>
  </section>`;
}

export function OverviewSkeleton() {
  return html`<div class="stack" aria-busy="true" aria-label="Loading the job">
    <div class="page-head job-head">
      <div class="grow stack skeleton-head"><${Skeleton} width="16rem" height="1.5rem" /><${Skeleton} width="11rem" height="0.9rem" /></div>
    </div>
    <section class="card tiles">
      ${[1, 2, 3, 4, 5, 6].map(
        (n) => html`<div class="tile" key=${n}><${Skeleton} width="5rem" height="0.8rem" /><${Skeleton} width="6rem" height="1.9rem" /><${Skeleton} width="7rem" height="0.8rem" /></div>`,
      )}
    </section>
    <div class="job-grid">
      <section class="card chart-card"><div class="body"><${Skeleton} height="16rem" /></div></section>
      <section class="card"><div class="body"><${Skeleton} height="16rem" /></div></section>
    </div>
  </div>`;
}
