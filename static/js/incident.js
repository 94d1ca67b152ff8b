/* One incident as a dialog: every claim and source beside it, all as text. */
/** @import { Child, Count, Damage, GroundClaim, History, IncidentFeature } from "./types.js" */
/** @import { IncidentRecord, MapContext, OpenFeature, Words } from "./types.js" */
import { el } from "./dom.js";
import { countText, dayText, fill, labelOf, lengthText, number } from "./format.js";
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
 * @param {Reading} context
 * @param {string} code
 */
const partyName = ({ spec }, code) =>
  spec.theatre.parties.find((party) => party.code === code)?.name ?? code;

/**
 * What one source gives for the place on the incident's own day, with the snapshot's age.
 * @param {GroundClaim} claim
 * @param {Reading} context
 */
function groundText(claim, context) {
  const { words, language } = context;
  const n = (/** @type {number} */ value) => number(language, value);
  const party = (/** @type {string} */ code) => partyName(context, code);
  const holder = { party: party(claim.controller) };
  const status =
    claim.status === null ? words.control_no_point : fill(words["control_" + claim.status], holder);
  const parts = [fill(words.ground_status, { source: claim.name, status })];
  if (claim.distance_km !== null) parts.push(fill(words.ground_line, { km: n(claim.distance_km) }));
  const shares = Object.entries(claim.shares ?? {}).map(([code, share]) => {
    const name = code === "not_stated" ? words.nobody_states : party(code);
    return `${name} ${n(Math.round(share * 100))} %`;
  });
  if (shares.length) parts.push(fill(words.ground_shares, { shares: shares.join(", ") }));
  const age = claim.age_days === 1 ? words.ground_age_one : words.ground_age;
  parts.push(claim.age_days ? fill(age, { n: n(claim.age_days) }) : words.control_today);
  return parts.join("; ");
}

/**
 * The days of an incident in words; an end on the same day is not repeated.
 * @param {Reading} context
 * @param {{ start: string | null, end: string | null }} record
 */
export function whenText({ words, language }, { start, end }) {
  const day = (/** @type {string} */ value) => dayText(language, value.slice(0, 10));
  const until = end && end.slice(0, 10) !== start?.slice(0, 10) ? " – " + day(end) : "";
  return (start ? day(start) : words.unknown) + until;
}

/** Why a text is not shown, in the reader's language. @param {Words} words @param {string} code */
const redactedText = (words, code) => fill(words.redacted, { reason: words["redaction_" + code] });

/**
 * A text of a record, or why it is not shown.
 * @param {IncidentRecord} record
 * @param {"when_text" | "place" | "description"} name
 * @param {Words} words
 */
function openText(record, name, words) {
  const code = record.redacted[name];
  const text = record[name];
  return text && text === `redacted: ${code}` ? redactedText(words, code) : text;
}

/**
 * @param {IncidentRecord} record
 * @param {Words} words
 */
function regionText({ region }, words) {
  const border = region.near_border ? "; " + words.near_border : "";
  const name = region.name || region.admin1 || words.region_none;
  return `${name} (${words["region_" + region.how]}${border})`;
}

/**
 * @param {IncidentFeature} feature
 * @param {Reading} context
 */
function precisionText({ geometry, properties }, { words, language }) {
  const { error_m: error, precision } = properties;
  const text = words["precision_" + precision];
  if (error === null || !geometry) return text;
  return `${text}, ${fill(words.within, { m: lengthText(language, error) })}`;
}

/**
 * @param {Damage} damage
 * @param {Reading} context
 */
function damageText({ sector, object_kind: kind, name, grade }, { spec, words }) {
  const what = labelOf(spec.sectors, sector) + (kind ? ": " + kind : "");
  return `${what}${name ? " " + name : ""} – ${words["grade_" + (grade || "unknown")]}`;
}

/**
 * @param {IncidentRecord} record
 * @param {Reading} context
 */
function sourceItems({ sources }, { words, language }) {
  return sources.map(({ url, publisher, published }) => {
    const source = url ? link(url, publisher || url) : publisher || words.not_stated;
    return el("li", {}, source, published ? `, ${dayText(language, published)}` : null);
  });
}

/**
 * The record as names and texts; what is not stated has no row, or says so.
 * @param {IncidentFeature} feature
 * @param {Reading} context
 * @returns {[name: string, content: Child][]}
 */
function recordRows(feature, context) {
  const { words, language, spec } = context;
  const record = feature.properties;
  const { attributed_to: attributed, mechanism, redacted } = record;
  const count = (/** @type {Count | null} */ value) => countText(words, language, value);
  /** @type {(items: Child[], otherwise?: string) => Child} */
  const list = (items, otherwise) =>
    items.length ? el("ul", {}, ...items.map((item) => el("li", {}, item))) : otherwise;
  const when = record.start ? whenText(context, record) : words.unknown;
  const whenNote = record.when_text ? ` (${openText(record, "when_text", words)})` : "";
  const weapons = record.weapons.map((code) => labelOf(spec.weapons, code)).join(", ");
  const damage = record.damage.map((item) => damageText(item, context));
  const party = attributed && partyName(context, attributed.party);
  const ground = record.control.map((claim) => groundText(claim, context));
  const claims = record.claims.map((claim) => fill(words.says, claim));
  const sources = sourceItems(record, context);
  return [
    ["date", when + whenNote],
    ["place", openText(record, "place", words) || words.not_stated],
    ["region", regionText(record, words)],
    ["precision", precisionText(feature, context)],
    ["killed", count(record.killed)],
    ["injured", count(record.injured)],
    ["damage", list(damage, words.not_stated)],
    ["weapons", weapons || words.not_stated],
    ["mechanism", mechanism === "unknown" ? null : words["mechanism_" + mechanism]],
    ["attributed_to", party && `${party} (${words["confidence_" + attributed.confidence]})`],
    ["status", words["status_" + record.status]],
    ["ground_here", list(ground)],
    ["claims", list(claims, redacted.claims && redactedText(words, redacted.claims))],
    ["sources", sources.length ? el("ul", {}, ...sources) : words.no_source],
    ["description", openText(record, "description", words)],
    ["dataset", record.dataset],
  ];
}

/**
 * @param {IncidentFeature} feature
 * @param {Reading} context
 */
export function incidentBody(feature, context) {
  const { words, spec, state } = context;
  const record = feature.properties;
  const rows = recordRows(feature, context).flatMap(([name, content]) =>
    content ? [el("dt", { text: words[name] }), el("dd", {}, content)] : [],
  );
  const href = `/incidents/${record.id}?${state.query()}`;
  return el(
    "div",
    {},
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

/**
 * @param {MapContext} context
 * @param {() => void} onClose
 */
export function makeDialog(context, onClose) {
  const { words } = context;
  const title = el("h2", { id: "incident-title" });
  const body = el("div", { class: "incident-body" });
  const close = el("button", {
    type: "button",
    class: "close",
    "aria-label": words.close,
    text: "×",
    onclick: shut,
  });
  const steps = el("div", { class: "incident-steps" });
  const node = el(
    "section",
    {
      class: "incident-box",
      role: "dialog",
      "aria-labelledby": "incident-title",
      hidden: true,
      onkeydown: (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        shut();
      },
    },
    el("div", { class: "incident-head" }, title, close),
    steps,
    body,
  );
  /** Where focus returns to. @type {HTMLElement | null} */
  let opener = null;

  function shut() {
    node.hidden = true;
    onClose();
    // A list that was read again meanwhile has another button of the same record.
    const isGone = opener?.isConnected === false;
    const record = isGone ? `.incident[data-number="${opener?.dataset["number"]}"]` : null;
    /** @type {HTMLElement | null} */
    const target = record ? document.querySelector(record) : opener;
    target?.focus({ preventScroll: true });
  }

  /**
   * @param {string} text
   * @param {() => void} onclick
   * @param {boolean} disabled
   */
  const step = (text, onclick, disabled) =>
    el("button", { type: "button", class: "step", text, disabled, onclick });

  return {
    node,
    /**
     * What the box covers of the map, from the right and from below: on a phone it lies below.
     * @returns {[number, number]}
     */
    covers() {
      const map = context.map.getContainer();
      if (node.offsetWidth < map.offsetWidth * 0.7) return [node.offsetWidth + 40, 60];
      const below = map.getBoundingClientRect().bottom - node.getBoundingClientRect().top;
      return [20, Math.max(60, below + 20)];
    },
    /**
     * @param {OpenFeature} feature
     * @param {object} position which of several at one spot, and how to go to another
     * @param {number} position.at
     * @param {number} position.of
     * @param {(at: number) => void} position.go
     * @param {HTMLElement | null} position.from
     */
    show(feature, { at, of, go, from }) {
      if (from) opener = from;
      const { redacted, place, region } = feature.properties;
      title.textContent = (redacted.place ? "" : place) || region.name || words.incident;
      steps.replaceChildren();
      if (of > 1) {
        steps.append(
          step(words.previous, () => go(at - 1), at === 0),
          el("span", { text: fill(words.here, { i: at + 1, n: of }) }),
          step(words.next, () => go(at + 1), at === of - 1),
        );
      }
      body.replaceChildren("body" in feature ? feature.body : incidentBody(feature, context));
      node.hidden = false;
      node.scrollTop = 0;
      close.focus({ preventScroll: true });
    },
  };
}
