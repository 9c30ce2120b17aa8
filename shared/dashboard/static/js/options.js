// A job's options: what they are called, what they mean, how they are checked.

export const fields = [
  {
    name: "follow",
    label: "Pages to visit",
    choices: [
      ["auto", "Automatic", "Of a bare home page, its contact, imprint and about pages too."],
      ["none", "Only the pages listed"],
      ["contact", "Contact pages too", "Contact, imprint, about and team pages of every site."],
      ["site", "The whole site", "Within the number of pages and the depth that follow."],
    ],
  },
  {
    name: "source",
    label: "Where pages come from",
    choices: [
      ["list", "The list alone"],
      ["sitemap", "The list and sitemaps", "Pages that a site's sitemap names count as listed."],
    ],
  },
  { name: "page_budget", label: "Pages per entry, at most", min: 1, max: 200 },
  { name: "max_depth", label: "Links away from the entry, at most", min: 1, max: 5, when: (o) => o.follow === "site" },
  { name: "per_host", label: "Connections per host", min: 1, max: 8, hint: "Two are polite." },
  { name: "gap_ms", label: "Pause between requests to a host", unit: "ms", min: 0, max: 60000 },
  { name: "min_confidence", label: "Confidence, at least", unit: "%", min: 0, max: 100, hint: "Addresses below it are not kept." },
  { name: "stop_after_site", label: "Addresses per site, then stop", min: 0, max: 1000000, hint: "0: never" },
  { name: "stop_after", label: "Addresses in all, then stop", min: 0, max: 1000000000, hint: "0: never" },
  { name: "retention_days", label: "Keep the results for", unit: "days", min: 1, max: 365 },
  { name: "language", label: "Language asked for", text: true, placeholder: "de, en;q=0.8" },
  { name: "webhook", label: "Call when done", text: true, placeholder: "https://example.com/hook", hint: "A signed POST with the figures. The secret is in Settings." },
  { name: "keep_obfuscated", label: "Leave deliberately obfuscated addresses alone", toggle: true },
  { name: "insecure_tls", label: "Read sites with broken certificates too", toggle: true },
];

// check returns what is wrong with the options, by field.
export function check(options) {
  const wrong = {};
  for (const f of fields) {
    const value = options[f.name];
    if (value === undefined || f.choices || f.toggle) continue;
    if (f.text) {
      if (f.name === "webhook" && value && !/^https?:\/\/[^\s]+$/.test(value)) wrong[f.name] = "must be an http or https address";
      continue;
    }
    if (!Number.isInteger(value) || value < f.min || value > f.max) wrong[f.name] = `must be between ${f.min} and ${f.max}`;
  }
  return wrong;
}

// changed keeps what differs from the server's defaults, which need not be sent.
export function changed(options, defaults) {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && value !== (defaults[name] ?? emptyOf(value))),
  );
}

const emptyOf = (value) => ({ string: "", number: 0, boolean: false })[typeof value];

// describe lists the options of a job that are set, in words.
export function describe(options) {
  return fields
    .filter((f) => options[f.name] !== undefined && options[f.name] !== emptyOf(options[f.name]) && (!f.when || f.when(options)))
    .map((f) => {
      const value = options[f.name];
      const choice = f.choices?.find(([word]) => word === value)?.[1];
      return [f.label, choice ?? (f.toggle ? "yes" : f.unit ? `${value} ${f.unit}` : String(value))];
    });
}
