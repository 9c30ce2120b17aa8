// The row above a table: what is shown of how much, copy, select, export.
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { int } from "../format.js";
import { Icon } from "../ui/icons.js";
import { Menu } from "../ui/states.js";
import { failed, toast } from "../ui/toast.js";

// useTyped gives a text field its own state and reports it once typing pauses.
export function useTyped(value, onChange, ms = 160) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  useEffect(() => setText(value), [value]);
  return [
    text,
    (next) => {
      setText(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => onChange(next), ms);
    },
  ];
}

export function Search({ value, onChange, label }) {
  const [text, setText] = useTyped(value, onChange);
  return html`<div class="search">
    <${Icon} name="search" />
    <input class="input slim" type="search" placeholder="Search" aria-label=${label} value=${text} onInput=${(e) => setText(e.currentTarget.value)} />
  </div>`;
}

export function Choice({ label, value, all, entries, onChange }) {
  const known = entries.some(([word]) => word === value);
  return html`<select class="input slim" aria-label=${label} value=${value} onChange=${(e) => onChange(e.currentTarget.value)}>
    <option value="" selected=${!value}>${all}</option>
    ${value && !known && html`<option value=${value} selected>${value}</option>`}
    ${entries.map(([word, text]) => html`<option key=${word} value=${word} selected=${word === value}>${text}</option>`)}
  </select>`;
}

// FiltersToggle shows and hides the filters where there is no room for them.
export function FiltersToggle({ open, setOpen, active }) {
  return html`<button class="button tight filters-toggle" aria-expanded=${open} onClick=${() => setOpen(!open)}>
    <${Icon} name="settings" />Filters${active > 0 ? ` (${int(active)})` : ""}
  </button>`;
}

const formats = { csv: "CSV", ndjson: "JSON lines", xlsx: "Excel (XLSX)" };

export function TableBar({ data, noun, filtered, onClear, onExport }) {
  const { loaded, matching, selected, loading, overflow } = data.state.value;
  const copy = async () => {
    const { text, count } = await data.copy();
    try {
      await navigator.clipboard.writeText(text);
      toast(`Copied ${int(count)}`);
    } catch (error) {
      failed("The browser did not let this be copied", error);
    }
  };
  return html`<div class="table-bar">
    <p class="num small muted" role="status">
      ${selected > 0 ? html`<strong>${int(selected)} selected</strong> of ` : ""}${int(matching)}${matching !== loaded ? ` of ${int(loaded)}` : ""} ${noun}${loading
        ? " · loading …"
        : ""}${overflow ? " · the first part only, narrow it down by a filter" : ""}
    </p>
    <span class="row">
      ${selected > 0 && html`<button class="button quiet tight" onClick=${() => data.selectAll(false)}>Clear selection</button>`}
      ${filtered && html`<button class="button quiet tight" onClick=${onClear}><${Icon} name="close" />Clear filters</button>`}
      <button class="button tight" disabled=${matching === 0} onClick=${copy}><${Icon} name="copy" />Copy${selected > 0 ? ` ${int(selected)}` : ""}</button>
      <${Menu} label="Export" text="Export" icon="download" tight>
        <p>${filtered ? "What the filters leave" : "Everything"}</p>
        ${Object.entries(formats).map(([f, text]) => html`<button key=${f} onClick=${() => onExport(f)}><${Icon} name="file" />${text}</button>`)}
      <//>
    </span>
  </div>`;
}
