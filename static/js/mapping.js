/* What the columns of somebody's table mean: a proposal with its reasons, to correct and save. */
/** @import { ImportSpec, Label, MappedGroup, Mapping, MappingProposal } from "./types.js" */
import { byId, el, jsonBlock } from "./dom.js";
import { fill, number } from "./format.js";

/** @type {ImportSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const datesSelect = byId("mapping-dates", HTMLSelectElement);
const precisionSelect = byId("mapping-precision", HTMLSelectElement);
const commaCheck = byId("mapping-comma", HTMLInputElement);
const geocodeCheck = byId("mapping-geocode", HTMLInputElement);
/** The proposal's mapping, with what this page does not show. @type {Mapping} */
let base = { columns: {} };

/**
 * @param {string} label
 * @param {Label[]} choices
 * @param {string | undefined} value
 * @param {string} none
 */
function select(label, choices, value, none) {
  const options = choices.map(([code, text]) => el("option", { value: code, text }));
  const first = el("option", { value: "", text: none });
  const node = el("select", { "aria-label": label }, first, ...options);
  node.value = value ?? "";
  return node;
}

const rowHead = (/** @type {string} */ text) => el("th", { scope: "row", text });

/**
 * @param {string} title
 * @param {string[]} head
 * @param {HTMLElement[]} rows
 */
export function titledTable(title, head, rows) {
  const cells = head.map((text) => el("th", { scope: "col", text }));
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...cells)), el("tbody", {}, ...rows));
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title }, table);
}

/**
 * @param {string} name
 * @param {MappingProposal} proposal
 */
function columnRow(name, { mapping, samples, why }) {
  const fields = spec.fields.map((field) => /** @type {Label} */ ([field, field]));
  const label = fill(words.mapping_field_of, { name });
  const choice = select(label, fields, mapping.columns[name], words.mapping_not_read);
  choice.dataset.column = name;
  const examples = el("td", { text: (samples[name] ?? []).join(" · ") || "–" });
  const reason = el("td", { text: why[name] });
  return el("tr", {}, rowHead(name), examples, el("td", {}, choice), reason);
}

/**
 * Words with a known code come with it; the others ask for one.
 * @param {string} field
 * @param {MappingProposal} proposal
 */
function wordTable(field, { mapping, unknown_words: unknown, word_rows: counts }) {
  const codes = mapping.words?.[field] ?? {};
  const all = [...Object.keys(codes), ...(unknown[field] ?? [])];
  if (!all.length) return [];
  const rows = all.map((word) => {
    const label = fill(words.mapping_code_of, { word });
    const choice = select(label, spec.codes[field], codes[word], words.mapping_unsaid);
    choice.dataset.word = word;
    choice.dataset.field = field;
    const count = el("td", { text: number(spec.lang, counts[field]?.[word] ?? 0) });
    return el("tr", {}, rowHead(word), count, el("td", {}, choice));
  });
  const title = fill(words.mapping_words, { field });
  const head = [words.mapping_word, words.mapping_rows, words.mapping_code];
  return [el("h3", { text: title }), titledTable(title, head, rows)];
}

/** Each repeated group of a form, and how it is read. */
function groupLines() {
  const ofPersons = ["agree", "stated", "listed"].map(
    (code) => /** @type {Label} */ ([code, words[`mapping_group_${code}`]]),
  );
  return Object.entries(base.groups ?? {}).map(([name, { fate, every, numbers }]) => {
    const label = fill(words.mapping_group, { name });
    /** @type {Label[]} */
    const choices = fate || every ? ofPersons : [["agree", words.mapping_group_read]];
    const choice = select(label, choices, numbers, words.mapping_not_read);
    choice.dataset.group = name;
    return el("p", {}, el("label", { text: `${label} ` }, choice));
  });
}

/** @param {MappingProposal} proposal */
export function showMapping(proposal) {
  base = proposal.mapping;
  const missing = [...proposal.doubts, ...proposal.missing].map((text) => el("li", { text }));
  byId("mapping-missing").replaceChildren(...missing);
  const rows = Object.keys(proposal.why).map((name) => columnRow(name, proposal));
  const { their_column: column, mapping_examples: examples, our_field: field } = words;
  const head = [column, examples, field, words.mapping_why];
  const title = words.import_mapping;
  const table = titledTable(title, head, rows);
  byId("mapping-columns").replaceChildren(el("h3", { text: title }), table);
  datesSelect.value = base.dates ?? "";
  precisionSelect.value = base.constants?.precision ?? "";
  commaCheck.checked = Boolean(base.decimal_comma);
  geocodeCheck.checked = Boolean(base.geocode);
  const tables = Object.keys(spec.codes).flatMap((name) => wordTable(name, proposal));
  byId("mapping-words").replaceChildren(...tables);
  byId("mapping-groups").replaceChildren(...groupLines());
  byId("mapping").hidden = false;
}

/** The groups that are read, as the page shows them now. */
function readGroups() {
  /** @type {Record<string, MappedGroup>} */
  const groups = {};
  for (const { dataset, value } of byId("mapping-groups").querySelectorAll("select")) {
    const group = base.groups?.[dataset.group ?? ""];
    if (value && group) groups[dataset.group ?? ""] = { ...group, numbers: value };
  }
  return groups;
}

/** The mapping as the page shows it now, as text. */
export function mappingText() {
  /** @type {Record<string, string>} */
  const columns = {};
  for (const { dataset, value } of byId("mapping-columns").querySelectorAll("select"))
    if (value) columns[dataset.column ?? ""] = value;
  /** @type {Record<string, Record<string, string>>} */
  const codes = {};
  for (const { dataset, value } of byId("mapping-words").querySelectorAll("select"))
    if (value) (codes[dataset.field ?? ""] ??= {})[dataset.word ?? ""] = value;
  const { ...constants } = base.constants;
  delete constants.precision;
  if (precisionSelect.value) constants.precision = precisionSelect.value;
  const mapping = {
    ...base,
    columns,
    constants,
    words: codes,
    groups: readGroups(),
    dates: datesSelect.value || null,
    decimal_comma: commaCheck.checked,
    geocode: geocodeCheck.checked,
  };
  return JSON.stringify(mapping, null, 1);
}

/** The saved mapping that the form's reader chose; null for none. */
export const savedMapping = () => byId("saved", HTMLInputElement).files?.[0] ?? null;

function save() {
  const file = new Blob([mappingText()], { type: "application/json" });
  const link = el("a", { href: URL.createObjectURL(file), download: "mapping.json" });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {() => void} attempt */
export function readyMapping(attempt) {
  byId("mapping-try").addEventListener("click", attempt);
  byId("mapping-save").addEventListener("click", save);
}
