// A table of any length of which only the rows on the screen exist.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../../vendor/preact.js";
import { Icon } from "../ui/icons.js";

const OVERSCAN = 24;

// Grid shows data (a TableData). columns: [{name, label, sort, render(row), class}];
// the first is the row's heading. onOpen is called with a row.
export function Grid({ data, columns, layout, label, sorting, onSort, onOpen, empty }) {
  const scroller = useRef(null);
  const [active, setActive] = useState(-1);
  const height = useRowHeight(scroller);
  const { matching, selected, loading } = data.state.value;
  const { from, part } = data.window.value;

  const asked = useRef("");
  const look = () => {
    const el = scroller.current;
    if (!el) return;
    const first = Math.max(0, Math.floor(el.scrollTop / height) - OVERSCAN);
    const last = Math.ceil((el.scrollTop + el.clientHeight) / height) + OVERSCAN;
    if (asked.current === `${first} ${last}`) return;
    asked.current = `${first} ${last}`;
    data.ask(first, last);
  };
  useLayoutEffect(look, [height, data]);
  useEffect(() => {
    const resized = new ResizeObserver(look);
    resized.observe(scroller.current);
    return () => resized.disconnect();
  }, [height, data]);

  const move = (to) => {
    const next = Math.min(matching - 1, Math.max(0, to));
    setActive(next);
    const el = scroller.current;
    const top = next * height;
    if (top < el.scrollTop) el.scrollTop = top;
    else if (top + height > el.scrollTop + el.clientHeight - height) el.scrollTop = top + 2 * height - el.clientHeight;
  };
  const onKeyDown = (event) => {
    if (event.target !== scroller.current) return;
    const page = Math.max(1, Math.floor(scroller.current.clientHeight / height) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -matching, End: matching };
    if (event.key in steps) move(active + steps[event.key]);
    else if (event.key === "Enter" && part[active - from]) onOpen(part[active - from].row);
    else if (event.key === " " && part[active - from]) data.select(active, !part[active - from].selected, event.shiftKey);
    else return;
    event.preventDefault();
  };

  return html`<div
    class="grid ${layout}"
    role="grid"
    aria-label=${label}
    aria-rowcount=${matching + 1}
    aria-multiselectable="true"
    aria-busy=${loading}
    tabindex="0"
    ref=${scroller}
    onScroll=${look}
    onKeyDown=${onKeyDown}
    aria-activedescendant=${active >= from && active < from + part.length ? `${layout}-row-${active}` : undefined}
  >
    <div class="grid-head" role="row" aria-rowindex="1">
      <span role="columnheader" class="grid-check">
        <input
          type="checkbox"
          aria-label="Select all that match"
          checked=${matching > 0 && selected >= matching}
          onChange=${(e) => data.selectAll(e.currentTarget.checked)}
        />
      </span>
      ${columns.map((c) => html`<${Heading} key=${c.name} column=${c} sorting=${sorting} onSort=${onSort} />`)}
    </div>
    <div class="grid-body" role="presentation" style=${{ height: `${matching * height}px` }}>
      ${part.map(({ row, selected: on }, i) => {
        const n = from + i;
        return html`<div
          key=${n}
          id=${`${layout}-row-${n}`}
          class="grid-row ${on ? "on" : ""} ${n === active ? "active" : ""}"
          role="row"
          aria-rowindex=${n + 2}
          aria-selected=${on}
          style=${{ transform: `translateY(${n * height}px)` }}
          onClick=${(e) => !e.target.closest("a, button, input") && !getSelection()?.toString() && (setActive(n), onOpen(row))}
        >
          <span role="gridcell" class="grid-check">
            <input
              type="checkbox"
              tabindex="-1"
              aria-label="Select"
              checked=${on}
              onClick=${(e) => data.select(n, e.currentTarget.checked, e.shiftKey)}
            />
          </span>
          ${columns.map(
            (c, at) => html`<span key=${c.name} role=${at === 0 ? "rowheader" : "gridcell"} class="clip ${c.class ?? ""}">${c.render(row)}</span>`,
          )}
        </div>`;
      })}
    </div>
    ${matching === 0 && html`<div class="grid-empty" role="presentation">${empty}</div>`}
  </div>`;
}

function Heading({ column, sorting, onSort }) {
  const sorted = sorting.by === column.name;
  const state = !sorted ? undefined : sorting.descending ? "descending" : "ascending";
  if (!column.sort) return html`<span role="columnheader" class="clip ${column.class ?? ""}">${column.label}</span>`;
  return html`<span role="columnheader" aria-sort=${state} class="clip ${column.class ?? ""}">
    <button
      class="grid-sort"
      onClick=${() => onSort(sorted && sorting.descending ? { by: "", descending: false } : { by: column.name, descending: sorted })}
    >
      ${column.label}${sorted && html`<${Icon} name=${sorting.descending ? "down" : "up"} />`}
    </button>
  </span>`;
}

// The height of a row is the style sheet's to say; it is another on a phone.
function useRowHeight(element) {
  const [height, setHeight] = useState(44);
  useLayoutEffect(() => {
    const read = () => setHeight(parseFloat(getComputedStyle(element.current).getPropertyValue("--row")) || 44);
    read();
    const narrow = matchMedia("(max-width: 48rem)");
    narrow.addEventListener("change", read);
    return () => narrow.removeEventListener("change", read);
  }, []);
  return height;
}
