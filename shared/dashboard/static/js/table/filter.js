// How rows are narrowed and ordered in the browser: the same meaning as the
// parameters of the API, so that an export holds what the table shows. Pure.

const domainOf = (email) => email.slice(email.lastIndexOf("@") + 1);

export const kinds = {
  emails: {
    key: "email",
    facets: { kind: (a) => a.kind, found_by: (a) => a.found_by, domain: (a) => domainOf(a.email) },
    matcher(f) {
      const q = (f.q ?? "").toLowerCase();
      const domain = (f.domain ?? "").toLowerCase();
      const least = Number(f.min_confidence) || 0;
      const own = f.own_domain === undefined || f.own_domain === "" ? null : String(f.own_domain) === "true";
      return (a) =>
        (!q || a.email.toLowerCase().includes(q) || a.source_url.toLowerCase().includes(q)) &&
        (!domain || domainOf(a.email).toLowerCase() === domain) &&
        (!f.kind || a.kind === f.kind) &&
        (!f.found_by || a.found_by === f.found_by) &&
        a.confidence >= least &&
        (own === null || a.own_domain === own);
    },
    columns: {
      email: (a) => a.email.toLowerCase(),
      domain: (a) => `${domainOf(a.email)} ${a.email}`,
      kind: (a) => a.kind,
      confidence: (a) => a.confidence,
      found_by: (a) => a.found_by,
      source_url: (a) => a.source_url,
      first_seen: (a) => a.first_seen,
    },
  },
  urls: {
    key: "url",
    facets: { outcome: (v) => v.outcome },
    matcher(f, classOf = () => "") {
      const q = (f.q ?? "").toLowerCase();
      return (v) =>
        (!q || v.url.toLowerCase().includes(q) || (v.detail ?? "").toLowerCase().includes(q)) &&
        (!f.outcome || v.outcome === f.outcome) &&
        (!f.class || classOf(v.outcome) === f.class);
    },
    columns: {
      url: (v) => v.url,
      outcome: (v) => v.outcome,
      status: (v) => v.status ?? 0,
      pages: (v) => v.pages ?? 0,
      addresses: (v) => v.addresses ?? 0,
      ms: (v) => v.ms ?? 0,
    },
  },
};

// order returns the indices of rows that match, sorted by a column if one is given.
// Equal rows keep their order.
export function order(rows, matches, value, descending) {
  const indices = [];
  for (let i = 0; i < rows.length; i++) if (matches(rows[i])) indices.push(i);
  if (!value) return indices;
  const values = rows.map(value);
  const sign = descending ? -1 : 1;
  return indices.sort((a, b) => (values[a] < values[b] ? -sign : values[a] > values[b] ? sign : a - b));
}

// tally counts the values of each facet; the commonest first.
export function tally(rows, facets, top = 200) {
  const result = {};
  for (const [name, value] of Object.entries(facets)) {
    const counts = new Map();
    for (const row of rows) counts.set(value(row), (counts.get(value(row)) ?? 0) + 1);
    result[name] = [...counts.entries()].sort((a, b) => b[1] - a[1]).slice(0, top);
  }
  return result;
}
