// Makes ../static/vendor from the npm packages pinned in package.json:
//
//   cd shared/dashboard/vendoring && npm ci && npm run refresh
//
// Each library becomes one ES module that imports nothing, so that the page runs
// without a build step and without an import map (which the page's
// Content-Security-Policy would not allow inline, and workers do not have).
// versions.json says what each file was made of; the licences lie beside it.
import { build } from "esbuild";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";

const out = new URL("../static/vendor/", import.meta.url);
const modules = new URL("./node_modules/", import.meta.url);

const bundles = [
  {
    file: "preact.js",
    packages: ["preact", "htm", "@preact/signals", "@preact/signals-core"],
    source: `
      import { h } from "preact";
      import htm from "htm";
      export { h, render, Fragment } from "preact";
      export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
      export { signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect } from "@preact/signals";
      export const html = htm.bind(h);`,
  },
  { file: "uplot.js", packages: ["uplot"], source: `export { default } from "uplot";` },
  { file: "fflate.js", packages: ["fflate"], source: `export { Unzip, UnzipInflate } from "fflate";` },
];
const copies = [
  { file: "uplot.css", packages: ["uplot"], from: "uplot/dist/uPlot.min.css" },
  {
    file: "inter.woff2",
    packages: ["@fontsource-variable/inter"],
    from: "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  },
];

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
for (const b of bundles) {
  await build({
    stdin: { contents: b.source, resolveDir: new URL(".", import.meta.url).pathname },
    outfile: new URL(b.file, out).pathname,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    legalComments: "inline",
  });
}
for (const c of copies) await cp(new URL(c.from, modules), new URL(c.file, out));

const versions = {};
for (const { file, packages } of [...bundles, ...copies]) {
  versions[file] = [];
  for (const name of packages) {
    const manifest = JSON.parse(await readFile(new URL(`${name}/package.json`, modules), "utf8"));
    const licence = `LICENSE-${name.replace("@", "").replace("/", "-")}.txt`;
    await cp(new URL(`${name}/LICENSE`, modules), new URL(licence, out));
    versions[file].push({ package: name, version: manifest.version, licence: manifest.license, text: licence });
  }
}
await writeFile(new URL("versions.json", out), JSON.stringify(versions, null, 2) + "\n");
