// What became of the calls that say a job is completed.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { get, jobPath } from "../api.js";
import { ago, clock, plural } from "../format.js";
import { split, Url } from "../ui/url.js";
import { isFinal, Skeleton, useNow } from "../ui/states.js";
import { state } from "./callstate.js";

const SOON_MS = 1000;
const AGAIN_MS = 5000;
const FIRST_CALL_MS = 60000; // by then the first try has been made, or a sweep is due

export function Calls({ s, webhook }) {
  const [{ calls, error }, setState] = useState({ calls: null, error: null });
  const now = useNow(1);
  const done = s.status === "COMPLETED";
  useEffect(() => {
    if (!webhook || !isFinal(s.status)) return undefined;
    let timer = 0;
    let closed = false;
    const look = async () => {
      let again = AGAIN_MS;
      try {
        const { deliveries } = await get(jobPath(s.id, "/webhook"));
        if (closed) return;
        setState({ calls: deliveries, error: null });
        const awaited = done && deliveries.length === 0 && Date.now() - Date.parse(s.finished_at) < FIRST_CALL_MS;
        again = awaited ? SOON_MS : deliveries.some((d) => !state(d, 0).over) ? AGAIN_MS : 0;
      } catch (problem) {
        if (closed) return;
        setState((old) => ({ ...old, error: problem }));
      }
      if (again) timer = setTimeout(look, document.hidden ? AGAIN_MS * 6 : again);
    };
    look();
    return () => {
      closed = true;
      clearTimeout(timer);
    };
  }, [s.id, s.status, s.finished_at, webhook]);
  if (!webhook) return null;
  return html`<section class="card" aria-label="Webhook">
    <header><h2>Webhook</h2><span class="muted small clip" title=${webhook}>${split(webhook)[0]}</span></header>
    <div class="body">
      ${error
        ? html`<p class="small muted" role="alert">The calls could not be loaded: ${error.message}</p>`
        : !isFinal(s.status)
          ? html`<p class="small muted">It is called when the job is completed.</p>`
          : calls === null
            ? html`<${Skeleton} height="2.5rem" />`
            : calls.length === 0
              ? html`<p class="small muted">${done ? "The first call is about to be made." : "It was not called: only a completed job is announced."}</p>`
              : html`<ul class="calls">
                  ${calls.map((c) => html`<${Call} key=${c.id} call=${c} now=${now} />`)}
                </ul>`}
    </div>
  </section>`;
}

function Call({ call, now }) {
  const { tone, word, next } = state(call, now);
  return html`<li>
    <span class="pill ${tone}">${word}</span>
    <span class="where" title=${call.url}><${Url} url=${call.url} /></span>
    <span class="muted num" title=${clock(call.tried_at)}>${plural(call.attempts, "try", "tries")}, the last ${ago(Date.parse(call.tried_at), now)}</span>
    ${(call.error || next || call.status > 0) &&
    html`<span class="why">${[call.error || `the receiver answered ${call.status}`, next].filter(Boolean).join(" · ")}</span>`}
  </li>`;
}
