// The form for a job's options, on the page of a new job and in the settings.
import { html, useId } from "../../vendor/preact.js";
import { fields } from "../options.js";

function Field({ field, value, fallback, wrong, onChange }) {
  const id = useId();
  const shown = value ?? fallback;
  if (field.toggle) {
    return html`<label class="check">
      <input type="checkbox" checked=${Boolean(shown)} onChange=${(e) => onChange(e.currentTarget.checked)} />
      ${field.label}
    </label>`;
  }
  const hint = wrong ?? field.choices?.find(([word]) => word === shown)?.[2] ?? field.hint;
  const common = { id, class: "input", "aria-invalid": wrong ? "true" : undefined, "aria-describedby": hint ? `${id}-hint` : undefined };
  return html`<div class="field">
    <label for=${id}>${field.label}${field.unit && html` <span class="muted">(${field.unit})</span>`}</label>
    ${field.choices
      ? html`<select ...${common} value=${shown} onChange=${(e) => onChange(e.currentTarget.value)}>
          ${field.choices.map(([word, text]) => html`<option value=${word} selected=${word === shown}>${text}</option>`)}
        </select>`
      : field.text
        ? html`<input ...${common} type="text" placeholder=${field.placeholder} value=${shown ?? ""} onInput=${(e) => onChange(e.currentTarget.value.trim())} />`
        : html`<input
            ...${common}
            type="number"
            inputmode="numeric"
            min=${field.min}
            max=${field.max}
            value=${shown ?? 0}
            onInput=${(e) => onChange(e.currentTarget.value === "" ? undefined : e.currentTarget.valueAsNumber)}
          />`}
    ${hint && html`<span id=${`${id}-hint`} class=${wrong ? "wrong" : "hint"}>${hint}</span>`}
  </div>`;
}

// OptionsForm shows options over their defaults and reports every change.
export function OptionsForm({ options, defaults, wrong, onChange }) {
  const effective = { ...defaults, ...options };
  return html`<div class="options-form">
    ${fields
      .filter((f) => !f.when || f.when(effective))
      .map(
        (f) => html`<${Field}
          key=${f.name}
          field=${f}
          value=${options[f.name]}
          fallback=${defaults[f.name]}
          wrong=${wrong[f.name]}
          onChange=${(value) => onChange({ ...options, [f.name]: value })}
        />`,
      )}
  </div>`;
}
