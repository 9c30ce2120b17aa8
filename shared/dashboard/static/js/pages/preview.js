// What the list will amount to, counted as it is read, and the button that starts it.
import { html } from "../../vendor/preact.js";
import { int, plural } from "../format.js";
import * as draft from "../list/draft.js";
import { Icon } from "../ui/icons.js";

export function Preview({ busy, problem, blocked, onStart }) {
  const p = draft.preview.value;
  const ready = p?.done && p.valid > 0 && !busy && !blocked;
  return html`<aside class="preview stack" aria-label="Preview">
    <section class="card">
      <div class="body stack">
        <div aria-live="polite">
          <p class="preview-count num">${int(p?.valid ?? 0)}</p>
          <p class="muted">${p?.valid === 1 ? "web address" : "web addresses"}${p && p.valid > 0 && ` on ${plural(p.hosts, "host")}`}</p>
        </div>
        <${Reading} p=${p} />
        <dl class="facts">
          <div><dt>Duplicates</dt><dd class="num">${int(p?.duplicates ?? 0)}</dd></div>
          <div><dt>Wrong lines</dt><dd class="num ${p?.wrongCount ? "is-warn" : ""}">${int(p?.wrongCount ?? 0)}</dd></div>
        </dl>
        <button class="button primary large" id="start" disabled=${!ready} onClick=${onStart}>
          <${Icon} name="play" />${busy ? "Starting …" : ready ? `Start with ${int(p.valid)}` : "Start"}
        </button>
        ${problem && html`<${Refusal} problem=${problem} />`}
      </div>
    </section>
    ${p && p.wrongCount > 0 && html`<${WrongLines} p=${p} />`}
  </aside>`;
}

function Reading({ p }) {
  const part = !p ? 0 : p.done ? 1 : p.size ? Math.min(1, p.read / p.size) : 0;
  return html`<div
    class="progress"
    role="progressbar"
    aria-label="List read"
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.round(part * 100)}
  >
    <i style=${{ transform: `scaleX(${part})` }}></i>
  </div>`;
}

function Refusal({ problem }) {
  return html`<div class="notice bad" role="alert">
    <${Icon} name="alert" />
    <div>
      <strong>${problem.title}</strong>
      ${problem.detail && html`<p>${problem.detail}</p>`}
      ${problem.errors?.length > 0 &&
      html`<ul>
        ${problem.errors.slice(0, 10).map((e) => html`<li>${e.field ?? `Line ${e.line}: ${e.text ?? ""}`} ${e.reason}</li>`)}
      </ul>`}
      ${problem.requestId && html`<p class="muted small">Request ${problem.requestId}</p>`}
    </div>
  </div>`;
}

function WrongLines({ p }) {
  const more = p.wrongCount - p.wrong.length;
  return html`<section class="card" aria-label="Wrong lines">
    <header><h2>Left out</h2><span class="pill warn plain num">${int(p.wrongCount)}</span></header>
    <ol class="wrong-lines" tabindex="0" aria-label="Lines that are left out">
      ${p.wrong.map(
        (w) => html`<li key=${w.line}>
          <span class="num muted">${int(w.line)}</span>
          <span class="clip mono" title=${w.text}>${w.text}</span>
          <span class="reason">${w.reason}</span>
        </li>`,
      )}
      ${more > 0 && html`<li class="muted">and ${int(more)} more</li>`}
    </ol>
  </section>`;
}
