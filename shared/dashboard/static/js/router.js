// Views are routes in the fragment, so that any page can be left and reopened.
import { signal } from "../vendor/preact.js";

// parse splits "#/jobs/X/urls?outcome=timeout" into its path and its parameters.
export function parse(hash) {
  const [path, search = ""] = hash.replace(/^#/, "").split("?", 2);
  return {
    path: path.split("/").filter(Boolean).map(decode),
    params: Object.fromEntries(new URLSearchParams(search)),
  };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = signal(parse(globalThis.location?.hash ?? ""));

export function listen() {
  addEventListener("hashchange", () => {
    const before = route.value.path.join("/");
    route.value = parse(location.hash);
    if (route.value.path.join("/") !== before) scrollTo(0, 0);
  });
}

export function go(hash) {
  location.hash = hash;
}

// setParams changes the parameters of the present view without a new history entry.
export function setParams(change) {
  const params = { ...route.value.params, ...change };
  const q = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "" && value != null));
  const hash = `#/${route.value.path.map(encodeURIComponent).join("/")}${q.size ? `?${q}` : ""}`;
  history.replaceState(null, "", hash);
  route.value = parse(hash);
}
