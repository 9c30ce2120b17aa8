// Where the page begins: which view belongs to which route.
import { html, render } from "../vendor/preact.js";
import { JobPage } from "./job/page.js";
import { Jobs } from "./jobs/page.js";
import { loadMeta } from "./meta.js";
import { Health } from "./pages/health.js";
import { NewJob } from "./pages/new.js";
import { listen, route } from "./router.js";
import { Settings } from "./settings/page.js";
import { Shell } from "./ui/shell.js";
import { State } from "./ui/states.js";

function App() {
  const [first, id, view = ""] = route.value.path;
  if (first === "new") return html`<${NewJob} />`;
  if (first === "settings") return html`<${Settings} />`;
  if (first === "health") return html`<${Health} />`;
  if (!first || (first === "jobs" && !id)) return html`<${Jobs} />`;
  if (first === "jobs") return html`<${JobPage} key=${id} id=${id} view=${view} />`;
  return html`<${Shell} title="Not found">
    <section class="card">
      <${State} icon="search" title="There is no such page" actions=${html`<a class="button" href="#/">To the jobs</a>`} />
    </section>
  <//>`;
}

listen();
loadMeta();
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
