// The list of jobs.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { ago, int, percent, plural } from "../format.js";
import { doneOf } from "../live/done.js";
import { seriesOf } from "../live/history.js";
import { act, deleteJob } from "../job/actions.js";
import { route, setParams } from "../router.js";
import { Choice, Search } from "../table/bar.js";
import { Icon } from "../ui/icons.js";
import { Shell } from "../ui/shell.js";
import { Failure, isFinal, Skeleton, State, StatusPill, statusNames, statusText, useNow } from "../ui/states.js";
import { useJobs } from "./list.js";
import { Sparkline } from "./sparkline.js";

export function Jobs() {
  const { q = "", status = "" } = route.value.params;
  const list = useJobs(q, status);
  const [chosen, setChosen] = useState(() => new Set());
  const jobs = list.jobs;
  useEffect(() => setChosen(new Set()), [q, status]);

  const filtered = q !== "" || status !== "";
  const choose = (id, on) => setChosen((old) => (on ? new Set(old).add(id) : new Set([...old].filter((x) => x !== id))));
  const some = jobs?.filter((j) => chosen.has(j.id)) ?? [];

  return html`<${Shell} title="Jobs">
    <div class="page-head">
      <div class="grow"><h1>Jobs</h1></div>
      <a class="button primary" href="#/new"><${Icon} name="plus" />New job</a>
    </div>
    <section class="card table-card" aria-label="Jobs">
      ${(filtered || jobs?.length > 0 || !jobs) &&
      html`<div class="filters jobs-filters">
        <${Search} value=${q} label="Search name or id" onChange=${(next) => setParams({ q: next })} />
        <${Choice} label="Status" value=${status} all="Any status" entries=${statusNames.map((s) => [s, statusText(s)])} onChange=${(next) => setParams({ status: next })} />
        <${Bulk} some=${some} refresh=${list.refresh} clear=${() => setChosen(new Set())} />
      </div>`}
      <${Content} list=${list} filtered=${filtered} chosen=${chosen} choose=${choose} setChosen=${setChosen} />
    </section>
  <//>`;
}

function Content({ list, filtered, chosen, choose, setChosen }) {
  const { jobs, error, more } = list;
  if (!jobs && error) return html`<${Failure} error=${error} retry=${list.refresh} />`;
  if (!jobs) return html`<${Loading} />`;
  if (jobs.length === 0) {
    return filtered
      ? html`<${State}
          icon="search"
          title="No job matches"
          actions=${html`<button class="button" onClick=${() => setParams({ q: "", status: "" })}>Show all jobs</button>`}
        />`
      : html`<${State}
          icon="mail"
          title="Your first job"
          actions=${html`<a class="button primary" href="#/new"><${Icon} name="plus" />New job</a>`}
        >
          Hand in a list of web sites; their public e-mail addresses are collected while you watch, or while you do something else.
        <//>`;
  }
  const all = jobs.every((j) => chosen.has(j.id));
  return html`<table class="table jobs-table">
      <thead>
        <tr>
          <th class="check-cell">
            <input
              type="checkbox"
              aria-label="Select all"
              checked=${all}
              onChange=${(e) => setChosen(e.currentTarget.checked ? new Set(jobs.map((j) => j.id)) : new Set())}
            />
          </th>
          <th>Name</th>
          <th>Status</th>
          <th>Done</th>
          <th class="spark-col">Rate</th>
          <th class="end">Addresses</th>
          <th class="when-col end">Created</th>
        </tr>
      </thead>
      <tbody>
        ${jobs.map((j) => html`<${Row} key=${j.id} job=${j} chosen=${chosen.has(j.id)} choose=${choose} />`)}
      </tbody>
    </table>
    ${more && html`<div class="table-more"><button class="button" onClick=${list.loadMore}>Show more</button></div>`}`;
}

function Row({ job, chosen, choose }) {
  const now = useNow(15);
  const p = job.progress ?? {};
  const total = job.urls || 0;
  const done = doneOf({ ...p, urls: total });
  return html`<tr>
    <td class="check-cell">
      <input type="checkbox" aria-label=${`Select ${job.name || job.id}`} checked=${chosen} onChange=${(e) => choose(job.id, e.currentTarget.checked)} />
    </td>
    <td class="name">
      <a href=${`#/jobs/${job.id}`}><span class="clip block">${job.name || "Unnamed job"}</span></a>
      <span class="muted small num clip block">${plural(job.urls, "URL")} on ${plural(job.hosts, "host")}</span>
    </td>
    <td><${StatusPill} status=${job.status} /></td>
    <td class="done num">
      <span class="part">${percent(done, total)}</span><span class="muted wide-only"> of ${int(total)}</span>
      <div class="progress" aria-hidden="true"><i style=${{ transform: `scaleX(${total ? done / total : 0})` }}></i></div>
    </td>
    <td class="spark-col"><${Sparkline} series=${seriesOf(job.id)} /></td>
    <td class="num end emails">${int(p.emails)}</td>
    <td class="when-col num end muted">${ago(Date.parse(job.created_at), now)}</td>
  </tr>`;
}

function Bulk({ some, refresh, clear }) {
  if (some.length === 0) return null;
  const open = some.filter((j) => !isFinal(j.status));
  const each = async (jobs, f) => {
    clear();
    for (const job of jobs) await f(job);
    refresh();
  };
  return html`<div class="bulk" role="group" aria-label="With the selected jobs">
    <button class="button danger tight" disabled=${open.length === 0} onClick=${() => each(open, (j) => act(j.id, "cancel"))}>
      <${Icon} name="stop" />Cancel ${int(open.length)}
    </button>
    <button class="button danger tight" onClick=${() => each(some, (j) => deleteJob(j, refresh))}><${Icon} name="trash" />Delete ${int(some.length)}</button>
  </div>`;
}

function Loading() {
  return html`<div class="stack loading-rows" aria-busy="true" aria-label="Loading jobs">
    ${[1, 2, 3, 4, 5].map((n) => html`<${Skeleton} key=${n} height="2.2rem" />`)}
  </div>`;
}
