/* What the columns of somebody's table mean: a proposal, shown with its reasons, to be corrected and saved. */
import { el } from "./dom.js";
import { fill, spec, words } from "./door.js";

const byId = (id) => document.getElementById(id);
let base = null;

function select(label, choices, chosen, unsaid) {
  const options = [el("option", { value: "", text: unsaid }), ...choices.map(([value, text]) => el("option", { value, text }))];
  const out = el("select", { "aria-label": label }, ...options);
  out.value = chosen ?? "";
  return out;
}

function table(title, head, rows) {
  return [
    el("h3", { text: title }),
    el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": title },
      el("table", {}, el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col", text })))), el("tbody", {}, ...rows))),
  ];
}

function columnRow(name, told) {
  const choice = select(fill(words.mapping_field_of, { name }), spec.fields.map((one) => [one, one]), told.mapping.columns[name], words.mapping_not_read);
  choice.dataset.column = name;
  return el("tr", {}, el("th", { scope: "row", text: name }), el("td", { text: (told.samples[name] ?? []).join(" · ") || "–" }), el("td", {}, choice), el("td", { text: told.why[name] }));
}

/* Words that we know come with their code; the others ask for one. */
function wordTable(field, told) {
  const known = told.mapping.words?.[field] ?? {}, all = [...Object.keys(known), ...(told.unknown_words[field] ?? [])];
  if (!all.length) return [];
  const rows = all.map((word) => {
    const choice = select(fill(words.mapping_code_of, { word }), spec.codes[field], known[word], words.mapping_unsaid);
    choice.dataset.word = word;
    choice.dataset.field = field;
    return el("tr", {}, el("th", { scope: "row", text: word }), el("td", {}, choice));
  });
  return table(fill(words.mapping_words, { field }), [words.mapping_word, words.mapping_code], rows);
}

export function showMapping(told) {
  base = told.mapping;
  byId("mapping-missing").replaceChildren(...told.missing.map((text) => el("li", { text })));
  byId("mapping-columns").replaceChildren(...table(words.import_mapping, [words.their_column, words.mapping_examples, words.our_field, words.mapping_why], Object.keys(told.why).map((name) => columnRow(name, told))));
  byId("mapping-dates").value = base.dates ?? "";
  byId("mapping-precision").value = base.constants?.precision ?? "";
  byId("mapping-comma").checked = Boolean(base.decimal_comma);
  byId("mapping-geocode").checked = Boolean(base.geocode);
  byId("mapping-words").replaceChildren(...Object.keys(spec.codes).flatMap((field) => wordTable(field, told)));
  byId("mapping").hidden = false;
}

/* The mapping as the page now says it, as text. */
export function shownMapping() {
  const columns = {}, listed = {}, { precision: _old, ...constants } = base.constants ?? {};
  for (const one of byId("mapping-columns").querySelectorAll("select")) if (one.value) columns[one.dataset.column] = one.value;
  for (const one of byId("mapping-words").querySelectorAll("select")) if (one.value) (listed[one.dataset.field] ??= {})[one.dataset.word] = one.value;
  const dates = byId("mapping-dates").value, precision = byId("mapping-precision").value;
  if (precision) constants.precision = precision;
  const out = { ...base, columns, constants, words: listed, dates: dates || null, decimal_comma: byId("mapping-comma").checked, geocode: byId("mapping-geocode").checked };
  return JSON.stringify(out, null, 1);
}

export const savedMapping = () => byId("saved").files[0] ?? null;

function save() {
  const link = el("a", { href: URL.createObjectURL(new Blob([shownMapping()], { type: "application/json" })), download: "mapping.json" });
  link.click();
  URL.revokeObjectURL(link.href);
}

export function readyMapping(attempt) {
  byId("mapping-try").addEventListener("click", attempt);
  byId("mapping-save").addEventListener("click", save);
}
