/* The editing page: reads a record with its holder's token, sends only what was changed. */
/** @import { Attached, EditableRecord, EditSpec, FieldValue } from "./types.js" */
import { loadPictures } from "./covers.js";
import { byId, jsonBlock } from "./dom.js";
import { fill } from "./format.js";
import { ask, ready, send, showStatus } from "./workpage.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** @type {EditSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const form = byId("edit", HTMLFormElement);
const redaction = byId("redact", HTMLFormElement);
const attachment = byId("attach", HTMLFormElement);
const reasonInput = byId("reason", HTMLInputElement);
const codeSelect = byId("code", HTMLSelectElement);
const liftButton = byId("lift", HTMLButtonElement);
const address = `/api/incidents/${encodeURIComponent(spec.id)}`;
/** @type {EditableRecord} */
let record = { id: spec.id, revision: 0, fields: {}, redacted: {} };

/** The inputs of the form that stand for a field of the record: those with a name. */
const inputs = () => /** @type {Field[]} */ ([...form.elements]).filter((input) => input.name);

/** The options of an input that takes several codes; null for any other. */
const optionsOf = (/** @type {Field} */ input) =>
  input instanceof HTMLSelectElement && input.multiple ? [...input.options] : null;

/**
 * A record's value as text; codes are joined. A name may lead to a bound of a count: killed.low.
 * @param {string} name
 */
function recordText(name) {
  const [field, bound] = name.split(".");
  const value = record.fields[field] ?? "";
  if (Array.isArray(value)) return [...value].sort().join("|");
  return String((typeof value === "object" ? value[bound] : value) ?? "");
}

/** @param {Field} input */
function inputText(input) {
  const options = optionsOf(input)?.filter(({ selected }) => selected);
  if (!options) return input.value.trim();
  return options
    .map(({ value }) => value)
    .sort()
    .join("|");
}

/**
 * @param {Field} input
 * @param {string} text
 */
function valueOf(input, text) {
  if (text === "") return null;
  if (optionsOf(input)) return text.split("|");
  const isNumber = ["numeric", "decimal"].includes(input.inputMode);
  return isNumber && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** The fields that were changed. */
function changes() {
  /** @type {Record<string, FieldValue>} */
  const fields = {};
  /** @type {Record<string, Record<string, FieldValue>>} */
  const counts = {};
  for (const input of inputs()) {
    const text = inputText(input);
    if (text === recordText(input.name)) continue;
    const [field, bound] = input.name.split(".");
    const value = valueOf(input, text);
    if (bound) (counts[field] ??= {})[bound] = value;
    else fields[field] = value;
  }
  /* A total that was corrected stands on its own: kinds of the old one would contradict it. */
  for (const count of Object.values(counts)) count.by_kind = null;
  return { ...fields, ...counts };
}

/** @param {EditableRecord} answer */
function show(answer) {
  record = answer;
  for (const input of inputs()) {
    const text = recordText(input.name);
    const options = optionsOf(input);
    const codes = text.split("|");
    if (options) for (const option of options) option.selected = codes.includes(option.value);
    else input.value = text;
  }
  reasonInput.value = "";
  form.hidden = false;
  byId("back", HTMLAnchorElement).href = `/incidents/${record.id}?${spec.query}`;
  document.documentElement.dataset.revision = String(record.revision);
}

/** Show what the public does not see of this record, and why. */
function showRedacted(/** @type {EditableRecord["redacted"]} */ redacted) {
  const names = Object.keys(redacted);
  for (const box of redaction.querySelectorAll("input")) box.checked = box.value in redacted;
  if (names.length) codeSelect.value = redacted[names[0]];
  const texts = names.map((name) => words["edit_" + name] ?? words[name]).join(", ");
  byId("redacted").textContent = names.length ? fill(words.edit_redacted, { texts }) : "";
  liftButton.disabled = !names.length;
  redaction.hidden = false;
}

/**
 * @param {string[]} texts
 * @param {string} [done]
 */
async function redact(texts, done) {
  if (!reasonInput.reportValidity()) return;
  const body = { texts, code: codeSelect.value, reason: reasonInput.value };
  /** @type {EditableRecord | null} */
  const answer = await ask("POST", `${address}/redact`, body);
  if (!answer) return;
  showRedacted(answer.redacted);
  if (answer.approval) showStatus(words.edit_second);
  else showStatus(done || byId("redacted").textContent || "");
}

async function load() {
  /** @type {EditableRecord | null} */
  const answer = await ask("GET", address);
  if (!answer) return;
  show(answer);
  showRedacted(answer.redacted);
  attachment.hidden = false;
  await loadPictures();
  showStatus(fill(words.edit_loaded, answer));
}

/**
 * Change the record as it was read.
 * @param {string} method
 * @param {string} url
 * @param {object} body
 * @param {string} done
 */
async function change(method, url, body, done) {
  const match = { "If-Match": `"${record.revision}"` };
  /** @type {EditableRecord | null} */
  const answer = await ask(method, url, { ...body, reason: reasonInput.value }, match);
  if (!answer) return;
  show(answer);
  showStatus(fill(done, answer));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = changes();
  if (Object.keys(fields).length) change("PATCH", address, fields, words.edit_saved);
  else showStatus(words.edit_nothing);
});
byId("retract").addEventListener("click", () => {
  if (reasonInput.reportValidity()) change("POST", `${address}/retract`, {}, words.edit_retracted);
});
redaction.addEventListener("submit", (event) => {
  event.preventDefault();
  /** @type {NodeListOf<HTMLInputElement>} */
  const checked = redaction.querySelectorAll("input:checked");
  redact([...checked].map(({ value }) => value));
});
liftButton.addEventListener("click", () => redact([], words.edit_lifted));
attachment.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = new FormData(attachment);
  if (!body.has("graphic")) body.set("graphic", "false");
  /** @type {Attached | null} */
  const answer = await send(`${address}/attachments`, body);
  if (!answer) return;
  if (answer.is_shown !== false) await loadPictures();
  if (answer.approval) {
    attachment.reset();
    showStatus(words.edit_second);
    return;
  }
  const texts = [fill(words.edit_attached, answer)];
  if (!answer.may_leave) texts.push(fill(words.edit_attach_kept, answer));
  if (!answer.is_shown) texts.push(words.edit_attach_unshown);
  attachment.reset();
  showStatus(texts.join(" "));
});
await ready();
await load();
document.documentElement.dataset.ready = "1";
