/* One incident as a dialog: every claim and source beside it, all as text. */
/** @import { Count, History, IncidentFeature, IncidentRecord } from "./types.js" */
/** @import { MapContext, OpenFeature, RecordField, TextLine } from "./types.js" */
import { el } from "./dom.js";
import { countText, dayText, fill } from "./format.js";
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
 * The days of an incident in words; an end on the same day is not repeated.
 * @param {Reading} context
 * @param {{ start: string | null, end: string | null }} record
 */
export function whenText({ words, language }, { start, end }) {
  const day = (/** @type {string} */ value) => dayText(language, value.slice(0, 10));
  const until = end && end.slice(0, 10) !== start?.slice(0, 10) ? " – " + day(end) : "";
  return (start ? day(start) : words.unknown) + until;
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
function fieldRow({ label, lines, fold }) {
  const [first, ...others] = lines.map(lineText);
  const content = others.length
    ? el("ul", {}, ...[first, ...others].map((line) => el("li", {}, line)))
    : first;
  const folded = fold && el("details", {}, el("summary", { text: fold }), content);
  return [el("dt", { text: label }), el("dd", {}, folded || content)];
}

/**
 * @param {IncidentFeature} feature
 * @param {Reading} context
 */
export function incidentBody(feature, context) {
  const { words, spec, state } = context;
  const record = feature.properties;
  const rows = (feature.lines ?? []).flatMap(fieldRow);
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
    opener?.focus({ preventScroll: true });
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
     * Show something else than a record; whoever calls sets the focus in it.
     * @param {string} text
     * @param {HTMLElement} content
     * @param {HTMLElement | null} from
     */
    list(text, content, from) {
      if (from) opener = from;
      title.textContent = text;
      steps.replaceChildren();
      body.replaceChildren(content);
      node.hidden = false;
      node.scrollTop = 0;
    },
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
     * @param {() => void} position.list shows all of the spot
     * @param {HTMLElement | null} position.from
     */
    show(feature, { at, of, go, list, from }) {
      if (from) opener = from;
      const { redacted, place, region } = feature.properties;
      const own = "headline" in feature ? feature.headline : "";
      title.textContent = own || (redacted.place ? "" : place) || region.name || words.incident;
      steps.replaceChildren();
      if (of > 1) {
        steps.append(
          step(words.previous, () => go(at - 1), at === 0),
          el("span", { text: fill(words.here, { i: at + 1, n: of }) }),
          step(words.next, () => go(at + 1), at === of - 1),
          step(words.spot_list, list, false),
        );
      }
      body.replaceChildren("body" in feature ? feature.body : incidentBody(feature, context));
      node.hidden = false;
      node.scrollTop = 0;
      close.focus({ preventScroll: true });
    },
  };
}
