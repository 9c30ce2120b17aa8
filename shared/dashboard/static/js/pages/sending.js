// The overlay while bytes travel, and only then; a short list never shows it.
import { html, useEffect, useState } from "../../vendor/preact.js";
import { bytes } from "../format.js";
import * as draft from "../list/draft.js";
import { Sheet } from "../ui/states.js";

const SHOW_AFTER_MS = 350;

const tips = [
  "Once the list has arrived you can close this page. The job goes on and is there when you come back.",
  "A bare host such as example.com also gets its contact and imprint pages visited.",
  "Every web address ends with exactly one outcome, so nothing disappears without a reason.",
  "Pausing keeps everything; resuming goes on where it stopped.",
  "Sites that say no in robots.txt are left alone, and the outcome says so.",
];

export function Sending() {
  const sending = draft.sending.value;
  const [shown, setShown] = useState(false);
  const [tip, setTip] = useState(() => Math.floor(Math.random() * tips.length));
  const active = sending !== null;
  useEffect(() => {
    if (!active) {
      setShown(false);
      return undefined;
    }
    const show = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    const turn = setInterval(() => setTip((n) => (n + 1) % tips.length), 6000);
    return () => {
      clearTimeout(show);
      clearInterval(turn);
    };
  }, [active]);
  if (!shown || !sending) return null;
  const part = sending.total ? sending.sent / sending.total : 0;
  return html`<${Sheet} title="Sending the list" closable=${false}>
    <div
      class="progress"
      role="progressbar"
      aria-label="Bytes sent"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(part * 100)}
    >
      <i style=${{ transform: `scaleX(${part})` }}></i>
    </div>
    <p class="muted small num">${bytes(sending.sent)} of ${bytes(sending.total)}</p>
    <p class="tip">${tips[tip]}</p>
    <div class="buttons"><button class="button" onClick=${draft.stop}>Cancel</button></div>
  <//>`;
}
