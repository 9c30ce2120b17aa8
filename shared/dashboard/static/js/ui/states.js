// The pieces every view shares: status pills, empty and failed states, skeletons.
import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { Icon } from "./icons.js";

const statuses = {
  CREATING: ["run", "Creating"],
  RUNNING: ["run beating", "Running"],
  PAUSED: ["warn", "Paused"],
  COMPLETED: ["ok", "Completed"],
  CANCELLED: ["", "Cancelled"],
  FAILED: ["bad", "Failed"],
};

export const statusText = (status) => statuses[status]?.[1] ?? status;
export const statusNames = Object.keys(statuses);
export const isFinal = (status) => status === "COMPLETED" || status === "CANCELLED" || status === "FAILED";

// isSettled says that nothing more will change by itself: after a cancellation the
// workers still hand in what they hold.
export const isSettled = (s) => isFinal(s.status) && !s.active_workers && (s.status !== "CANCELLED" || s.processed >= s.total);

export function StatusPill({ status }) {
  const [tone, text] = statuses[status] ?? ["", status];
  return html`<span class="pill ${tone}">${text}</span>`;
}

export function State({ icon = "info", tone = "", title, children, actions }) {
  return html`<div class="state ${tone}">
    <span class="badge-icon"><${Icon} name=${icon} /></span>
    <h2>${title}</h2>
    ${children && html`<p>${children}</p>`} ${actions && html`<div class="row wrap">${actions}</div>`}
  </div>`;
}

export function Failure({ error, retry, title = "This could not be loaded" }) {
  if (error.status === 401) {
    return html`<div role="alert">
      <${State} icon="key" title="This server wants an API key" actions=${html`<a class="button primary" href="#/settings?key"><${Icon} name="key" />Enter a key</a>`}>
        A key is made with <code>gleaner keys create</code>, or by somebody who has one. Kept in this browser, it is sent with every request.
      <//>
    </div>`;
  }
  return html`<div role="alert">
    <${State}
      icon=${error.status === 0 ? "offline" : "alert"}
      tone="bad"
      title=${error.status === 0 ? "No connection" : title}
      actions=${retry && html`<button class="button" onClick=${retry}><${Icon} name="retry" />Try again</button>`}
    >
      ${error.message}${error.requestId && html`<br /><span class="muted small">Request ${error.requestId}</span>`}
    <//>
  </div>`;
}

export const Skeleton = ({ width = "100%", height = "1rem" }) => html`<span class="skeleton" style=${{ width, height }}></span>`;

// Menu is a button with a list under it. It closes by Escape, by a choice and by
// leaving it.
export function Menu({ label, text, icon, children, quiet = false, tight = false }) {
  const element = useRef(null);
  const close = () => element.current?.removeAttribute("open");
  useEffect(() => {
    const outside = (event) => !element.current?.contains(event.target) && close();
    const escape = (event) => {
      if (event.key !== "Escape" || !element.current?.open) return;
      close();
      element.current.querySelector("summary").focus();
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
      removeEventListener("keydown", escape);
    };
  }, []);
  const style = ["button", quiet && "quiet", tight && "tight", !text && "square"].filter(Boolean).join(" ");
  return html`<details class="menu" ref=${element}>
    <summary class=${style} aria-label=${label}>
      <${Icon} name=${icon} />${text && html`<span>${text}</span><${Icon} name="down" />`}
    </summary>
    <div class="items" onClick=${(event) => event.target.closest("button, a") && close()}>${children}</div>
  </details>`;
}

// Sheet is a modal dialog: the browser keeps the focus in it and closes it by Escape.
export function Sheet({ title, onClose, children, closable = true }) {
  const element = useRef(null);
  useEffect(() => {
    element.current.showModal();
  }, []);
  return html`<dialog
    class="sheet"
    ref=${element}
    aria-label=${title}
    onClose=${onClose}
    onCancel=${(event) => !closable && event.preventDefault()}
    onClick=${(event) => closable && event.target === element.current && element.current.close()}
  >
    <header>
      <h2>${title}</h2>
      ${closable &&
      html`<button class="button quiet square tight" aria-label="Close" onClick=${() => element.current.close()}>
        <${Icon} name="close" />
      </button>`}
    </header>
    <div class="body">${children}</div>
  </dialog>`;
}

// useNow re-renders every so many seconds, for relative times.
export function useNow(seconds) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}
