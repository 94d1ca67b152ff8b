/* The import page: send a file, read what would change, look at it on a map, commit or undo. */
/** @import { ImportReport, ImportSpec, ImportUndo, MappingProposal } from "./types.js" */
/** @import { Problem, Rejection } from "./types.js" */
import { byId, el, jsonBlock } from "./dom.js";
import { fill, number } from "./format.js";
import { mappingText, readyMapping, savedMapping, showMapping, titledTable } from "./mapping.js";
import { missingTheatre } from "./newtheatre.js";
import { drawPreview } from "./preview.js";
import { ask, headers, ready, refuse, showProblem, showStatus } from "./workpage.js";

/** @typedef {File | string | null} SavedMapping a file of the reader's, or this page's own text */
/**
 * @template Answer
 * @typedef {{ answer: Answer, problem: null } | { answer: null, problem: Problem }} Upload
 */

const MOST_ROWS = 200;
const MEGABYTE = 1e6;
const UNMAPPED = ["/problems/unknown-format", "/problems/needs-mapping"];
/** @type {ImportSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const form = byId("upload", HTMLFormElement);
const fileInput = byId("file", HTMLInputElement);
const drop = byId("drop");
const progress = byId("progress", HTMLProgressElement);
const report = byId("report");
const n = (/** @type {number} */ value) => number(spec.lang, value);
let isBusy = false;
let isAdmin = false;

function setBusy(/** @type {boolean} */ busy) {
  isBusy = busy;
  /** @type {NodeListOf<HTMLButtonElement>} */
  const buttons = document.querySelectorAll("main button");
  for (const node of buttons) node.disabled = busy;
}

/** The form's fields, without those left empty. */
function parameters() {
  const params = new URLSearchParams();
  for (const [name, value] of new FormData(form))
    if (typeof value === "string" && value.trim()) params.set(name, value.trim());
  return params;
}

const theatre = () => String(new FormData(form).get("theatre"));

function showProgress(/** @type {ProgressEvent} */ { loaded, total }) {
  const mb = (/** @type {number} */ bytes) => `${n(Math.round((bytes / MEGABYTE) * 10) / 10)} MB`;
  progress.max = total;
  progress.value = loaded;
  showStatus(fill(words.import_progress, { n: mb(loaded), m: mb(total) }));
}

/**
 * Send a file; only a request of this old kind says how much of a body has gone.
 * @template Answer
 * @param {string} address
 * @param {File} file
 * @param {SavedMapping} mapping
 * @returns {Promise<Upload<Answer>>}
 */
function send(address, file, mapping) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    if (mapping) body.append("mapping", mapping);
    body.append("file", file, file.name);
    request.open("POST", address);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", showProgress);
    request.upload.addEventListener("load", () => {
      progress.removeAttribute("value");
      showStatus(words.import_reading);
    });
    request.addEventListener("load", () => {
      if (request.status === 200) done({ answer: request.response, problem: null });
      else done({ answer: null, problem: request.response ?? {} });
    });
    for (const name of ["error", "abort", "timeout"])
      request.addEventListener(name, () => done({ answer: null, problem: {} }));
    request.send(body);
  });
}

/**
 * @param {string} title
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
function table(title, head, rows) {
  if (!rows.length) return [];
  const body = rows.map(([first, ...cells]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", text: first }),
      ...cells.map((text) => el("td", { text })),
    ),
  );
  return [el("h2", { text: title }), titledTable(title, head, body)];
}

/**
 * How many rows each fate has.
 * @param {ImportReport} planned
 */
function fateRows(planned) {
  const names = /** @type {const} */ (["rows", "added", "amended", "unchanged", "duplicates"]);
  const rows = names.map((name) => [words["fate_" + name], n(planned[name])]);
  for (const [reason, count] of Object.entries(planned.dropped))
    rows.push([`${words.fate_dropped}: ${reason}`, n(count)]);
  if (planned.edits_kept) rows.push([words.fate_edits_kept, n(planned.edits_kept)]);
  if (planned.conflicts) rows.push([words.fate_conflicts, n(planned.conflicts)]);
  rows.push([words.fate_rejected, n(planned.rejected)]);
  if (planned.vanish) {
    rows.push(
      [words.fate_vanish, n(planned.vanish.records)],
      [words.fate_edits, n(planned.vanish.edits)],
    );
  }
  return rows;
}

/** @param {ImportReport} planned */
function showReport(planned) {
  const recognised = fill(words.import_recognised, planned);
  byId("about").textContent = `${recognised}; ${fill(words.import_into, planned)}`;
  const rejected = planned.rejections.slice(0, MOST_ROWS);
  const more = planned.rejections.length - rejected.length;
  const cells = (/** @type {Rejection} */ { member, row, field, got, why }) => {
    const place = [member, row].filter(Boolean).join(": ");
    return [place || "–", field, got, why];
  };
  const conflicts = planned.conflicting.slice(0, MOST_ROWS).map(cells);
  const sentences = [planned.refused ?? [], planned.warnings].flat();
  const warnings = sentences.map((text) => el("li", { text, dir: "auto" }));
  const place = [words.row, words.field, words.got];
  byId("told").replaceChildren(
    ...table(words.fate, [words.fate, words.rows_count], fateRows(planned)),
    ...(warnings.length ? [el("h2", { text: words.warnings }), el("ul", {}, ...warnings)] : []),
    ...table(words.import_conflicts, [...place, words.import_stands], conflicts),
    ...table(words.rejections, [...place, words.why_rejected], rejected.map(cells)),
    more > 0 ? el("p", { class: "note", text: fill(words.rejections_more, { n: n(more) }) }) : "",
    ...table(
      words.import_mapping,
      [words.their_column, words.our_field],
      Object.entries(planned.mapping),
    ),
  );
}

/**
 * @param {string} text
 * @param {() => Promise<void>} call
 */
function button(text, call) {
  const onclick = async () => {
    if (isBusy) return;
    setBusy(true);
    try {
      await call();
    } finally {
      setBusy(false);
    }
  };
  return el("button", { type: "button", text, onclick });
}

const showActions = (/** @type {HTMLElement[]} */ ...actions) =>
  byId("actions").replaceChildren(...actions);
const addressOf = (/** @type {ImportReport} */ { id }) => `/api/imports/${id}`;

/** @param {ImportReport} planned */
async function commit(planned) {
  showStatus(words.import_committing);
  /** @type {ImportReport | null} */
  const done = await ask("POST", `${addressOf(planned)}/commit`);
  if (!done) return;
  showReport(done);
  const { dataset, planned_again: isAnew, version } = done;
  const text = version ? fill(words.committed, { n: version }) : words.committed_nothing;
  showStatus(isAnew ? `${text} ${words.planned_again}` : text);
  const kind = planned.preview.day ? "control" : "dataset";
  const lang = spec.languages[theatre()] ?? spec.lang;
  const view = new URLSearchParams({ theatre: theatre(), lang, [kind]: dataset });
  const link = el("a", { href: `/?${view}`, text: words.see_on_map });
  if (version) {
    showActions(
      button(words.undo, () => undo(planned)),
      link,
    );
  } else showActions();
  report.focus();
}

/** @param {ImportReport} planned */
async function undo(planned) {
  /** @type {ImportUndo | null} */
  const done = await ask("DELETE", addressOf(planned));
  if (!done) return;
  showActions();
  if (done.state === "forgotten") {
    showStatus(words.forgotten);
    report.hidden = true;
    fileInput.focus();
    return;
  }
  const counts = [done.retracted, done.restored, done.left_count].map(n);
  const [retracted, restored, remaining] = counts;
  // eslint-disable-next-line id-denylist -- a slot of the text
  showStatus(fill(words.undone, { retracted, restored, left: remaining }));
  report.focus();
}

/**
 * Plan again in another theatre of the list.
 * @param {HTMLSelectElement} choice
 * @param {string} slug
 */
function planIn(choice, slug) {
  choice.value = slug;
  return plan(byId("mapping").hidden ? savedMapping() : mappingText());
}

/**
 * Offers the theatre in which most points lie: one of the list, or one to be added.
 * @param {ImportReport | Problem} planned
 */
function otherTheatre({ advice }) {
  const choice = form.elements.namedItem("theatre");
  if (!advice?.theatre || !(choice instanceof HTMLSelectElement)) return [];
  const { theatre: slug } = advice;
  const option = [...choice.options].find(({ value }) => value === slug);
  if (option) {
    const text = fill(words.import_in_theatre, { theatre: option.text });
    return [button(text, () => planIn(choice, slug))];
  }
  return missingTheatre(spec, advice, isAdmin, button, (added) => {
    const name = added.name[spec.lang] ?? added.name.en ?? slug;
    choice.append(el("option", { value: slug, text: name }));
    spec.languages[slug] = added.languages.includes(spec.lang) ? spec.lang : added.languages[0];
    return planIn(choice, slug);
  });
}

/** @param {ImportReport} planned */
function showPlan(planned) {
  report.hidden = false;
  showReport(planned);
  showActions(
    ...otherTheatre(planned),
    button(words.commit, () => commit(planned)),
    button(words.forget, () => undo(planned)),
  );
  drawPreview(spec, theatre(), planned.preview);
  showStatus(words.import_planned);
  report.focus();
}

/**
 * Send the chosen file somewhere; a refusal is shown.
 * @template Answer
 * @param {string} address
 * @param {SavedMapping} mapping
 * @returns {Promise<Upload<Answer>>}
 */
async function sendChosen(address, mapping) {
  showProblem("");
  byId("elsewhere").replaceChildren();
  const file = fileInput.files?.[0];
  if (!file) {
    const problem = { detail: words.choose_file_first };
    refuse(problem);
    return { answer: null, problem };
  }
  setBusy(true);
  report.hidden = true;
  progress.hidden = false;
  /** @type {Upload<Answer>} */
  const upload = await send(address, file, mapping);
  progress.hidden = true;
  setBusy(false);
  if (upload.problem) refuse(upload.problem);
  return upload;
}

/** @param {SavedMapping} mapping */
async function plan(mapping) {
  const params = parameters();
  params.set("dry_run", "true");
  /** @type {Upload<ImportReport>} */
  const { answer, problem } = await sendChosen(`/api/imports?${params}`, mapping);
  if (answer) showPlan(answer);
  else if (problem.advice) byId("elsewhere").append(...otherTheatre(problem));
  else if (!mapping && UNMAPPED.includes(problem.type ?? ""))
    await propose(byId("problem").textContent ?? "");
}

/** Ask what the columns of a file could mean; `why` stays on the page and says what happened. */
async function propose(why = "") {
  const address = `/api/mappings?theatre=${encodeURIComponent(theatre())}`;
  /** @type {Upload<MappingProposal>} */
  const { answer } = await sendChosen(address, null);
  if (!answer) {
    if (why) showProblem(why);
    return;
  }
  showMapping(answer);
  showProblem(why);
  showStatus(words.mapping_proposed);
  byId("mapping").focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isBusy) plan(savedMapping());
});
readyMapping(() => {
  if (!isBusy) plan(mappingText());
});
byId("ask-mapping").addEventListener("click", () => {
  if (!isBusy) propose();
});
fileInput.addEventListener("change", () => {
  byId("mapping").hidden = true;
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragenter" || name === "dragover");
  });
}
drop.addEventListener("drop", ({ dataTransfer }) => {
  if (!dataTransfer?.files.length) return;
  fileInput.files = dataTransfer.files;
  fileInput.focus();
});
/* A file that misses its place must not replace the page. */
for (const name of ["dragover", "drop"])
  window.addEventListener(name, (event) => event.preventDefault());
const session = await ready();
isAdmin = spec.isPrivate || session?.role === "admin";
document.documentElement.dataset.ready = "1";
