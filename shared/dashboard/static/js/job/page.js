// One job: its figures as they grow, its addresses, all its URLs.
import { html, useEffect, useMemo } from "../../vendor/preact.js";
import { compact, percent } from "../format.js";
import { doneOf } from "../live/done.js";
import { Feed } from "../live/feed.js";
import { prefs } from "../prefs.js";
import { Failure, State } from "../ui/states.js";
import { Shell } from "../ui/shell.js";
import { Addresses } from "../table/addresses.js";
import { Visits } from "../table/visits.js";
import { JobHead } from "./head.js";
import { Overview, OverviewSkeleton } from "./overview.js";

export function JobPage({ id, view }) {
  // A changed way of updating begins anew.
  const way = `${prefs.value.update} ${prefs.value.interval}`;
  const feed = useMemo(() => new Feed(id), [id, way]);
  useEffect(() => () => feed.close(), [feed]);

  const snapshot = feed.snapshot.value;
  const error = feed.error.value;
  if (!snapshot) {
    return html`<${Shell} title="Job">
      ${error?.status === 404
        ? html`<section class="card" role="alert">
            <${State} icon="search" title="There is no such job" actions=${html`<a class="button" href="#/">To the jobs</a>`}>
              It was deleted, its time ran out, or it is somebody else's.
            <//>
          </section>`
        : error
        ? html`<section class="card"><${Failure} error=${error} retry=${() => feed.refresh()} /></section>`
        : html`<${OverviewSkeleton} />`}
    <//>`;
  }
  const name = snapshot.name || "Unnamed job";
  const part = snapshot.status === "RUNNING" ? `${percent(doneOf(snapshot), snapshot.urls)} · ` : "";
  return html`<${Shell} title=${part + name} view=${`${id} ${view}`}>
    <${JobHead} feed=${feed} />
    <nav class="tabs" aria-label="Views of this job">
      <${Tab} id=${id} now=${view} view="" text="Overview" />
      <${Tab} id=${id} now=${view} view="addresses" text="Addresses" count=${snapshot.emails} />
      <${Tab} id=${id} now=${view} view="urls" text="URLs" count=${doneOf(snapshot)} />
    </nav>
    ${view === "addresses"
      ? html`<${Addresses} key=${id} snapshot=${snapshot} />`
      : view === "urls"
        ? html`<${Visits} key=${id} snapshot=${snapshot} />`
        : html`<${Overview} feed=${feed} />`}
  <//>`;
}

function Tab({ id, now, view, text, count }) {
  return html`<a href=${`#/jobs/${id}${view && `/${view}`}`} aria-current=${now === view ? "page" : undefined}>
    ${text}${count !== undefined && html`<span class="count num">${compact(count)}</span>`}
  </a>`;
}
