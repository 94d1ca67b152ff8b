/* The list of incidents, newest first: those in view of the map, or of the whole period. */
/** @import { Highlight, IncidentFeature, IncidentPage, ListTab } from "./types.js" */
/** @import { MapContext, OpenIncident } from "./types.js" */
import { debounce, el, isHidden } from "./dom.js";
import { fill, number } from "./format.js";
import { whenText } from "./incident.js";
import { makeNewest, messageOf, readJson, wasAborted } from "./request.js";

const PAGE_ROWS = 40;
const LATER_MS = 200;

/**
 * @param {MapContext} context
 * @param {Highlight} highlight
 * @param {OpenIncident} open
 * @returns {ListTab}
 */
export function makeList(context, highlight, open) {
  const { state, map, words, language } = context;
  const list = el("ol", { class: "incidents" });
  const more = el("button", {
    type: "button",
    class: "step",
    text: words.show_more,
    hidden: true,
    onclick: () => read(list.childElementCount),
  });
  const status = el("p", { class: "note", role: "status" });
  const inView = el("input", { type: "checkbox", checked: true, onchange: () => read(0) });
  const hint = el("p", { class: "note", text: words.list_unplaced });
  const label = el(
    "label",
    { class: "layer in-view" },
    inView,
    el("span", { text: words.in_view }),
  );
  /** @type {Map<string, HTMLLIElement>} */
  const rowsByKey = new Map();
  const newest = makeNewest();

  /** @param {IncidentFeature} feature */
  function row(feature) {
    const id = feature.properties.number;
    const headline = feature.headline ?? words.incident;
    const when = whenText(context, feature.properties);
    const { redacted, description } = feature.properties;
    // The source's own words tell two rows apart of which no more is known than the town.
    const excerpt = redacted.description ? "" : description;
    const show = () => highlight.hover(feature);
    const hide = () => highlight.hover(null);
    const button = el(
      "button",
      {
        type: "button",
        class: "incident",
        "data-number": id,
        onclick: () => open([id], feature, button),
        onfocus: show,
        onpointerenter: show,
        onblur: hide,
        onpointerleave: hide,
      },
      el("span", { class: "incident-headline", text: headline }),
      excerpt ? el("span", { class: "incident-text", text: excerpt }) : null,
      el("span", { class: "incident-when", text: `${feature.geometry ? "●" : "▨"} ${when}` }),
    );
    return el("li", {}, button);
  }

  /**
   * The row of a record. A list that is read again has the same rows: focus returns to them.
   * @param {IncidentFeature} feature
   */
  function rowOf(feature) {
    const { number: id, revision } = feature.properties;
    const key = `${id}/${revision}`;
    const item = rowsByKey.get(key);
    if (item?.isConnected) return item;
    const added = row(feature);
    rowsByKey.set(key, added);
    return added;
  }

  /** @type {(features: IncidentFeature[], isMore: boolean) => HTMLLIElement[]} */
  function showRows(features, isMore) {
    const rows = features.map(rowOf);
    const focused = document.activeElement;
    if (isMore) list.append(...rows);
    else list.replaceChildren(...rows);
    // To take a row out and put it back, as this does, takes its focus.
    if (focused instanceof HTMLElement && list.contains(focused))
      focused.focus({ preventScroll: true });
    for (const [key, item] of rowsByKey) if (!item.isConnected) rowsByKey.delete(key);
    return rows;
  }

  /** The box in view, within the View's own; null where they do not meet, empty for no box. */
  function box() {
    const [west, south, east, north] = (state.get("bbox") || "-180,-90,180,90")
      .split(",")
      .map(Number);
    if (west > east) return ""; // across the antimeridian the View's own box is all there is
    const seen = map.getBounds();
    // A little rounded: a pan of a pixel asks for nothing new.
    /** @type {(value: number, low: number, high: number) => string} */
    const clip = (value, low, high) => Math.max(low, Math.min(high, value)).toFixed(3);
    const [w, e] = [seen.getWest(), seen.getEast()].map((lon) => clip(lon, west, east));
    const [s, n] = [seen.getSouth(), seen.getNorth()].map((lat) => clip(lat, south, north));
    return Number(w) < Number(e) && Number(s) < Number(n) ? [w, s, e, n].join() : null;
  }

  async function read(offset = 0) {
    if (isHidden(label)) return;
    const signal = newest();
    const bbox = inView.checked ? box() : "";
    if (bbox === null) {
      list.replaceChildren();
      status.textContent = words.list_empty;
      more.hidden = true;
      return;
    }
    try {
      const query = state.query(bbox ? { bbox } : {});
      const page = `headline=true&limit=${PAGE_ROWS}&offset=${offset}`;
      /** @type {IncidentPage} */
      const answer = await readJson(`/api/collections/incidents/items?${query}&${page}`, signal);
      const rows = showRows(answer.features, offset > 0);
      const count = answer.numberMatched;
      const text = inView.checked ? words.list_view : words.list_period;
      status.textContent = count ? fill(text, { n: number(language, count) }) : words.list_empty;
      more.hidden = list.childElementCount >= count;
      hint.hidden = !inView.checked;
      if (offset) rows[0]?.querySelector("button")?.focus();
    } catch (wrong) {
      if (!wasAborted(wrong)) status.textContent = fill(words.error, { why: messageOf(wrong) });
    }
  }

  const later = debounce(LATER_MS, read);
  state.onChange(later);
  map.on("moveend", () => inView.checked && later());
  return {
    content: [label, status, list, more, hint],
    onshow: later,
    mark(id) {
      for (const button of list.querySelectorAll("button"))
        button.toggleAttribute("data-open", button.dataset.number === String(id));
    },
  };
}
