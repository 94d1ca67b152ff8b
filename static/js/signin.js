/* The sign-in page: sends a token once, for a session, and goes back to the page before it. */
/** @import { Session, WorkSpec } from "./types.js" */
import { byId, jsonBlock } from "./dom.js";
import { ask } from "./workpage.js";

/** @type {WorkSpec} */
const spec = jsonBlock("spec");
const tokenInput = byId("token", HTMLInputElement);

/** The page to go back to stands behind #; only one of this service is taken. */
function goal() {
  const { origin, hash } = location;
  try {
    const url = new URL(decodeURIComponent(hash.slice(1)) || "/sign-in", origin);
    // `//host` would be another site.
    if (url.origin === origin && !/^\/(\/|sign-in)/.test(url.pathname))
      return url.pathname + url.search + url.hash;
  } catch {
    // What stands there is no address.
  }
  return `/?${spec.query}`;
}

/** @type {HTMLAnchorElement | null} */
const provider = document.querySelector("#provider");
if (provider) provider.search += `&next=${encodeURIComponent(goal())}`;

byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const Authorization = `Bearer ${tokenInput.value.trim()}`;
  /** @type {Session | null} */
  const session = await ask("POST", "/api/session", undefined, { Authorization });
  tokenInput.value = "";
  if (session) location.replace(goal());
  else tokenInput.focus();
});
if (spec.isPrivate) location.replace(goal());
document.documentElement.dataset.ready = "1";
