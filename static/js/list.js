/* The list of incidents, newest first: those in view of the map, or of the whole period. */
import { countText, dayText, debounce, el, fill, number, readJson } from "./dom.js";

const LISTED = 40, LATER_MS = 200;

export function makeList(context) {
  const { state, map, words, language } = context;
  const list = el("ol", { class: "incidents" }), more = el("button", { type: "button", class: "step", text: words.show_more, hidden: true, onclick: () => read(list.childElementCount) });
  const known = el("p", { class: "note", role: "status" });
  const only = el("input", { type: "checkbox", checked: true, onchange: () => read(0) });
  const hint = el("p", { class: "note", text: words.list_unplaced });
  const content = [el("label", { class: "layer in-view" }, only, el("span", { text: words.in_view })), known, list, more, hint];
  let running = null;

  function item(feature) {
    const told = feature.properties, dot = feature.geometry ? "●" : "▨";
    const day = told.start ? dayText(language, told.start.slice(0, 10)) : words.unknown;
    const until = told.end && told.end.slice(0, 10) !== told.start?.slice(0, 10) ? " – " + dayText(language, told.end.slice(0, 10)) : "";
    const where = [told.redacted?.place ? null : told.place, told.region.name || told.region.admin1].filter(Boolean), harm = [];
    if (told.killed) harm.push(`${words.killed}: ${countText(words, language, told.killed)}`);
    if (told.injured) harm.push(`${words.injured}: ${countText(words, language, told.injured)}`);
    const show = () => context.spot.ring(feature);
    const button = el("button", { type: "button", class: "incident", "data-number": told.number, onclick: (event) => context.open([told.number], feature, event.currentTarget), onfocus: show, onpointerenter: show, onblur: () => context.spot.ring(null), onpointerleave: () => context.spot.ring(null) },
      el("span", { class: "incident-when", text: day + until }),
      el("span", { class: "incident-where", text: `${dot} ${[...new Set(where)].join(", ") || words.region_none}` }),
      harm.length ? el("span", { class: "incident-harm", text: harm.join(" · ") }) : null);
    return el("li", {}, button);
  }

  /* The box in view, within the View's own; a little rounded: a pan of a pixel asks for nothing new. */
  function box() {
    const seen = map.getBounds(), own = (state.get("bbox") || "-180,-90,180,90").split(",").map(Number), clip = (value, axis) => Math.max(own[axis % 2], Math.min(own[axis % 2 + 2], value)).toFixed(3);
    if (own[0] > own[2]) return ""; // across the antimeridian the View's own box is all there is
    const box = [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()].map(clip);
    return +box[0] < +box[2] && +box[1] < +box[3] ? box.join(",") : null;
  }

  async function read(offset = 0) {
    if (content[0].closest("[hidden]")) return;
    running?.abort();
    running = new AbortController();
    const seen = only.checked ? box() : "", narrowed = seen ? { bbox: seen } : {};
    if (seen === null) return void (list.replaceChildren(), (known.textContent = words.list_empty), (more.hidden = true));
    try {
      const found = await readJson(`/api/collections/incidents/items?${state.query(narrowed)}&limit=${LISTED}&offset=${offset}`, running.signal);
      const items = found.features.map(item);
      if (offset) list.append(...items);
      else list.replaceChildren(...items);
      known.textContent = found.numberMatched ? fill(only.checked ? words.list_view : words.list_period, { n: number(language, found.numberMatched) }) : words.list_empty;
      more.hidden = list.childElementCount >= found.numberMatched;
      hint.hidden = !only.checked;
      if (offset) items[0]?.firstChild.focus();
    } catch (wrong) {
      if (wrong.name !== "AbortError") known.textContent = fill(words.error, { why: wrong.message });
    }
  }

  const later = debounce(LATER_MS, () => read(0));
  state.addEventListener("change", later);
  map.on("moveend", () => only.checked && later());
  return {
    content,
    onshow: later,
    mark(number) {
      for (const button of list.querySelectorAll(".incident")) button.toggleAttribute("data-open", button.dataset.number === String(number));
    },
  };
}
