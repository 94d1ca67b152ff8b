/* What the page remembers behind the # of its address, beside the View: place, tab, incident. */
export const fromHash = (/** @type {string} */ name) =>
  new URLSearchParams(location.hash.slice(1)).get(name) ?? "";

/** @param {Record<string, string | number | null>} changes */
export function toHash(changes) {
  const params = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, String(value));
  }
  const text = params.toString().replace(/%2F/g, "/");
  try {
    history.replaceState(null, "", location.pathname + location.search + (text && "#" + text));
  } catch {
    /* a sandboxed frame has no history of its own */
  }
}
