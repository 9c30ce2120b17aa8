// What became of the calls that say a job is completed.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { get, jobPath, post } from "../api.js";
import { ago, clock, plural } from "../format.js";
import { Icon } from "../ui/icons.js";
import { split, Url } from "../ui/url.js";
import { isFinal, Skeleton, useNow } from "../ui/states.js";
import { failed, toast } from "../ui/toast.js";
import { earlier, state } from "./callstate.js";

const SOON_MS = 1000;
const AGAIN_MS = 5000;
const FIRST_CALL_MS = 60000; // by then the first try has been made, or a sweep is due

export function Calls({ s, webhook }) {
  const [{ calls, error }, setState] = useState({ calls: null, error: null });
  const [asked, setAsked] = useState(0); // how often this page had the call sent again
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
        const begun = deliveries.some((d) => d.attempts === 0 && Date.now() - Date.parse(d.next_at) < FIRST_CALL_MS);
        again = awaited || begun ? SOON_MS : deliveries.some((d) => !state(d, 0).over) ? AGAIN_MS : 0;
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
  }, [s.id, s.status, s.finished_at, webhook, asked]);
  if (!webhook) return null;
  return html`<section class="card" aria-label="Webhook">
    <header><h2>Webhook</h2><span class="muted small clip" title=${webhook}>${split(webhook)[0]}</span>${done && calls && html`<${Again} id=${s.id} onAsked=${() => setAsked((n) => n + 1)} />`}</header>
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

// Again sends the latest call again, for a receiver that was down.
function Again({ id, onAsked }) {
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    try {
      await post(jobPath(id, "/webhook"), {});
      onAsked();
      toast("Sending the call again");
    } catch (problem) {
      failed("The call was not sent again", problem);
    }
    setBusy(false);
  };
  return html`<button class="button tight" title="Calls the webhook again, at once, with the same body" aria-busy=${busy} disabled=${busy} onClick=${send}>
    <${Icon} name="retry" />Send again
  </button>`;
}

function Call({ call, now }) {
  const before = earlier(call, now);
  const { tone, word, next } = state(call, now);
  return html`<li>
    <span class="pill ${tone}">${word}</span>
    <span class="where" title=${call.url}><${Url} url=${call.url} /></span>
    ${call.attempts > 0 &&
    html`<span class="muted num" title=${clock(call.tried_at)}>${plural(call.attempts, "try", "tries")}, the last ${ago(Date.parse(call.tried_at), now)}</span>`}
    ${(call.error || next || call.status > 0) &&
    html`<span class="why">${[call.error || `the receiver answered ${call.status}`, next].filter(Boolean).join(" · ")}</span>`}
    ${before && html`<span class="why num">${before}</span>`}
  </li>`;
}
