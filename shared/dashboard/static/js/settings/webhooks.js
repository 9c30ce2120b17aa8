// The secret that webhook calls are signed with.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { at, get, post } from "../api.js";
import { day, moment } from "../format.js";
import { Icon } from "../ui/icons.js";
import { Sheet, Skeleton } from "../ui/states.js";
import { failed, toast } from "../ui/toast.js";
import { Section } from "./page.js";

export function Webhooks() {
  const [secret, setSecret] = useState(null);
  const [error, setError] = useState(null);
  const [shown, setShown] = useState(false);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    get("/webhook").then(setSecret, setError);
  }, []);
  const rotate = async () => {
    setAsking(false);
    try {
      setSecret(await post("/webhook/rotate", {}));
      setShown(true);
      toast("A new secret was made");
    } catch (problem) {
      failed("No new secret was made", problem);
    }
  };
  const copy = () =>
    navigator.clipboard.writeText(secret.secret).then(
      () => toast("Copied"),
      (problem) => failed("The browser did not let this be copied", problem),
    );
  const docs = html`<a href=${`${at().base}/docs`}>the API's page</a>`;
  return html`<${Section}
    title="Webhooks"
    note=${html`A job's “Call when done” is told when it is completed. The header Gleaner-Signature proves that the call is from here; ${docs} says how.`}
  >
    ${error
      ? html`<p class="small muted" role="alert">The secret could not be loaded: ${error.message}</p>`
      : secret === null
        ? html`<${Skeleton} height="2.5rem" />`
        : html`<div class="field">
              <p class="label">Signing secret</p>
              <p class="secret"><code>${shown ? secret.secret : `${secret.secret.slice(0, 9)}${"•".repeat(24)}`}</code></p>
              <span class="hint num">
                Created ${day(secret.created_at)}.${secret.previous && Date.parse(secret.previous_until) > Date.now()
                  ? ` Calls carry the signature of the one before too, until ${moment(secret.previous_until)}.`
                  : ""}
              </span>
            </div>
            <div class="row wrap">
              <button class="button" onClick=${() => setShown(!shown)}>${shown ? "Hide" : "Show"}</button>
              <button class="button" onClick=${copy}><${Icon} name="copy" />Copy</button>
              <button class="button" onClick=${() => setAsking(true)}><${Icon} name="retry" />New secret</button>
            </div>`}
    ${asking &&
    html`<${Sheet} title="Make a new secret?" onClose=${() => setAsking(false)}>
      <p>For a day calls are signed with both, so that no call is missed while you change your receivers. Then the old one is of no more use.</p>
      <div class="buttons">
        <button class="button" onClick=${() => setAsking(false)}>Keep this one</button>
        <button class="button primary" onClick=${rotate}>Make a new one</button>
      </div>
    <//>`}
  <//>`;
}
