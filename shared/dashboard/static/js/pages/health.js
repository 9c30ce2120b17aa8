// The doctor's report: what was looked at, what was seen, what to do.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { at, get } from "../api.js";
import { duration, moment } from "../format.js";
import { meta } from "../meta.js";
import { Icon } from "../ui/icons.js";
import { Shell } from "../ui/shell.js";
import { Failure, Skeleton } from "../ui/states.js";

const tones = { ok: ["ok", "Fine"], degraded: ["warn", "Degraded"], failing: ["bad", "Failing"] };
const sentences = {
  ok: "Everything works.",
  degraded: "It works, though something needs a look.",
  failing: "Something does not work.",
};

function Pill({ status }) {
  const [tone, text] = tones[status] ?? ["", status];
  return html`<span class="pill ${tone}">${text}</span>`;
}

// examined asks the doctor; where there is none, whether the server answers at all.
async function examined() {
  try {
    return await get("/health?deep=1", { timeout: 60000 });
  } catch (error) {
    if (error.status !== 404) throw error;
    const began = performance.now();
    const { status } = await get("/health");
    return { status, checks: [{ name: "server", status, detail: "It answers. It has no doctor for more than that.", ms: Math.round(performance.now() - began) }] };
  }
}

export function Health() {
  const [state, setState] = useState({ report: null, error: null, busy: true, when: 0 });
  const examine = async () => {
    setState((old) => ({ ...old, busy: true }));
    try {
      const report = await examined();
      setState({ report, error: null, busy: false, when: Date.now() });
    } catch (error) {
      setState({ report: null, error, busy: false, when: 0 });
    }
  };
  useEffect(() => {
    examine();
  }, []);
  const { report, error, busy, when } = state;
  return html`<${Shell} title="Health">
    <div class="page-head">
      <div class="grow">
        <h1>Health</h1>
        <p class="small">${report ? html`${sentences[report.status] ?? ""} <span class="num">Examined ${moment(when)}.</span>` : "What the doctor says."}</p>
      </div>
      <button class="button" disabled=${busy} aria-busy=${busy} onClick=${examine}><${Icon} name="retry" />${busy ? "Examining …" : "Examine again"}</button>
    </div>
    <section class="card" aria-label="Checks">
      ${error
        ? html`<${Failure} error=${error} retry=${examine} />`
        : html`<ul class="checks">
            ${report
              ? (report.checks ?? []).map(
                  (c) => html`<li key=${c.name}>
                    <span class="mark"><${Pill} status=${c.status} /></span>
                    <div class="grow">
                      <p><strong>${c.name}</strong></p>
                      ${c.detail && html`<p class="small muted detail">${c.detail}</p>`}
                      ${c.advice && html`<p class="small advice"><${Icon} name="info" />${c.advice}</p>`}
                    </div>
                    <span class="muted small num">${c.ms < 1 ? "< 1 ms" : duration(c.ms / 1000)}</span>
                  </li>`,
                )
              : [1, 2, 3, 4].map((n) => html`<li key=${n}><${Skeleton} height="2.6rem" /></li>`)}
          </ul>`}
    </section>
    ${meta.value.version && html`<p class="muted small version num">Gleaner ${meta.value.version} · <a href=${`${at().base}/docs`}>API</a></p>`}
  <//>`;
}
