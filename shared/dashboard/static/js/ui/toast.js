// Short messages at the edge of the page; one may carry an action such as undo.
import { html, signal } from "../../vendor/preact.js";
import { Icon } from "./icons.js";

const toasts = signal([]);
let last = 0;

// toast shows a message for a while. tone is "ok" or "bad"; action is {label, run}.
export function toast(text, { tone = "ok", action, seconds = action ? 12 : 5 } = {}) {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone, action }];
  setTimeout(() => dismiss(id), seconds * 1000);
  return id;
}

export const failed = (what, error) => toast(`${what}: ${error.message}`, { tone: "bad", seconds: 8 });

function dismiss(id) {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      (t) => html`<div class="toast ${t.tone}" key=${t.id}>
        <${Icon} name=${t.tone === "bad" ? "alert" : "check"} />
        <p>${t.text}</p>
        ${t.action &&
        html`<button
          onClick=${() => {
            dismiss(t.id);
            t.action.run();
          }}
        >
          ${t.action.label}
        </button>`}
      </div>`,
    )}
  </div>`;
}
