/* The review page: two records side by side, why they may be one, and a decision on them. */
/** @import { ApprovalRow, Approvals, ReviewedRecord, ReviewPair } from "./types.js" */
/** @import { Reviews, Suggestions, WorkSpec } from "./types.js" */
import { byId, el, jsonBlock } from "./dom.js";
import { fill } from "./format.js";
import { ask, ready, showStatus } from "./workpage.js";

/** @type {WorkSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const reasonInput = byId("reason", HTMLInputElement);
const FIELDS = {
  start: words.edit_start,
  end: words.edit_end,
  place: words.place,
  precision: words.precision,
  error_m: words.edit_error_m,
  lon: words.edit_lon,
  lat: words.edit_lat,
  weapons: words.weapons,
  killed: words.killed,
  injured: words.injured,
  status: words.status,
  description: words.description,
  claims: words.claims,
  sources: words.sources,
};

/** @typedef {{ text: string, path: string, body: object, done: string }} Action */
const MERGE = {
  text: words.review_merge,
  path: "",
  body: { same: true },
  done: words.review_merged,
};
const PART = {
  text: words.review_part,
  path: "",
  body: { same: false },
  done: words.review_parted,
};
const UNDO = { text: words.review_undo, path: "/undo", body: {}, done: words.review_undone };

/** An item of a list: a source or claim by its first text, or a code. */
function itemText(/** @type {unknown} */ value) {
  if (typeof value !== "object" || value === null) return String(value);
  const { url, text, publisher } = /** @type {Record<string, string | undefined>} */ (value);
  return url ?? text ?? publisher ?? JSON.stringify(value);
}

function plainText(/** @type {unknown} */ value) {
  if (value === undefined || value === null) return "–";
  if (Array.isArray(value)) return value.map(itemText).join("\n") || "–";
  if (typeof value !== "object") return String(value);
  const { low, best, high } = /** @type {Record<string, number | undefined>} */ (value);
  return [low, best, high].map((bound) => bound ?? "–").join(" / ");
}

/**
 * One row per field and one column per record, so that a difference stands beside its other.
 * @param {ReviewedRecord[]} records
 */
function table(records) {
  const links = records.map(({ id, dataset }) => {
    const link = el("a", { href: `/incidents/${id}?${spec.query}`, text: dataset });
    return el("th", { scope: "col" }, link);
  });
  const rows = Object.entries(FIELDS).flatMap(([name, text]) => {
    const values = records.map(({ fields }) => fields?.[name]);
    if (values.every((value) => value === undefined)) return [];
    const cells = values.map((value) => el("td", { text: plainText(value) }));
    return [el("tr", {}, el("th", { scope: "row", text }), ...cells)];
  });
  const head = el("tr", {}, el("th", { text: words.review_field }), ...links);
  return el("table", { class: "pair" }, el("thead", {}, head), el("tbody", {}, ...rows));
}

/** @param {ReviewPair} pair */
function reasonList({ reasons }) {
  const items = reasons.map(({ code, points, values }) => {
    const parts = Object.entries(values).map(([name, value]) => `${name} ${value ?? "–"}`);
    const title = words[`review_${code}`] ?? code;
    return el("li", { text: `${title}: +${points} (${parts.join(", ")})` });
  });
  return el("ul", {}, ...items);
}

/**
 * @param {ReviewPair} pair
 * @param {Action} action
 */
async function send({ id }, { path, body, done }) {
  const reason = reasonInput.value.trim();
  const answer = await ask("POST", `/api/reviews/${id}${path}`, { ...body, reason });
  if (!answer) {
    reasonInput.focus();
    return;
  }
  await load();
  showStatus(done);
  byId("waiting-title").focus();
}

/**
 * @param {ReviewPair} pair
 * @param {string} decision
 * @param {...Action} actions
 */
function item(pair, decision, ...actions) {
  const name = pair.records.map(({ dataset }) => dataset).join(" + ");
  const title = `${name}, ${fill(words.review_score, { n: pair.score ?? "–" })}${decision}`;
  const buttons = actions.map((action) => {
    const { text } = action;
    const label = { type: "button", "aria-label": `${text}: ${name}` };
    return el("button", { ...label, text, onclick: () => send(pair, action) });
  });
  const row = el("p", { class: "actions" }, ...buttons);
  return el("li", {}, el("h3", { text: title }), table(pair.records), reasonList(pair), row);
}

/** Texts that may lead to a person: each leads to the page on which it can be hidden. */
async function loadTexts() {
  /** @type {Suggestions | null} */
  const answer = await ask("GET", "/api/suggestions");
  if (!answer) return;
  const items = answer.suggestions.map(({ id, dataset, part, kind, text }) => {
    const link = el("a", { href: `/edit/${id}?${spec.query}`, text });
    const what = words[`review_looks_${kind.replace("-", "")}`] ?? kind;
    const where = part === "objects" || part === "when_text" ? part : (words[part] ?? part);
    return el("li", {}, link, ` (${what}; ${where}, ${dataset})`);
  });
  byId("texts").replaceChildren(...items);
  byId("texts-count").textContent = fill(words.review_texts_count, { n: answer.count });
}

/** @param {string} id @param {boolean} approve */
async function decide(id, approve) {
  const reason = reasonInput.value.trim();
  const answer = await ask("POST", `/api/approvals/${id}`, { approve, reason });
  if (!answer) {
    reasonInput.focus();
    return;
  }
  await load();
  showStatus(approve ? words.review_approved : words.review_refused);
  byId("waiting-title").focus();
}

/**
 * What waits for a second person; who asked can only take it back.
 * @param {ApprovalRow} row
 */
function approvalItem({ id, kind, dataset, target, summary, reason, asked_by, may_approve }) {
  const title = `${words[`review_kind_${kind}`]}: ${dataset}`;
  const link = el("a", { href: `/incidents/${target}?${spec.query}`, text: target });
  const parts = summary.split(", ").map((part) => words[`edit_${part}`] ?? words[part] ?? part);
  const changed = parts.join(", ");
  const buttons = [
    may_approve && { text: words.review_approve, approve: true },
    { text: words.review_refuse, approve: false },
  ].flatMap((button) => {
    if (!button) return [];
    const { text, approve } = button;
    const options = { type: "button", text, "aria-label": `${text}: ${title}` };
    return [el("button", { ...options, onclick: () => decide(id, approve) })];
  });
  return el(
    "li",
    {},
    el("h3", { text: title }),
    el("p", {}, ...(target === dataset ? [changed] : [link, " ", changed])),
    el("p", { text: `${asked_by}: ${reason}` }),
    el("p", { class: "actions" }, ...buttons),
  );
}

async function loadApprovals() {
  /** @type {Approvals | null} */
  const answer = await ask("GET", "/api/approvals");
  byId("approvals").replaceChildren(...(answer?.waiting ?? []).map(approvalItem));
  byId("approvals-box").hidden = !answer?.waiting.length;
}

async function load() {
  await loadApprovals();
  /** @type {Reviews | null} */
  const answer = await ask("GET", "/api/reviews");
  if (!answer) return;
  const waiting = answer.pairs.map((pair) => item(pair, "", MERGE, PART));
  const decided = answer.decided.map((pair) => {
    const decision = pair.is_same ? words.review_merged : words.review_parted;
    return item(pair, `, ${decision} (${pair.by})`, UNDO);
  });
  byId("waiting").replaceChildren(...waiting);
  byId("decided").replaceChildren(...decided);
  await loadTexts();
  showStatus(fill(words.review_count, { n: answer.pending }));
}

await ready();
byId("open").addEventListener("submit", (event) => event.preventDefault());
await load();
document.documentElement.dataset.ready = "1";
