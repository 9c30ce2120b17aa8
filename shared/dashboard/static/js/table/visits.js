// Every URL of a job and how it ended, those without an address too.
import { html, useState } from "../../vendor/preact.js";
import { exportJob } from "../job/actions.js";
import { classText } from "../job/outcomes.js";
import { duration, int } from "../format.js";
import { meta, outcome } from "../meta.js";
import { route, setParams } from "../router.js";
import { Icon } from "../ui/icons.js";
import { Failure, Sheet, State } from "../ui/states.js";
import { Url } from "../ui/url.js";
import { useTable } from "./addresses.js";
import { Choice, FiltersToggle, Search, TableBar } from "./bar.js";
import { Grid } from "./grid.js";

const names = ["q", "outcome", "class"];
const classes = [["", "All"], ...Object.entries(classText)];
const shorten = (url) => url.replace(/^https?:\/\//, "");

const columns = [
  { name: "url", label: "URL", sort: true, class: "strong", render: (v) => html`<span title=${v.url}><${Url} url=${v.url} /></span>` },
  { name: "outcome", label: "Outcome", sort: true, class: "outcome-cell", render: (v) => html`<${OutcomeText} visit=${v} />` },
  { name: "detail", label: "Detail", class: "wide muted", render: (v) => v.detail ?? "" },
  { name: "status", label: "Status", sort: true, class: "wide num", render: (v) => v.status || "" },
  { name: "pages", label: "Pages", sort: true, class: "wide num", render: (v) => v.pages || "" },
  { name: "addresses", label: "Found", sort: true, class: "wide num", render: (v) => v.addresses || "" },
  { name: "ms", label: "Time", sort: true, class: "wide num muted", render: (v) => (v.ms ? duration(v.ms / 1000) : "") },
];

const tones = { ok: "ok", refused: "warn", failed: "bad" };

function OutcomeText({ visit }) {
  const o = outcome(visit.outcome);
  const tone = o.class === "ok" && visit.outcome !== "found" ? "" : tones[o.class];
  return html`<span class="pill ${tone}" title=${o.text}><span class="clip">${o.text}</span></span>`;
}

export function Visits({ snapshot }) {
  const params = route.value.params;
  const filters = Object.fromEntries(names.filter((n) => params[n]).map((n) => [n, params[n]]));
  const sort = params.sort ?? "";
  const sorting = { by: sort.replace(/^-/, ""), descending: sort.startsWith("-") };
  const data = useTable(snapshot, "urls", filters, sorting, snapshot.processed);
  const [shown, setShown] = useState(null);
  const [open, setOpen] = useState(false);
  const { facets, loading, loaded, error } = data.state.value;
  const filtered = Object.keys(filters).length > 0;
  const clear = () => setParams({ q: "", outcome: "", class: "" });
  const words = (facets.outcome ?? []).map(([word, n]) => [word, `${outcome(word).text} (${int(n)})`]);
  void meta.value; // texts come with it

  if (error && loaded === 0) {
    return html`<section class="card"><${Failure} error=${error} retry=${() => data.reload()} /></section>`;
  }
  return html`<section class="card table-card" aria-label="URLs and outcomes">
    <div class="filters ${open ? "open" : ""}">
      <${Search} value=${filters.q ?? ""} label="Search URL or detail" onChange=${(q) => setParams({ q })} />
      <${FiltersToggle} open=${open} setOpen=${setOpen} active=${filters.outcome ? 1 : 0} />
      <div class="choices" role="radiogroup" aria-label="Class of outcome">
        ${classes.map(
          ([word, text]) => html`<label key=${word}>
            <input type="radio" name="class" checked=${(filters.class ?? "") === word} onChange=${() => setParams({ class: word, outcome: "" })} />${text}
          </label>`,
        )}
      </div>
      <${Choice} label="Outcome" value=${filters.outcome ?? ""} all="Any outcome" entries=${words} onChange=${(o) => setParams({ outcome: o, class: "" })} />
    </div>
    <${TableBar}
      data=${data}
      noun="URLs"
      filtered=${filtered}
      onClear=${clear}
      onExport=${(format) => exportJob(snapshot, "urls", format, filters)}
    />
    ${error && html`<div class="notice bad"><${Icon} name="alert" />${error.message}</div>`}
    <${Grid}
      data=${data}
      columns=${columns}
      layout="visits"
      label="URLs and outcomes"
      sorting=${sorting}
      onSort=${(s) => setParams({ sort: s.by && (s.descending ? "-" : "") + s.by })}
      onOpen=${setShown}
      empty=${loading
        ? html`<${State} icon="link" title="Loading URLs" />`
        : filtered
          ? html`<${State} icon="search" title="Nothing matches" actions=${html`<button class="button" onClick=${clear}>Clear filters</button>`}>
              No URL passes these filters.
            <//>`
          : html`<${State} icon="clock" title="No outcome yet">Each URL appears here once it has ended, one way or another.<//>`}
    />
    ${shown && html`<${Details} visit=${shown} onClose=${() => setShown(null)} />`}
  </section>`;
}

function Details({ visit: v, onClose }) {
  const o = outcome(v.outcome);
  const facts = [
    ["Outcome", o.text],
    ...(v.detail ? [["Detail", v.detail]] : []),
    ...(v.status ? [["HTTP status", v.status]] : []),
    ...(v.final_url ? [["Led to", html`<a href=${v.final_url} target="_blank" rel="noopener noreferrer">${shorten(v.final_url)}</a>`]] : []),
    ["Pages fetched", int(v.pages ?? 0)],
    ["Addresses", int(v.addresses ?? 0)],
    ...(v.attempts > 1 ? [["Attempts", int(v.attempts)]] : []),
    ...(v.ms ? [["Time", duration(v.ms / 1000)]] : []),
    ...(v.bad_certificate ? [["Certificate", "not valid"]] : []),
    ["Can be retried", o.retryable ? "yes" : "no, it would end the same"],
  ];
  return html`<${Sheet} title=${shorten(v.url)} onClose=${onClose}>
    <dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <div class="buttons"><a class="button" href=${v.url} target="_blank" rel="noopener noreferrer"><${Icon} name="globe" />Open</a></div>
  <//>`;
}
