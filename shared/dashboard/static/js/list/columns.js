// Which column of a table holds the web addresses, and whether its first row is a
// heading. The reader can choose another.
import { parseTarget } from "./target.js";

const hints = /^(?:url|urls|website|web ?site|site|web|homepage|home ?page|domain|link|internet|webseite|adresse)$/i;

// inspect looks at the first rows and returns {columns: [{name, sample, hits}],
// picked, header}.
export function inspect(rows) {
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const valid = (cell) => Boolean(cell && parseTarget(cell)?.url);
  const body = rows.slice(1, 201);
  const header = rows.length > 1 && !rows[0].some(valid) && body.some((row) => row.some(valid));
  const columns = [];
  for (let i = 0; i < width; i++) {
    const cells = (header ? body : rows.slice(0, 200)).map((row) => row[i] ?? "");
    columns.push({
      name: (header && rows[0][i]?.trim()) || `Column ${i + 1}`,
      sample: cells.find((cell) => cell.trim() !== "") ?? "",
      hits: cells.filter(valid).length,
      named: header && hints.test(rows[0][i]?.trim() ?? ""),
    });
  }
  const score = (c) => c.hits + (c.named && c.hits > 0 ? 0.5 * body.length : 0);
  let picked = 0;
  columns.forEach((c, i) => {
    if (score(c) > score(columns[picked])) picked = i;
  });
  return { columns: columns.map(({ name, sample, hits }) => ({ name, sample, hits })), picked, header };
}
