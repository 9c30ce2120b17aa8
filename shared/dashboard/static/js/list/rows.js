// Text, arriving in pieces, into rows: one cell per line for a plain list, cells
// per RFC 4180 for CSV.

// LineRows makes a one-cell row of every line.
export class LineRows {
  #rest = "";

  push(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop();
    return lines.map((line) => [line]);
  }

  end() {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : [[rest]];
  }
}

// CsvRows reads delimited text. A quote opens a quoted cell only at its start;
// anything after a closing quote is kept as it stands.
export class CsvRows {
  #delimiter;
  #cell = "";
  #row = [];
  #quoted = false;
  #closing = false; // a quote inside a quoted cell: its end, or the first of two
  #fresh = true; // nothing of the present cell was read

  constructor(delimiter) {
    this.#delimiter = delimiter;
  }

  push(text) {
    const rows = [];
    let from = 0; // start of what is not yet copied into the cell
    const copy = (to) => {
      if (to > from) this.#cell += text.slice(from, to);
    };
    for (let i = 0; i < text.length; i++) {
      const c = text[i];
      if (this.#closing) {
        this.#closing = false;
        if (c === '"') {
          from = i; // the second of two stands for one
          continue;
        }
        this.#quoted = false;
        from = i;
      }
      if (this.#quoted) {
        if (c === '"') {
          copy(i);
          from = i + 1;
          this.#closing = true;
        }
      } else if (c === '"' && this.#fresh) {
        this.#quoted = true;
        from = i + 1;
      } else if (c === this.#delimiter) {
        copy(i);
        from = i + 1;
        this.#endCell();
        continue;
      } else if (c === "\n") {
        copy(i);
        from = i + 1;
        rows.push(this.#endRow());
        continue;
      }
      this.#fresh = false;
    }
    if (!this.#closing) copy(text.length);
    return rows;
  }

  end() {
    if (this.#row.length === 0 && this.#fresh) return [];
    return [this.#endRow()];
  }

  #endCell() {
    this.#row.push(this.#cell);
    this.#cell = "";
    this.#fresh = true;
    this.#quoted = this.#closing = false;
  }

  #endRow() {
    if (this.#cell.endsWith("\r")) this.#cell = this.#cell.slice(0, -1);
    this.#endCell();
    const row = this.#row;
    this.#row = [];
    return row;
  }
}

// delimiterOf guesses what separates the cells of a sample: the candidate that
// stands equally often, and at least once, in most of its first lines.
export function delimiterOf(sample, candidates = [",", ";", "\t", "|"]) {
  const lines = sample.split("\n", 21).filter((line) => line.trim() !== "").slice(0, 20);
  let best = "";
  let bestScore = 0;
  for (const candidate of candidates) {
    const counts = lines.map((line) => outsideQuotes(line).split(candidate).length - 1);
    const usual = mode(counts.filter((n) => n > 0));
    const score = usual ? counts.filter((n) => n === usual).length / lines.length : 0;
    if (score > bestScore + 0.001) [best, bestScore] = [candidate, score];
  }
  return bestScore >= 0.6 ? best : "";
}

const outsideQuotes = (line) => line.replace(/"(?:[^"]|"")*"/g, "");

function mode(values) {
  const seen = new Map();
  for (const v of values) seen.set(v, (seen.get(v) ?? 0) + 1);
  return [...seen.entries()].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}
