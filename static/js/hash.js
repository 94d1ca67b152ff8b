/* What the page remembers beside the View, behind the # of its address: place, open tab, open incident. */
export const fromHash = (name) => new URLSearchParams(location.hash.slice(1)).get(name) ?? "";

export function toHash(changes) {
  const params = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString().replace(/%2F/g, "/");
  try {
    history.replaceState(null, "", location.pathname + location.search + (text ? "#" + text : ""));
  } catch {
    /* a sandboxed frame has no history of its own */
  }
}
