// How the URLs ended, as one bar and as a list; each reason leads to its URLs.
import { html } from "../../vendor/preact.js";
import { int, percent } from "../format.js";
import { outcome } from "../meta.js";

const order = { ok: 0, refused: 1, failed: 2 };
export const classText = { ok: "Seen", refused: "Left alone", failed: "Failed" };

// groups sorts a snapshot's outcomes: by class, then "found" first, then by count.
export function groups(outcomes) {
  const all = Object.entries(outcomes ?? {})
    .filter(([, n]) => n > 0)
    .map(([word, n]) => ({ word, n, ...outcome(word) }))
    .sort((a, b) => order[a.class] - order[b.class] || (b.word === "found") - (a.word === "found") || b.n - a.n);
  const seen = {};
  for (const o of all) {
    seen[o.class] = (seen[o.class] ?? -1) + 1;
    o.shade = Math.min(seen[o.class], 5);
  }
  return all;
}

export function Outcomes({ s }) {
  const all = groups(s.outcomes);
  const sum = all.reduce((n, o) => n + o.n, 0);
  const open = Math.max(0, s.urls - sum);
  const href = (o) => `#/jobs/${s.id}/urls?outcome=${o.word}`;
  return html`<section class="card" aria-label="Outcomes">
    <header><h2>Outcomes</h2><span class="muted small num">${int(sum)} of ${int(s.urls)}</span></header>
    <div class="body">
      <div class="outcome-bar">
        ${all.map(
          (o) => html`<a
            key=${o.word}
            href=${href(o)}
            class="swatch ${o.class} s${o.shade}"
            style=${{ flexGrow: o.n }}
            title=${`${o.text}: ${int(o.n)}`}
            tabindex="-1"
            aria-hidden="true"
          ></a>`,
        )}
        ${open > 0 && html`<i class="swatch open" style=${{ flexGrow: open }} title=${`not yet: ${int(open)}`}></i>`}
      </div>
      <div class="outcome-lists">
        ${Object.keys(order).map((name) => {
          const of = all.filter((o) => o.class === name);
          const n = of.reduce((total, o) => total + o.n, 0);
          return html`<section key=${name} aria-label=${classText[name]}>
            <h3>${classText[name]} <span class="muted num">${int(n)}</span></h3>
            <ul>
              ${of.map(
                (o) => html`<li key=${o.word}>
                  <a href=${href(o)} class="outcome">
                    <i class="swatch ${o.class} s${o.shade}"></i>
                    <span>${o.text}</span>
                    <span class="num">${int(o.n)}</span>
                    <span class="num muted">${percent(o.n, sum)}</span>
                  </a>
                </li>`,
              )}
              ${of.length === 0 && html`<li class="outcome muted">none</li>`}
            </ul>
          </section>`;
        })}
      </div>
    </div>
  </section>`;
}
