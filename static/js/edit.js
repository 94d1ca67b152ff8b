/* The editing page: reads a record with its holder's token, sends only what was changed. */
import { ask, fill, readyToken, say, spec, words } from "./door.js";

const byId = (id) => document.getElementById(id);
const form = byId("edit"), veil = byId("redact"), address = `/api/incidents/${encodeURIComponent(spec.id)}`;
const COUNTS = ["killed", "injured"], NUMBERS = ["lon", "lat", "error_m"];
let read = null;

/* The form's own view of a record: one text, or list of codes, by the name of its input. */
function flat(fields) {
  const out = {};
  for (const { name } of form.elements) {
    if (!name) continue;
    const [field, bound] = name.split(".");
    const value = bound ? fields[field]?.[bound] : fields[field];
    out[name] = name === "weapons" ? [...(value ?? [])].sort().join("|") : value === undefined ? "" : String(value);
  }
  return out;
}

function entered() {
  const out = {};
  for (const input of form.elements) {
    if (!input.name) continue;
    out[input.name] = input.multiple ? [...input.selectedOptions].map((one) => one.value).sort().join("|") : input.value.trim();
  }
  return out;
}

function value(name, text) {
  if (text === "") return null;
  if (name === "weapons") return text.split("|");
  return (NUMBERS.includes(name) || name.includes(".")) && Number.isFinite(+text) ? +text : text;
}

function patch() {
  const before = flat(read.fields), after = entered(), out = {};
  for (const [name, text] of Object.entries(after)) {
    if (text === before[name]) continue;
    const [field, bound] = name.split(".");
    if (bound) (out[field] ??= {})[bound] = value(name, text);
    else out[name] = value(name, text);
  }
  /* A total that was corrected stands on its own: kinds of the old one would contradict it. */
  for (const name of COUNTS) if (out[name]) out[name].by_kind = null;
  return out;
}

function show(told) {
  read = told;
  const values = flat(told.fields);
  for (const input of form.elements) {
    if (!input.name) continue;
    if (input.multiple) for (const one of input.options) one.selected = values.weapons.split("|").includes(one.value);
    else input.value = values[input.name];
  }
  byId("reason").value = "";
  form.hidden = false;
  byId("back").href = `/incidents/${told.id}?${spec.query}`;
  document.documentElement.dataset.revision = told.revision;
}

/* What the public does not see of this record, and why. */
function showRedacted(redacted) {
  const names = Object.keys(redacted);
  for (const box of veil.querySelectorAll("input")) box.checked = box.value in redacted;
  if (names.length) byId("code").value = redacted[names[0]];
  byId("redacted").textContent = names.length ? fill(words.edit_redacted, { texts: names.map((name) => words["edit_" + name] ?? words[name]).join(", ") }) : "";
  byId("lift").disabled = !names.length;
  veil.hidden = false;
}

async function redact(texts, done) {
  if (!byId("reason").reportValidity()) return;
  const told = await ask("POST", `${address}/redact`, { texts, code: byId("code").value, reason: reason() });
  if (!told) return;
  showRedacted(told.redacted);
  say(done || byId("redacted").textContent);
}

async function load() {
  const told = await ask("GET", address);
  if (!told) return;
  show(told);
  showRedacted(told.redacted);
  say(fill(words.edit_loaded, told));
}

const match = () => ({ "If-Match": `"${read.revision}"` });
const reason = () => byId("reason").value;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const changes = patch();
  if (!Object.keys(changes).length) return say(words.edit_nothing);
  const told = await ask("PATCH", address, { ...changes, reason: reason() }, match());
  if (!told) return;
  show(told);
  say(fill(words.edit_saved, told));
});
byId("retract").addEventListener("click", async () => {
  if (!byId("reason").reportValidity()) return;
  const told = await ask("POST", `${address}/retract`, { reason: reason() }, match());
  if (!told) return;
  show(told);
  say(fill(words.edit_retracted, told));
});
veil.addEventListener("submit", (event) => {
  event.preventDefault();
  redact([...veil.querySelectorAll("input:checked")].map((one) => one.value));
});
byId("lift").addEventListener("click", () => redact([], words.edit_lifted));
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
readyToken();
if (spec.isPrivate || byId("token").value) await load();
document.documentElement.dataset.ready = "1";
