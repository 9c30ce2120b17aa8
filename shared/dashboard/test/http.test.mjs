import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { requestFile } from "../static/js/http.js";

async function serve(t, handler) {
  const server = createServer(handler).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

test("a file too large for the API is fetched from where it is streamed, with the same key", async (t) => {
  const stream = await serve(t, (req, res) => {
    res.writeHead(req.headers.authorization === "Bearer glk_key" ? 200 : 401, { connection: "close" });
    res.end(`whole ${req.url}`);
  });
  let problem;
  const api = await serve(t, (req, res) => {
    res.writeHead(413, { "content-type": "application/problem+json", connection: "close" });
    res.end(JSON.stringify(problem));
  });
  const at = { base: api, key: "glk_key" };
  problem = { title: "too large", status: 413, stream: `${stream}/jobs/1/emails.csv?q=a%20b` };
  const response = await requestFile(at, "/jobs/1/emails.csv?q=a%20b");
  assert.equal(await response.text(), "whole /jobs/1/emails.csv?q=a%20b");
  problem = { title: "too large", status: 413, detail: "Read pages." };
  await assert.rejects(requestFile(at, "/jobs/1/emails.csv"), { name: "Problem", status: 413, message: "Read pages." });
});
