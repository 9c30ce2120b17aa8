// Suppression lists: sites that are never visited, addresses never reported.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { del, get, post, query } from "../api.js";
import { int, plural } from "../format.js";
import { Icon } from "../ui/icons.js";
import { Skeleton } from "../ui/states.js";
import { failed, toast } from "../ui/toast.js";
import { Section } from "./page.js";

const textOf = (entry) => (typeof entry === "string" ? entry : (entry.entry ?? entry.value ?? ""));

export function Suppressions() {
  const [state, setState] = useState({ entries: null, next: "", error: null });
  const [text, setText] = useState("");
  const [rejected, setRejected] = useState([]);

  const load = async (cursor = "") => {
    try {
      const page = await get(`/suppressions${query({ cursor, limit: 100 })}`);
      setState((old) => ({ entries: [...(cursor ? old.entries : []), ...(page.entries ?? [])], next: page.next ?? "", error: null }));
    } catch (error) {
      setState((old) => ({ ...old, error }));
    }
  };
  useEffect(() => {
    load();
  }, []);

  const add = async (event) => {
    event.preventDefault();
    try {
      const answer = await post("/suppressions", { text });
      setRejected(answer.rejected ?? []);
      toast(`Added ${plural(answer.added, "entry", "entries")}`);
      setText("");
      load();
    } catch (error) {
      failed("Nothing was added", error);
    }
  };
  const remove = async (entry) => {
    try {
      await del(`/suppressions${query({ entry })}`);
      setState((old) => ({ ...old, entries: old.entries.filter((e) => textOf(e) !== entry) }));
      toast(`Removed ${entry}`, { action: { label: "Undo", run: () => post("/suppressions", { text: entry }).then(() => load(), (e) => failed("Not restored", e)) } });
    } catch (error) {
      failed("It could not be removed", error);
    }
  };

  const { entries, next, error } = state;
  return html`<${Section} title="Suppression list" note="Domains here are never visited, and addresses here never reported, in any job.">
    <form class="stack tight" onSubmit=${add}>
      <div class="field">
        <label for="suppress">Add domains or addresses, one per line</label>
        <textarea
          id="suppress"
          class="input mono"
          rows="3"
          spellcheck="false"
          placeholder=${"example.com\nsomebody@example.org"}
          value=${text}
          onInput=${(e) => setText(e.currentTarget.value)}
        ></textarea>
      </div>
      ${rejected.length > 0 &&
      html`<div class="notice" role="alert">
        <${Icon} name="alert" />
        <ul>${rejected.slice(0, 10).map((r) => html`<li><code>${r.text}</code> ${r.reason}</li>`)}</ul>
      </div>`}
      <div><button class="button" disabled=${text.trim() === ""}><${Icon} name="shield" />Add</button></div>
    </form>
    ${error
      ? html`<p class="small muted" role="alert">The list could not be loaded: ${error.message}</p>`
      : entries === null
        ? html`<${Skeleton} height="2.5rem" />`
        : entries.length === 0
          ? html`<p class="small muted">The list is empty.</p>`
          : html`<ul class="entries">
              ${entries.map((e) => {
                const entry = textOf(e);
                return html`<li key=${entry}>
                  <code class="grow clip">${entry}</code>
                  <button class="button quiet square tight" aria-label=${`Remove ${entry}`} onClick=${() => remove(entry)}><${Icon} name="close" /></button>
                </li>`;
              })}
            </ul>`}
    ${next && html`<div><button class="button" onClick=${() => load(next)}>Show more than ${int(entries.length)}</button></div>`}
  <//>`;
}
