// Settings: how this page hears of news, what a job begins with, who may call,
// whom never to look at.
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { meta } from "../meta.js";
import { changed, check } from "../options.js";
import { apiKey, prefs, setPrefs } from "../prefs.js";
import { route } from "../router.js";
import { OptionsForm } from "../ui/optionsform.js";
import { Shell } from "../ui/shell.js";
import { toast } from "../ui/toast.js";
import { Keys } from "./keys.js";
import { Suppressions } from "./suppressions.js";
import { Webhooks } from "./webhooks.js";

const ways = [
  ["websocket", "WebSocket", "websocket"],
  ["events", "Server-sent events", "events"],
  ["polling", "Polling", null],
];

export function Settings() {
  return html`<${Shell} title="Settings">
    <div class="page-head"><div class="grow"><h1>Settings</h1></div></div>
    <div class="settings">
      <${Updates} />
      <${JobDefaults} />
      <${Suppressions} />
      <${Keys} />
      <${Webhooks} />
      <${ThisBrowser} />
    </div>
  <//>`;
}

export function Section({ title, note, children }) {
  return html`<section class="settings-section" aria-label=${title}>
    <div>
      <h2>${title}</h2>
      <p class="small muted">${note}</p>
    </div>
    <div class="card"><div class="body stack">${children}</div></div>
  </section>`;
}

function Updates() {
  const { update, interval } = prefs.value;
  const push = meta.value.push;
  return html`<${Section} title="Updates" note="How a job's page learns what happened. Where pushing fails, polling takes over by itself, and hands back again.">
    <div class="choices wrap" role="radiogroup" aria-label="Way of updating">
      ${ways.map(
        ([word, text, needs]) => html`<label key=${word}>
          <input type="radio" name="update" checked=${update === word} onChange=${() => setPrefs({ update: word })} />${text}${needs && !push[needs]
            ? html` <span class="sr">(not offered by this server)</span>`
            : ""}
        </label>`,
      )}
    </div>
    ${update !== "polling" &&
    !push[update] &&
    html`<p class="small muted">This server does not offer it at present, so the page polls.</p>`}
    <div class="field narrow">
      <label for="interval">Seconds between polls</label>
      <input
        id="interval"
        class="input"
        type="number"
        min="1"
        max="60"
        value=${interval}
        onChange=${(e) => setPrefs({ interval: e.currentTarget.valueAsNumber })}
      />
    </div>
  <//>`;
}

function JobDefaults() {
  const defaults = meta.value.defaults;
  const options = prefs.value.job;
  const own = changed(options, defaults);
  return html`<${Section} title="A new job" note="What a new job begins with. Kept in this browser.">
    <${OptionsForm} options=${options} defaults=${defaults} wrong=${check({ ...defaults, ...options })} onChange=${(job) => setPrefs({ job })} />
    ${Object.keys(own).length > 0 && html`<div><button class="button" onClick=${() => setPrefs({ job: {} })}>Back to the server's defaults</button></div>`}
  <//>`;
}

function ThisBrowser() {
  const [key, setKey] = useState(apiKey.value);
  const field = useRef(null);
  useEffect(() => {
    if ("key" in route.value.params) field.current.focus(); // sent here to enter one
  }, []);
  const save = (event) => {
    event.preventDefault();
    apiKey.value = key.trim();
    toast(apiKey.value ? "Key saved in this browser" : "Key removed");
  };
  return html`<${Section} title="This browser" note="A server that is not on this machine wants a key with every request.">
    <form class="stack" onSubmit=${save}>
      <div class="field">
        <label for="api-key">API key</label>
        <input
          id="api-key"
          ref=${field}
          class="input mono"
          type="password"
          autocomplete="off"
          placeholder="glk_…"
          value=${key}
          onInput=${(e) => setKey(e.currentTarget.value)}
        />
        <span class="hint">Kept in this browser's storage and sent to this server alone.</span>
      </div>
      <div><button class="button" disabled=${key.trim() === apiKey.value}>Save key</button></div>
    </form>
  <//>`;
}
