// API keys: made here, shown once, revoked here.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { del, get, post } from "../api.js";
import { ago, day } from "../format.js";
import { Icon } from "../ui/icons.js";
import { Sheet, Skeleton } from "../ui/states.js";
import { failed, toast } from "../ui/toast.js";
import { Section } from "./page.js";

export function Keys() {
  const [keys, setKeys] = useState(null);
  const [error, setError] = useState(null);
  const [made, setMade] = useState(null);
  const [revoking, setRevoking] = useState(null);
  const [name, setName] = useState("");

  const load = () => get("/keys").then((answer) => (setKeys(answer.keys ?? []), setError(null)), setError);
  useEffect(() => {
    load();
  }, []);

  const create = async (event) => {
    event.preventDefault();
    try {
      setMade(await post("/keys", { name: name.trim() }));
      setName("");
      load();
    } catch (problem) {
      failed("No key was made", problem);
    }
  };
  const revoke = async (key) => {
    setRevoking(null);
    try {
      await del(`/keys/${encodeURIComponent(key.id)}`);
      toast(`Revoked ${key.name}`);
      load();
    } catch (problem) {
      failed("The key could not be revoked", problem);
    }
  };

  return html`<${Section} title="API keys" note="For scripts and for other machines. Only a hash of each is stored.">
    <form class="row" onSubmit=${create}>
      <input class="input" aria-label="Name of the new key" placeholder="What is it for?" maxlength="100" value=${name} onInput=${(e) => setName(e.currentTarget.value)} />
      <button class="button" disabled=${name.trim() === ""}><${Icon} name="key" />Create key</button>
    </form>
    ${error
      ? html`<p class="small muted" role="alert">The keys could not be loaded: ${error.message}</p>`
      : keys === null
        ? html`<${Skeleton} height="2.5rem" />`
        : keys.length === 0
          ? html`<p class="small muted">There is no key yet.</p>`
          : html`<ul class="entries">
              ${keys.map(
                (k) => html`<li key=${k.id}>
                  <div class="grow">
                    <p class="clip"><strong>${k.name}</strong> <code class="muted">${k.prefix}…</code></p>
                    <p class="small muted num">
                      Created ${day(k.created_at)} · ${k.last_used_at && !k.last_used_at.startsWith("0001") ? `used ${ago(Date.parse(k.last_used_at))}` : "never used"}
                    </p>
                  </div>
                  <button class="button danger tight" onClick=${() => setRevoking(k)}>Revoke</button>
                </li>`,
              )}
            </ul>`}
    ${made && html`<${Secret} made=${made} onClose=${() => setMade(null)} />`}
    ${revoking &&
    html`<${Sheet} title=${`Revoke ${revoking.name}?`} onClose=${() => setRevoking(null)}>
      <p>Whatever uses this key is refused from now on. This cannot be undone.</p>
      <div class="buttons">
        <button class="button" onClick=${() => setRevoking(null)}>Keep it</button>
        <button class="button danger" onClick=${() => revoke(revoking)}>Revoke the key</button>
      </div>
    <//>`}
  <//>`;
}

function Secret({ made, onClose }) {
  const copy = () => navigator.clipboard?.writeText(made.secret).then(() => toast("Copied"));
  return html`<${Sheet} title="Your new key" onClose=${onClose}>
    <p>Copy it now: it is not shown again.</p>
    <p class="secret"><code>${made.secret}</code></p>
    <div class="buttons">
      <button class="button" onClick=${copy}><${Icon} name="copy" />Copy</button>
      <button class="button primary" onClick=${onClose}>Done</button>
    </div>
  <//>`;
}
