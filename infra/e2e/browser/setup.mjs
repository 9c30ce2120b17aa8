// What the tests stand on: the real server with its sample site, and Debian's
// Chromium. What is missing skips the tests on a developer's machine and fails
// them in CI.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("../../../", import.meta.url).pathname;
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

// missing says in words why the tests cannot run here, or nothing.
export function missing() {
  if (!existsSync(chromium)) return `there is no Chromium at ${chromium} (apt-get install chromium, or set CHROMIUM)`;
  if (!existsSync(new URL("node_modules/playwright-core", import.meta.url))) return "run npm ci in infra/e2e/browser first";
  if (!process.env.GLEANER) {
    try {
      execFileSync("go", ["version"], { stdio: "ignore" });
    } catch {
      return "there is no go command to build the server with (or set GLEANER to the built command)";
    }
  }
  return "";
}

export const temporary = mkdtempSync(join(tmpdir(), "gleaner-browser-"));
export const removeTemporary = () => rmSync(temporary, { recursive: true, force: true });

// startServer runs "gleaner serve --demo" on a free port and resolves with its
// address, the sample site's URLs and how to stop it.
export async function startServer() {
  let command = process.env.GLEANER;
  if (!command) {
    command = join(temporary, "gleaner");
    execFileSync("go", ["build", "-o", command, "./infra/gleaner"], { cwd: root, stdio: "inherit" });
  }
  const server = spawn(command, ["serve", "--demo", "--listen", "127.0.0.1:0", "--data", join(temporary, "data")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  const base = await new Promise((resolve, reject) => {
    const read = (piece) => {
      log = (log + piece).slice(-20000);
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(log);
      if (found) resolve(found[0]);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
    setTimeout(() => reject(new Error(`the server did not start:\n${log}`)), 30000).unref();
  });
  const text = await (await fetch(`${base}/demo/urls.txt`)).text();
  const stop = async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    const hard = setTimeout(() => server.kill("SIGKILL"), 10000);
    await ended;
    clearTimeout(hard);
  };
  return { base, urls: text.trim().split("\n"), stop, log: () => log };
}

// many makes n distinct URLs out of the sample site's.
export function many(urls, n) {
  return Array.from({ length: n }, (_, i) => {
    const url = new URL(urls[i % urls.length]);
    url.searchParams.set("copy", String(Math.floor(i / urls.length)));
    return url.href;
  });
}

export async function startBrowser() {
  const { chromium: engine } = await import("playwright-core");
  return engine.launch({
    executablePath: chromium,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
