// The job's name, status and what can be done with it.
import { html, useState } from "../../vendor/preact.js";
import { int, plural } from "../format.js";
import { outcome } from "../meta.js";
import { Icon } from "../ui/icons.js";
import { isFinal, Menu, Sheet, StatusPill } from "../ui/states.js";
import { failed, toast } from "../ui/toast.js";
import { act, deleteJob, exportJob } from "./actions.js";

export function JobHead({ feed }) {
  const s = feed.snapshot.value;
  const [busy, setBusy] = useState("");
  const [asking, setAsking] = useState(false);
  const run = async (action) => {
    setBusy(action);
    await act(s.id, action, (job) => feed.refresh(job));
    setBusy("");
  };
  const retryable = retryableCount(s);
  const active = s.status === "RUNNING" || s.status === "PAUSED";
  return html`<div class="page-head job-head">
      <div class="grow">
        <div class="row">
          <h1 class="clip" title=${s.name}>${s.name || "Unnamed job"}</h1>
          <${StatusPill} status=${s.status} />
        </div>
        <p class="small num">${plural(s.urls, "web address", "web addresses")} on ${plural(s.hosts, "host")}</p>
      </div>
      <div class="row wrap">
        ${s.status === "RUNNING" && html`<${Action} run=${run} busy=${busy} action="pause" icon="pause" text="Pause" />`}
        ${s.status === "PAUSED" && html`<${Action} run=${run} busy=${busy} action="resume" icon="play" text="Resume" primary />`}
        ${retryable > 0 &&
        isFinal(s.status) &&
        html`<${Action} run=${run} busy=${busy} action="retry" icon="retry" text=${`Retry ${int(retryable)}`} title="Tries again what failed in a way that may pass, and what was cancelled" />`}
        ${(active || s.status === "CREATING") &&
        html`<button class="button danger" disabled=${busy !== ""} onClick=${() => setAsking(true)}><${Icon} name="stop" />Cancel</button>`}
        <${Menu} label="Export" text="Export" icon="download">
          <p>Addresses</p>
          ${["csv", "ndjson", "xlsx"].map((f) => html`<button key=${f} onClick=${() => exportJob(s, "emails", f)}><${Icon} name="mail" />${formats[f]}</button>`)}
          <p>All URLs and outcomes</p>
          ${["csv", "ndjson", "xlsx"].map((f) => html`<button key=${f} onClick=${() => exportJob(s, "urls", f)}><${Icon} name="link" />${formats[f]}</button>`)}
        <//>
        <${Menu} label="More" icon="more" quiet>
          <button onClick=${() => copy(location.href)}><${Icon} name="link" />Copy link</button>
          <button onClick=${() => copy(s.id)}><${Icon} name="copy" />Copy job id</button>
          <button class="danger" onClick=${() => deleteJob(s)}><${Icon} name="trash" />Delete</button>
        <//>
      </div>
    </div>
    ${s.status === "FAILED" && html`<div class="notice bad job-reason"><${Icon} name="alert" />This job failed${s.reason && `: ${s.reason}`}.</div>`}
    ${asking &&
    html`<${Sheet} title="Cancel this job?" onClose=${() => setAsking(false)}>
      <p>Web addresses whose turn has not come are left out. What was found is kept, and the rest can be tried again later.</p>
      <div class="buttons">
        <button class="button" onClick=${() => setAsking(false)}>Let it run</button>
        <button class="button danger" onClick=${() => (setAsking(false), run("cancel"))}>Cancel the job</button>
      </div>
    <//>`}`;
}

const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch (error) {
    failed("The browser did not let this be copied", error);
  }
};

const formats = { csv: "CSV", ndjson: "JSON lines", xlsx: "Excel (XLSX)" };

function Action({ run, busy, action, icon, text, title, primary }) {
  return html`<button
    class="button ${primary ? "primary" : ""}"
    title=${title}
    aria-busy=${busy === action}
    disabled=${busy !== ""}
    onClick=${() => run(action)}
  >
    <${Icon} name=${icon} />${text}
  </button>`;
}

// retryableCount is how many URLs a retry would visit: those that failed in a way
// that may pass and, in a cancelled job, those whose turn never came.
export function retryableCount({ status, total, processed, outcomes = {} }) {
  const open = status === "CANCELLED" ? Math.max(0, total - processed) : 0;
  return Object.entries(outcomes).reduce((sum, [word, n]) => (outcome(word).retryable ? sum + n : sum), open);
}
