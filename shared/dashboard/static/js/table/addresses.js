// The addresses a job found.
import { html, useEffect, useMemo, useState } from "../../vendor/preact.js";
import { exportJob } from "../job/actions.js";
import { ago, int, moment, percent } from "../format.js";
import { kindText, meta } from "../meta.js";
import { route, setParams } from "../router.js";
import { Icon } from "../ui/icons.js";
import { Failure, isFinal, Sheet, State } from "../ui/states.js";
import { toast } from "../ui/toast.js";
import { Url } from "../ui/url.js";
import { Choice, FiltersToggle, Search, TableBar, useTyped } from "./bar.js";
import { TableData } from "./data.js";
import { Grid } from "./grid.js";

const names = ["q", "kind", "found_by", "domain", "min_confidence", "own_domain"];
const confidences = [0.5, 0.7, 0.8, 0.9, 0.95].map((c) => [String(c), `at least ${c * 100} %`]);
const shorten = (url) => url.replace(/^https?:\/\/(www\.)?/, "").replace(/\/$/, "");

const columns = [
  { name: "email", label: "Address", sort: true, class: "strong", render: (a) => a.email },
  { name: "kind", label: "Kind", sort: true, class: "wide", render: (a) => html`<span class="pill plain">${kindText(a.kind)}</span>` },
  { name: "confidence", label: "Confidence", sort: true, class: "wide num", render: (a) => html`<${Confidence} value=${a.confidence} />` },
  { name: "found_by", label: "Found by", sort: true, class: "wide muted", render: (a) => kindText(a.found_by) },
  {
    name: "source_url",
    label: "Source",
    sort: true,
    class: "source",
    render: (a) => html`<a href=${a.source_url} target="_blank" rel="noopener noreferrer" tabindex="-1" title=${a.source_url}><${Url} url=${a.source_url} /></a>${a
        .sources?.length > 0 && html`<span class="muted small num">+${a.sources.length}</span>`}`,
  },
  { name: "first_seen", label: "Seen", sort: true, class: "wide muted num", render: (a) => ago(Date.parse(a.first_seen)) },
];

function Confidence({ value }) {
  const tone = value >= 0.8 ? "ok" : value >= 0.5 ? "warn" : "bad";
  return html`<span class="meter ${tone}"><i style=${{ transform: `scaleX(${value})` }}></i></span>${percent(value, 1)}`;
}

const filtersOf = (params) => Object.fromEntries(names.filter((n) => params[n]).map((n) => [n, params[n]]));
const sortingOf = ({ sort = "" }) => ({ by: sort.replace(/^-/, ""), descending: sort.startsWith("-") });

// useTable keeps a table's data alive and in step with the parameters in the URL.
export function useTable(snapshot, field, filters, sorting, count) {
  const known = Object.keys(meta.value.outcomes).length > 0;
  const data = useMemo(() => new TableData(snapshot.id, field, filters, sorting), [snapshot.id, known]);
  useEffect(() => () => data.close(), [data]);
  const text = JSON.stringify(filters);
  useEffect(() => data.filter(filters), [data, text]);
  useEffect(() => data.sort(sorting), [data, sorting.by, sorting.descending]);
  const { loaded, loading } = data.state.value;
  useEffect(() => {
    if (!loading && count > loaded) data.changed();
  }, [data, count, loading]);
  return data;
}

export function Addresses({ snapshot }) {
  const params = route.value.params;
  const filters = filtersOf(params);
  const sorting = sortingOf(params);
  const data = useTable(snapshot, "emails", filters, sorting, snapshot.emails);
  const [shown, setShown] = useState(null);
  const [open, setOpen] = useState(false);
  const { facets, loaded, loading, error } = data.state.value;
  const filtered = Object.keys(filters).length > 0;
  const set = (name) => (value) => setParams({ [name]: value });
  const clear = () => setParams(Object.fromEntries(names.map((n) => [n, ""])));
  const counted = (entries = []) => entries.filter(([word]) => word).map(([word, n]) => [word, `${kindText(word)} (${int(n)})`]);

  if (error && loaded === 0) {
    return html`<section class="card"><${Failure} error=${error} retry=${() => data.reload()} /></section>`;
  }
  return html`<section class="card table-card" aria-label="Addresses">
    <div class="filters ${open ? "open" : ""}">
      <${Search} value=${filters.q ?? ""} label="Search address or source" onChange=${set("q")} />
      <${FiltersToggle} open=${open} setOpen=${setOpen} active=${Object.keys(filters).filter((n) => n !== "q").length} />
      <${Choice} label="Kind" value=${filters.kind ?? ""} all="Any kind" entries=${counted(facets.kind)} onChange=${set("kind")} />
      <${Choice} label="Found by" value=${filters.found_by ?? ""} all="Found anyhow" entries=${counted(facets.found_by)} onChange=${set("found_by")} />
      <${Choice} label="Confidence" value=${filters.min_confidence ?? ""} all="Any confidence" entries=${confidences} onChange=${set("min_confidence")} />
      <${Choice}
        label="Own domain"
        value=${filters.own_domain ?? ""}
        all="Any domain"
        entries=${[
          ["true", "The site's own domain"],
          ["false", "Another domain"],
        ]}
        onChange=${set("own_domain")}
      />
      <${Domain} value=${filters.domain ?? ""} domains=${facets.domain ?? []} onChange=${set("domain")} />
    </div>
    <${TableBar}
      data=${data}
      noun="addresses"
      filtered=${filtered}
      onClear=${clear}
      onExport=${(format) => exportJob(snapshot, "emails", format, filters)}
    />
    ${error && html`<div class="notice bad"><${Icon} name="alert" />${error.message}</div>`}
    <${Grid}
      data=${data}
      columns=${columns}
      layout="addresses"
      label="Addresses"
      sorting=${sorting}
      onSort=${(s) => setParams({ sort: s.by && (s.descending ? "-" : "") + s.by })}
      onOpen=${setShown}
      empty=${html`<${Empty} loading=${loading} filtered=${filtered} final=${isFinal(snapshot.status)} clear=${clear} />`}
    />
    ${shown && html`<${Details} address=${shown} onClose=${() => setShown(null)} />`}
  </section>`;
}

function Domain({ value, domains, onChange }) {
  const [text, setText] = useTyped(value, (next) => onChange(next.trim()));
  return html`<input class="input slim" list="domains" placeholder="Domain" aria-label="Domain" value=${text} onInput=${(e) => setText(e.currentTarget.value)} />
    <datalist id="domains">${domains.slice(0, 50).map(([name, n]) => html`<option key=${name} value=${name}>${int(n)}</option>`)}</datalist>`;
}

function Empty({ loading, filtered, final, clear }) {
  if (loading) return html`<${State} icon="mail" title="Loading addresses" />`;
  if (filtered) {
    return html`<${State} icon="search" title="Nothing matches" actions=${html`<button class="button" onClick=${clear}>Clear filters</button>`}>
      No address passes these filters.
    <//>`;
  }
  return html`<${State} icon="mail" title=${final ? "No address was found" : "No address yet"}>
    ${final ? "The URLs view says how each page ended." : "They appear here as they are found."}
  <//>`;
}

function Details({ address: a, onClose }) {
  const sources = [...new Set([a.source_url, ...(a.sources ?? [])])];
  const facts = [
    ["Kind", kindText(a.kind)],
    ["Found by", kindText(a.found_by)],
    ["Confidence", percent(a.confidence, 1)],
    ["Domain", a.own_domain ? "the site's own" : "another than the site's"],
    ["First seen", moment(a.first_seen)],
    ...(a.raw ? [["On the page", html`<code>${a.raw}</code>`]] : []),
    ...(a.reasons?.length ? [["Why this confidence", a.reasons.map(kindText).join(", ")]] : []),
  ];
  const copy = () => navigator.clipboard?.writeText(a.email).then(() => toast("Copied"));
  return html`<${Sheet} title=${a.email} onClose=${onClose}>
    <dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <div>
      <h3>Sources</h3>
      <ul class="sources">
        ${sources.map((url) => html`<li key=${url}><a href=${url} target="_blank" rel="noopener noreferrer">${shorten(url)}</a></li>`)}
      </ul>
    </div>
    <div class="buttons"><button class="button" onClick=${copy}><${Icon} name="copy" />Copy address</button></div>
  <//>`;
}
