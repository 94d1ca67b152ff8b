/* The audit page: who did what and when, filtered, page by page, and as a CSV file. */
/** @import { Audit, AuditEvent, AuditSpec } from "./types.js" */
import { byId, el, jsonBlock } from "./dom.js";
import { fill } from "./format.js";
import { ask, headers, ready, refuse, showStatus } from "./workpage.js";

/** @type {AuditSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const table = byId("events", HTMLTableElement);
const body = table.tBodies[0];
const more = byId("more", HTMLButtonElement);
const inputs = {
  from: byId("from", HTMLInputElement),
  to: byId("to", HTMLInputElement),
  who: byId("who", HTMLInputElement),
  action: byId("action", HTMLSelectElement),
};
const nameOf = (/** @type {string} */ action) => words[`audit_${action}`] ?? action;
inputs.action.append(...spec.actions.map((value) => el("option", { value, text: nameOf(value) })));

/** @param {Record<string, string>} [own] */
function address(own = {}) {
  const filters = Object.entries(inputs).flatMap(([name, { value }]) =>
    value ? [[name, value.trim()]] : [],
  );
  return `/api/audit?${new URLSearchParams([...filters, ...Object.entries(own)])}`;
}

/** @param {AuditEvent} event */
function row({ at, actor, action, subject, key, revisions, reason }) {
  const when = at.slice(0, 19).replace("T", " ");
  const cells = [when, actor, nameOf(action), `${subject} ${key}`, String(revisions), reason];
  return el("tr", {}, ...cells.map((text) => el("td", { text })));
}

async function load(/** @type {number | null} */ before = null) {
  /** @type {Audit | null} */
  const answer = await ask("GET", address(before ? { before: String(before) } : {}));
  if (!answer) return;
  if (!before) body.replaceChildren();
  body.append(...answer.events.map(row));
  table.hidden = !body.rows.length;
  more.hidden = answer.next === null;
  more.value = String(answer.next ?? "");
  showStatus(fill(words.audit_count, { n: body.rows.length }));
}

/** A link cannot send the token, so the file is read here and then saved. */
async function save() {
  const answer = await fetch(address({ format: "csv", limit: "1000" }), { headers: headers() });
  if (!answer.ok) {
    refuse(await answer.json());
    return;
  }
  const link = el("a", { href: URL.createObjectURL(await answer.blob()), download: "audit.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

await ready();
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
more.addEventListener("click", () => load(Number(more.value)));
byId("csv").addEventListener("click", save);
await load();
document.documentElement.dataset.ready = "1";
