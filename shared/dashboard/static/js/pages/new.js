// A new job: paste, drop, choose or type; see at once what is usable; start.
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { bytes, int, plural } from "../format.js";
import * as draft from "../list/draft.js";
import { meta } from "../meta.js";
import { changed, check } from "../options.js";
import { prefs } from "../prefs.js";
import { go } from "../router.js";
import { Icon } from "../ui/icons.js";
import { OptionsForm } from "../ui/optionsform.js";
import { Shell } from "../ui/shell.js";
import { toast } from "../ui/toast.js";
import { Preview } from "./preview.js";
import { Sending } from "./sending.js";

export function NewJob() {
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const defaults = meta.value.defaults;
  const options = { ...prefs.value.job, ...draft.options.value };
  const wrong = check({ ...defaults, ...options });

  const start = async () => {
    setBusy(true);
    setProblem(null);
    const result = await draft.send(changed(options, defaults)).catch((error) => ({ type: "refused", problem: { title: error.message } }));
    setBusy(false);
    if (result.type === "created") created(result.answer);
    else if (result.type === "refused") setProblem(result.problem);
  };

  return html`<${Shell} title="New job">
    <div class="page-head">
      <div class="grow"><h1>New job</h1></div>
    </div>
    <div class="compose">
      <div class="stack">
        <${ListCard} />
        <section class="card" aria-label="Options">
          <div class="body stack">
            <div class="field">
              <label for="job-name">Name</label>
              <input
                id="job-name"
                class="input"
                maxlength="200"
                placeholder=${draft.suggestedName() || "Chosen for you if left empty"}
                value=${draft.name.value}
                onInput=${(e) => (draft.name.value = e.currentTarget.value)}
              />
            </div>
            <details class="more" open=${Object.keys(wrong).length > 0}>
              <summary><${Icon} name="right" />More options</summary>
              <${OptionsForm} options=${options} defaults=${defaults} wrong=${wrong} onChange=${(o) => (draft.options.value = o)} />
            </details>
          </div>
        </section>
      </div>
      <${Preview} busy=${busy} problem=${problem} blocked=${Object.keys(wrong).length > 0} onStart=${start} />
    </div>
    <${Sending} />
  <//>`;
}

function created({ job, rejected_count: rejected, started_in_ms: ms }) {
  draft.clear();
  draft.options.value = {};
  go(`#/jobs/${job.id}`);
  toast(`Started in ${int(ms)} ms${rejected ? ` · ${plural(rejected, "line")} left out` : ""}`);
}

function ListCard() {
  const [over, setOver] = useState(false);
  const chooser = useRef(null);
  useDropAnywhere(setOver);
  return html`<section class="card drop ${over ? "over" : ""}" aria-label="List of web addresses">
    ${draft.attached.value ? html`<${Attached} />` : html`<${TextList} />`}
    <div class="drop-foot">
      <button class="button" onClick=${() => chooser.current.click()}><${Icon} name="file" />Choose a file</button>
      <span class="muted small">or drop one anywhere: text, CSV or Excel, gzipped too</span>
      <input
        ref=${chooser}
        type="file"
        class="sr"
        tabindex="-1"
        aria-label="File with web addresses"
        accept=".txt,.csv,.tsv,.xlsx,.gz,text/plain,text/csv"
        onChange=${(e) => {
          if (e.currentTarget.files[0]) draft.attach(e.currentTarget.files[0]);
          e.currentTarget.value = "";
        }}
      />
    </div>
    ${over && html`<div class="drop-here" aria-hidden="true"><${Icon} name="upload" />Drop it here</div>`}
  </section>`;
}

function useDropAnywhere(setOver) {
  useEffect(() => {
    let depth = 0;
    const hasFile = (e) => e.dataTransfer?.types.includes("Files");
    const on = {
      dragenter: (e) => hasFile(e) && (depth++, setOver(true)),
      dragleave: (e) => hasFile(e) && --depth <= 0 && ((depth = 0), setOver(false)),
      dragover: (e) => hasFile(e) && e.preventDefault(),
      drop: (e) => {
        if (!hasFile(e)) return;
        e.preventDefault();
        depth = 0;
        setOver(false);
        if (e.dataTransfer.files[0]) draft.attach(e.dataTransfer.files[0]);
      },
    };
    for (const [type, f] of Object.entries(on)) addEventListener(type, f);
    return () => {
      for (const [type, f] of Object.entries(on)) removeEventListener(type, f);
    };
  }, []);
}

function TextList() {
  return html`<label class="sr" for="list">Web addresses, one per line</label>
    <textarea
      id="list"
      class="list-input"
      spellcheck="false"
      autocapitalize="off"
      autocomplete="off"
      wrap="off"
      placeholder=${"Web addresses, one per line\n\nbaeckerei-lindhorst.de\nhttps://www.tischlerei-ahrens.de/kontakt"}
      value=${draft.typed.value}
      onInput=${(e) => draft.type(e.currentTarget.value)}
      onPaste=${(e) => draft.paste(e.clipboardData?.getData("text/plain") ?? "") && e.preventDefault()}
    ></textarea>`;
}

function Attached() {
  const { name, size, pasted } = draft.attached.value;
  const preview = draft.preview.value;
  const table = preview?.table;
  return html`<div class="attached">
    <div class="attached-file">
      <span class="badge-icon"><${Icon} name=${pasted ? "copy" : "file"} /></span>
      <div class="grow">
        <p class="clip"><strong>${name}</strong></p>
        <p class="muted small num">
          ${bytes(size)}${preview && ` · ${plural(preview.lines, "line")}`}${preview?.format === "csv" && " · table"}${preview?.format === "xlsx" &&
          " · Excel, first sheet"}
        </p>
      </div>
      <button class="button quiet" onClick=${draft.clear}><${Icon} name="close" />Remove</button>
    </div>
    ${draft.fault.value && html`<div class="notice bad" role="alert"><${Icon} name="alert" />${draft.fault.value}</div>`}
    ${table && table.columns.length > 1 && html`<${Columns} table=${table} />`}
    ${preview && !(table?.columns.length > 1) && html`<${First} preview=${preview} />`}
  </div>`;
}

// First shows what was read first, so that a wrong file is seen as one.
function First({ preview }) {
  if (preview.done && preview.lines === 0) return html`<div class="notice"><${Icon} name="info" />This file is empty.</div>`;
  if (preview.sample.length === 0) return null;
  const more = preview.valid - preview.sample.length;
  return html`<div>
    <p class="small muted">It begins with</p>
    <ol class="first-lines mono">
      ${preview.sample.map((url) => html`<li key=${url} class="clip">${url}</li>`)}
      ${more > 0 && html`<li class="muted num">… and ${int(more)} more</li>`}
    </ol>
  </div>`;
}

function Columns({ table }) {
  return html`<fieldset class="columns">
    <legend>Column with the web addresses</legend>
    ${table.columns.slice(0, 40).map(
      (c, i) => html`<label class="column" key=${i}>
        <input type="radio" name="column" checked=${i === table.picked} onChange=${() => draft.pickColumn(i)} />
        <span class="clip"><strong>${c.name}</strong></span>
        <span class="clip muted mono">${c.sample}</span>
        ${c.hits > 0 && html`<span class="pill plain ok">looks right</span>`}
      </label>`,
    )}
  </fieldset>`;
}
