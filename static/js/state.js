/* The View of the page. Listeners hear of every change, and the address follows it. */
/** @import { ViewChanges, ViewParameters } from "./types.js" */

export class State extends EventTarget {
  /**
   * @param {ViewParameters} view
   * @param {ViewParameters} [own] what the page's address has beside its View
   */
  constructor(view, own = {}) {
    super();
    this.view = { ...view };
    this.own = own;
  }

  /** A parameter's text; empty where it is not set. */
  get(/** @type {string} */ name) {
    return this.view[name] ?? "";
  }

  /** The codes that a parameter lists. */
  list(/** @type {string} */ name) {
    return this.get(name).split(",").filter(Boolean);
  }

  /** @param {ViewChanges} changes */
  set(changes) {
    const changed = Object.keys(changes).filter((name) => this.get(name) !== (changes[name] ?? ""));
    if (!changed.length) return;
    for (const name of changed) {
      if (changes[name]) this.view[name] = String(changes[name]);
      else delete this.view[name];
    }
    this.write();
    this.announce(changed);
  }

  /** Call back with the names of the parameters that changed. */
  onChange(/** @type {(names: Set<string>) => void} */ call) {
    this.addEventListener("change", (event) => call(/** @type {CustomEvent} */ (event).detail));
  }

  announce(/** @type {string[]} */ names) {
    this.dispatchEvent(new CustomEvent("change", { detail: new Set(names) }));
  }

  /** @param {ViewChanges} [changes] */
  query(changes = {}) {
    const params = new URLSearchParams();
    /** @type {ViewChanges} */
    const view = { ...this.view, ...changes };
    for (const name of Object.keys(view).sort()) {
      const value = view[name];
      if (value) params.set(name, value);
    }
    return params.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  }

  /** The parameters of these names that are set. */
  pick(/** @type {string[]} */ ...names) {
    return Object.fromEntries(
      names.map((name) => [name, this.get(name)]).filter(([, text]) => text),
    );
  }

  /** Keep the address a permalink; a sandboxed frame may not, and goes on without. */
  write() {
    try {
      history.replaceState(null, "", "?" + this.query(this.own) + location.hash);
    } catch {
      /* an opaque origin has no history of its own */
    }
  }

  /** Lead links to the same View elsewhere to what is shown now, in their own language. */
  follow() {
    const lead = (/** @type {Event} */ event) => {
      const target = event.target instanceof Element ? event.target : null;
      /** @type {HTMLAnchorElement | null | undefined} */
      const link = target?.closest("a[data-view]");
      if (!link) return;
      const { pathname, searchParams } = new URL(link.href);
      const lang = searchParams.get("lang");
      const hash = pathname === "/" ? location.hash : "";
      link.href = `${pathname}?${this.query(lang ? { lang } : {})}${hash}`;
    };
    for (const event of ["pointerover", "focusin", "click"])
      document.addEventListener(event, lead, true);
  }

  /** Load the page anew: what the server sends depends on these parameters. */
  go(/** @type {ViewChanges} */ changes) {
    location.assign("?" + this.query({ ...this.own, ...changes }) + location.hash);
  }
}
