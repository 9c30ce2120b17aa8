// Counts a list as it goes by and packs it for sending.
import { HashSet } from "./hashset.js";
import { parseTarget } from "./target.js";

const MAX_WRONG = 200;
const MAX_SAMPLE = 8;

export class Scan {
  lines = 0; // lines that are not empty
  valid = 0; // distinct URLs
  duplicates = 0;
  wrongCount = 0;
  wrong = []; // the first wrong lines: {line, text, reason}
  sample = []; // the first URLs
  #urls = new HashSet();
  #hosts = new HashSet();

  // add reads line number n (from 1).
  add(text, n) {
    const found = parseTarget(text);
    if (!found) return;
    this.lines++;
    if (found.reason) {
      this.wrongCount++;
      if (this.wrong.length < MAX_WRONG) this.wrong.push({ line: n, text: text.trim().slice(0, 200), reason: found.reason });
      return;
    }
    if (!this.#urls.add(found.url)) {
      this.duplicates++;
      return;
    }
    this.valid++;
    this.#hosts.add(found.host);
    if (this.sample.length < MAX_SAMPLE) this.sample.push(found.url);
  }

  get hosts() {
    return this.#hosts.size;
  }

  summary() {
    const { lines, valid, duplicates, wrongCount, wrong, sample, hosts } = this;
    return { lines, valid, duplicates, wrongCount, wrong, sample, hosts };
  }
}

// Chunks cuts the list into pieces of a request each, compressed as they fill.
export class Chunks {
  done = []; // {body: Blob, gzip, lines, firstLine, text?}
  #lines = [];
  #size = 0;
  #firstLine = 1;
  #max;

  constructor(maxLines, maxBytes = 1 << 20) {
    this.#max = { lines: maxLines, bytes: maxBytes };
  }

  // add takes line number n (from 1); true means that a piece is full and pack
  // must be awaited before the next line.
  add(text, n) {
    if (this.#lines.length === 0) this.#firstLine = n;
    this.#lines.push(text);
    this.#size += text.length + 1;
    return this.#lines.length >= this.#max.lines || this.#size >= this.#max.bytes;
  }

  async pack() {
    if (this.#lines.length === 0) return;
    const text = this.#lines.map(oneLine).join("\n");
    const chunk = { lines: this.#lines.length, firstLine: this.#firstLine };
    this.#lines = [];
    this.#size = 0;
    this.done.push({ ...chunk, ...(await compress(text)) });
  }
}

const oneLine = (text) => (/[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, " ") : text);

// compress returns {body, gzip, size}: gzip where the browser can and where it is
// worth it.
export async function compress(text) {
  const plain = new Blob([text]);
  if (plain.size < 1024 || !("CompressionStream" in globalThis)) return { body: plain, gzip: false, size: plain.size };
  const body = await new Response(plain.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  return { body, gzip: true, size: body.size };
}
