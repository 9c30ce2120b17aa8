// Reads a JSON array of lines from standard input and prints what the page makes
// of each: null, {url, host} or {reason}. The Go test compares it with the server.
import { parseTarget } from "../static/js/list/target.js";

let text = "";
for await (const piece of process.stdin) text += piece;
console.log(JSON.stringify(JSON.parse(text).map(parseTarget)));
