// The frame: navigation, theme, the connection's state.
import { html, useEffect } from "../../vendor/preact.js";
import { at, locked, reachable } from "../api.js";
import { connection } from "../live/connection.js";
import { prefs, setPrefs } from "../prefs.js";
import { route } from "../router.js";
import { Icon } from "./icons.js";
import { Toasts } from "./toast.js";

const entries = [
  { href: "#/", icon: "jobs", text: "Jobs", at: (p) => !p.length || p[0] === "jobs" },
  { href: "#/new", icon: "plus", text: "New job", at: (p) => p[0] === "new" },
  { href: "#/settings", icon: "settings", text: "Settings", at: (p) => p[0] === "settings" },
  { href: "#/health", icon: "health", text: "Health", at: (p) => p[0] === "health" },
];

const themes = { auto: ["auto", "light"], light: ["sun", "dark"], dark: ["moon", "auto"] };
const themeText = { auto: "as the system", light: "light", dark: "dark" };

const connectionText = {
  idle: "Connected",
  connecting: "Connecting …",
  live: "Live",
  polling: "Polling",
  offline: "Offline",
};

function Links() {
  const path = route.value.path;
  return entries.map(
    (e) => html`<a href=${e.href} aria-current=${e.at(path) ? "page" : undefined}><${Icon} name=${e.icon} />${e.text}</a>`,
  );
}

function ThemeButton() {
  const theme = prefs.value.theme;
  const [icon, next] = themes[theme];
  return html`<button
    class="button quiet square tight"
    aria-label=${`Theme: ${themeText[theme]}. Change to ${themeText[next]}`}
    title=${`Theme: ${themeText[theme]}`}
    onClick=${() => setPrefs({ theme: next })}
  >
    <${Icon} name=${icon} />
  </button>`;
}

function LinkState() {
  const state = reachable.value ? connection.value : "offline";
  return html`<span class="link-state ${state}" role="status" data-connection=${state}>${connectionText[state]}</span>`;
}

let shown = null; // the view before

// Shell frames a view; view names it where the title changes by itself.
export function Shell({ title, view = title, children }) {
  useEffect(() => {
    document.title = title ? `${title} · Gleaner` : "Gleaner";
  }, [title]);
  useEffect(() => {
    // What had the focus went with the old view: the keyboard goes on at the new one.
    if (shown !== null && shown !== view && document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
    shown = view;
  }, [view]);
  const assets = new URL("../../", import.meta.url).pathname;
  return html`<a class="button primary skip" href="#main" onClick=${(e) => (e.preventDefault(), document.getElementById("main").focus())}
      >Skip to the content</a
    >
    <div class="shell">
      <div class="side">
        <a class="brand" href="#/"><img src=${`${assets}favicon.svg`} width="28" height="28" alt="" />Gleaner</a>
        <nav class="nav" aria-label="Main"><${Links} /></nav>
        <div class="foot"><${LinkState} /><${ThemeButton} /></div>
      </div>
      <div>
        ${!reachable.value &&
        html`<div class="offline-bar" role="alert"><${Icon} name="offline" />No connection to ${new URL(at().base).host}. Trying again …</div>`}
        ${locked.value &&
        html`<div class="offline-bar" role="alert"><${Icon} name="key" />The server wants an API key. <a href="#/settings">Enter it in Settings</a></div>`}
        <main class="main" id="main" tabindex="-1">${children}</main>
      </div>
      <nav class="mobile-bar" aria-label="Main, phone"><${Links} /></nav>
    </div>
    <${Toasts} />`;
}
