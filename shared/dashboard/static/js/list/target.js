// The same reading of a line as the server's (job.ParseTarget), so that the
// preview rarely differs from the answer. Where they differ, the server is right;
// a test compares the two.

export const MAX_URL = 2048;

const reasons = {
  long: "is longer than 2048 bytes",
  scheme: "is neither http nor https",
  noHost: "names no host",
  host: "host name is not valid",
  userinfo: "contains a user name or password",
  port: "port is not between 1 and 65535",
  syntax: "is not a web address",
  noDot: "host name has no dot",
  mail: "is an e-mail address, not a web address",
};

const plain = /^(?:(https?):\/\/)?([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(\/[!$&-;=?-Z_a-z~]*)?$/;
// Names that need conversion follow the stricter rule of UTS 46: no underscore.
const strict = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const trimmed = /^[ \t\r\n"'<>\ufeff]+|[ \t\r\n"'<>\ufeff]+$/g;
const encoder = new TextEncoder();

// parseTarget returns {url, host} for a usable line, {reason} for a wrong one and
// null for an empty one. The reason completes a sentence about the line.
export function parseTarget(line) {
  line = line.replace(trimmed, "");
  if (line === "") return null;
  if (line.length > MAX_URL / 3 && encoder.encode(line).length > MAX_URL) return { reason: reasons.long };
  const quick = plain.exec(line);
  if (quick && !(quick[3]?.includes("/.")) && !quick[2].includes("xn--") && !hostFault(quick[2]) && quick[2] !== "localhost") {
    return { url: `${quick[1] ?? "https"}://${quick[2]}${quick[3] ?? "/"}`, host: quick[2] };
  }
  return parseSlowly(line);
}

function parseSlowly(line) {
  const scheme = /^([^/?#]*?):\/\//.exec(line)?.[1];
  if (scheme !== undefined && !/^https?$/i.test(scheme)) return { reason: reasons.scheme };
  if (scheme === undefined) {
    if (line.startsWith("//")) {
      line = `https:${line}`;
    } else {
      const before = /^([^:]*):(.?)/s.exec(line);
      if (before && !/[./?#]/.test(before[1]) && !/[0-9]/.test(before[2])) return { reason: reasons.scheme };
      const head = line.split("/", 1)[0];
      if (head.split("@").length === 2 && !head.includes(":")) return { reason: reasons.mail };
      line = `https://${line}`;
    }
  }
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(line)) return { reason: reasons.syntax };
  const parts = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/is.exec(line);
  if (!parts) return { reason: reasons.syntax };
  const [, protocol, authority, path, search = "", fragment = ""] = parts;
  if (badEscape(path) || badEscape(fragment)) return { reason: reasons.syntax };
  const at = authority.lastIndexOf("@");
  const found = hostOf(authority.slice(at + 1), protocol.toLowerCase());
  if (at >= 0 && found.reason !== reasons.syntax) {
    const user = authority.slice(0, at);
    return { reason: /^[\w.:~!$&'()*+,;=%@-]*$/.test(user) && !badEscape(user) ? reasons.userinfo : reasons.syntax };
  }
  if (found.reason) return found;
  return { url: `${protocol.toLowerCase()}://${found.host}${pathOf(path)}${search === "?" ? "?" : search}`, host: found.host };
}

const badEscape = (text) => /%(?![0-9a-f]{2})/i.test(text);

// hostOf reads an authority without user information: host in ASCII, port unless
// it is the scheme's own.
function hostOf(authority, protocol) {
  const m = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority);
  if (!m || /[^0-9]/.test(m[2] ?? "")) return { reason: reasons.syntax };
  let host = m[1];
  if (host.startsWith("[")) {
    try {
      host = new URL(`http://${host}/`).hostname;
    } catch {
      return { reason: host.includes("%") ? reasons.host : reasons.syntax };
    }
  } else {
    if (/[ \\^`{|}]|%(?![89a-f][0-9a-f])/i.test(host)) return { reason: reasons.syntax };
    try {
      host = decodeURIComponent(host);
    } catch {
      return { reason: reasons.host };
    }
    host = host.replace(/\.$/, "").toLowerCase();
    if (host === "") return { reason: reasons.noHost };
    // eslint-disable-next-line no-control-regex
    if (/[^\x00-\x7f]/.test(host) || host.includes("xn--")) {
      if (host.split(".").some((l) => l.startsWith("-") || l.endsWith("-"))) return { reason: reasons.host };
      try {
        const ascii = new URL(`http://${host}/`).hostname;
        if (/^[0-9.]+$/.test(ascii) || !ascii.split(".").every((l) => strict.test(l))) return { reason: reasons.host };
        host = ascii;
      } catch {
        return { reason: reasons.host };
      }
    }
    const fault = hostFault(host);
    if (fault) return { reason: fault };
  }
  if (!m[2]) return { host };
  const port = Number(m[2]);
  if (port < 1 || port > 65535) return { reason: reasons.port };
  const own = (protocol === "http" && port === 80) || (protocol === "https" && port === 443);
  return { host: own ? host : `${host}:${port}` };
}

function hostFault(host) {
  if (host.length > 253) return reasons.host;
  const labels = host.split(".");
  if (!labels.every((l) => label.test(l))) return reasons.host;
  return labels.length === 1 && host !== "localhost" ? reasons.noDot : "";
}

// pathOf writes what may not stand in a path with percent signs and resolves dot
// segments (RFC 3986, section 5.2.4).
function pathOf(path) {
  if (path === "") return "/";
  const encoded = path.replace(/[^\w!$&'()*+,;=:@/~.%[\]-]/gu, (c) =>
    [...encoder.encode(c)].map((b) => `%${b.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
  if (!encoded.includes("/.")) return encoded;
  const kept = [];
  const segments = encoded.split("/").slice(1);
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "." && segment !== "") kept.push(segment);
  }
  const open = segments.at(-1) === "" && kept.length;
  return `/${kept.join("/")}${open ? "/" : ""}`;
}
