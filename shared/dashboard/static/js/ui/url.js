// A URL in one line. Where it does not fit, the host gives way before the path:
// what tells two pages of one site apart stays in sight.
import { html } from "../../vendor/preact.js";

// split takes a URL apart at the end of its host; the scheme goes without saying.
export function split(url) {
  const [, host, rest] = /^(?:https?:\/\/)?(?:www\.)?([^/?#]*)(.*)$/s.exec(url);
  return [host, rest === "/" ? "" : rest];
}

export function Url({ url }) {
  const [host, rest] = split(url);
  return html`<span class="url"><span class="url-host">${host}</span>${rest && html`<span class="url-path">${rest}</span>`}</span>`;
}
