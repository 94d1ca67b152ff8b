/* The View as the page holds it. Changes are told to listeners and written into the address. */
const LISTS = ["weapon", "sector", "status", "dataset", "region"];

export class State extends EventTarget {
  constructor(view) {
    super();
    this.view = { ...view };
  }

  get(name) {
    return this.view[name] ?? (LISTS.includes(name) ? "" : null);
  }

  /* Set some parameters; an empty value takes a parameter out. */
  set(changes) {
    const changed = Object.keys(changes).filter((name) => (this.view[name] ?? "") !== (changes[name] ?? ""));
    if (!changed.length) return;
    for (const name of changed) {
      if (changes[name] === null || changes[name] === "") delete this.view[name];
      else this.view[name] = String(changes[name]);
    }
    this.write();
    this.dispatchEvent(new CustomEvent("change", { detail: new Set(changed) }));
  }

  query(changes = {}) {
    const params = new URLSearchParams();
    const view = { ...this.view, ...changes };
    for (const name of Object.keys(view).sort()) {
      if (view[name] !== null && view[name] !== "" && view[name] !== undefined) params.set(name, view[name]);
    }
    return params.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  }

  /* Keep the address a permalink; a sandboxed frame may not, and goes on without. */
  write() {
    try {
      history.replaceState(null, "", "?" + this.query() + location.hash);
    } catch {
      /* an opaque origin has no history of its own */
    }
  }

  /* Links to the same View elsewhere lead to what is shown now, in their own language. */
  follow() {
    const led = (event) => {
      const link = event.target.closest?.("a[data-view]");
      if (!link) return;
      const url = new URL(link.href), lang = url.searchParams.get("lang");
      link.href = `${url.pathname}?${this.query(lang ? { lang } : {})}${url.pathname === "/" ? location.hash : ""}`;
    };
    for (const event of ["pointerover", "focusin", "click"]) document.addEventListener(event, led, true);
  }

  /* What decides which data the server sends is loaded with the page anew. */
  go(changes) {
    location.assign("?" + this.query(changes) + location.hash);
  }
}
