/* A record below its headline: every source and claim, pictures and history, all as text. It is
   fetched when a reader opens the first record. */
/** @import { ArchivedImage, Count, History, IncidentFeature, IncidentRecord } from "./types.js" */
/** @import { MapContext, RecordField, TextLine } from "./types.js" */
import { el } from "./dom.js";
import { countText, dayText, fill } from "./format.js";
import { whenText } from "./incident.js";
import { messageOf, readJson } from "./request.js";

/** @typedef {Pick<MapContext, "spec" | "state" | "words" | "language">} Reading */

/**
 * Only web links become links; whatever else stands in a source is shown as text.
 * @param {string} href
 * @param {string} text
 */
function link(href, text) {
  let isWeb = false;
  try {
    isWeb = ["http:", "https:"].includes(new URL(href).protocol);
  } catch {
    /* no address at all */
  }
  if (!isWeb) return text;
  return el("a", { href, rel: "noopener noreferrer nofollow", target: "_blank", text });
}

/**
 * A line of a record: its text, as a link where it has a web address.
 * @param {TextLine} line
 */
function lineText({ text, href, day }) {
  if (href) return link(href, text);
  return day ? el("time", { datetime: day, text }) : text;
}

/**
 * A field of a record: one line, or several as a list. The server writes the lines, so that the
 * record's own page says the same.
 * @param {RecordField} field
 */
function fieldRow({ name, label, hint, lines, fold, images }) {
  const [first, ...others] = lines.map(lineText);
  const content = others.length
    ? el("ul", {}, ...[first, ...others].map((line) => el("li", {}, line)))
    : first;
  const folded = fold && el("details", {}, el("summary", { text: fold }), content);
  const dd = el("dd", {}, folded || content, ...(images ?? []).map(figureOf));
  return el("div", { "data-field": name }, termOf(name, label, hint), dd);
}

/**
 * A label; one that is a term of the field says what it means under the pointer or on focus.
 * @param {string} name
 * @param {string} label
 * @param {string | null} [hint]
 */
function termOf(name, label, hint) {
  if (!hint) return el("dt", { text: label });
  const id = `hint-${name}`;
  /** @type {HTMLButtonElement} */
  const term = el("button", {
    type: "button",
    class: "term",
    "aria-describedby": id,
    text: label,
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation(); // it takes away what the term means, not the record
      term.blur();
    },
  });
  return el("dt", {}, term, el("span", { role: "tooltip", id, text: hint }));
}

/**
 * An archived image; a graphic one is blurred, and is not even fetched, until a reader asks.
 * @param {ArchivedImage} image
 */
function figureOf({ small, large, blurred, alt, caption, credit, archived, covered, fold }) {
  const image = el("img", { src: small, alt, loading: "lazy" });
  const whole = el("a", { href: large, target: "_blank" }, image);
  const veil = () => [el("img", { src: blurred, alt: "" }), el("span", { text: fold })];
  return el(
    "figure",
    {},
    fold ? el("details", {}, el("summary", {}, ...veil()), whole) : whole,
    el(
      "figcaption",
      {},
      caption ? el("p", { text: caption }) : null,
      lineText(credit),
      el("small", { text: archived }),
      covered ? el("small", {}, lineText(covered)) : null,
    ),
  );
}

/**
 * @param {IncidentFeature} feature
 * @param {Reading} context
 */
export function incidentBody(feature, context) {
  const { words, spec, state } = context;
  const record = feature.properties;
  const rows = (feature.lines ?? []).map(fieldRow);
  const href = `/incidents/${record.id}?${state.query()}`;
  return el(
    "div",
    {},
    el("p", { class: "incident-when", text: whenText(context, record) }),
    record.graphic ? el("p", { class: "note", text: words.graphic }) : null,
    el("dl", { class: "record" }, ...rows),
    record.merged_with?.length ? mergedTable(record, context) : null,
    spec.isSaved ? null : historyOf(record, context),
    spec.isSaved ? null : el("p", {}, el("a", { href, text: words.open_record })),
  );
}

/**
 * What other datasets say of the same strike, each in its own figures.
 * @param {IncidentRecord} record
 * @param {Reading} context
 */
function mergedTable(record, { words, language }) {
  const cell = (/** @type {Count | null} */ count) =>
    el("td", { text: countText(words, language, count) });
  const own = `${record.dataset} (${words.this_record})`;
  const others = (record.merged_with ?? []).map((claim) => ({
    ...claim,
    title: claim.dataset + (claim.same_upstream ? ` – ${words.review_same_upstream}` : ""),
  }));
  const rows = [{ ...record, title: own }, ...others].map(({ title, killed, injured }) =>
    el("tr", {}, el("th", { scope: "row", text: title }), cell(killed), cell(injured)),
  );
  const head = ["dataset", "killed", "injured"].map((name) =>
    el("th", { scope: "col", text: words[name] }),
  );
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows));
  return el("section", {}, el("h3", { text: words.claims_beside }), table);
}

/**
 * When the record was written and changed; read when a reader opens it.
 * @param {IncidentRecord} record
 * @param {Reading} context
 */
function historyOf({ id }, { words, language, state }) {
  const list = el("ol");
  const summary = el("summary", { text: words.history_of });
  const box = el("details", { class: "past" }, summary, list);
  box.addEventListener("toggle", async () => {
    if (!box.open || list.childElementCount) return;
    try {
      /** @type {History} */
      const { revisions } = await readJson(`/api/incidents/${id}/history?${state.query()}`);
      const items = revisions.map(({ recorded_at: instant, action, changed, reason }) => {
        const date = dayText(language, instant.slice(0, 10));
        const line = fill(words.history_line, {
          date,
          action: words[`action_${action}`] ?? action,
        });
        const fields = changed && fill(words.history_changed, { fields: changed });
        return el("li", { text: [line, fields, reason].filter(Boolean).join("; ") });
      });
      list.replaceChildren(...items);
    } catch (wrong) {
      list.replaceChildren(el("li", { text: messageOf(wrong) }));
    }
  });
  return box;
}
