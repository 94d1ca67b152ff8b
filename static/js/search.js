/* Find a place by its name in either language (WAI-ARIA combobox with a list). */
/** @import { MapContext, Place } from "./types.js" */
import { debounce, el } from "./dom.js";
import { fill, number } from "./format.js";
import { makeNewest, messageOf, readJson, wasAborted } from "./request.js";

const LATER_MS = 120;
const BLUR_MS = 150;
const ZOOM = 11;
const LEAST_LETTERS = 2;

/** @param {MapContext} context */
export function makeSearch({ map, renderer, settle, words, language, spec }) {
  const list = el("ul", {
    class: "found",
    id: "found",
    role: "listbox",
    hidden: true,
    "aria-label": words.search,
  });
  const status = el("span", { class: "unseen", role: "status" });
  const input = el("input", {
    type: "search",
    class: "search-field",
    role: "combobox",
    "aria-expanded": "false",
    "aria-controls": "found",
    "aria-autocomplete": "list",
    "aria-label": words.search,
    placeholder: words.search,
    autocomplete: "off",
    maxlength: 80,
    oninput: () => later(),
    onkeydown: key,
    onblur: () => setTimeout(shut, BLUR_MS),
  });
  /** @type {Place[]} */
  let places = [];
  let at = -1;
  const newest = makeNewest();
  /** @type {L.CircleMarker | null} */
  let marker = null;

  function shut() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  async function search() {
    const signal = newest();
    const q = input.value.trim();
    if (q.length < LEAST_LETTERS) {
      shut();
      return;
    }
    const query = new URLSearchParams({ theatre: spec.view.theatre, lang: language, q });
    try {
      /** @type {{ places: Place[] }} */
      const answer = await readJson(`/api/places?${query}`, signal);
      ({ places } = answer);
    } catch (wrong) {
      if (!wasAborted(wrong)) status.textContent = fill(words.error, { why: messageOf(wrong) });
      return;
    }
    at = -1;
    list.replaceChildren(...places.map(row));
    if (!places.length) {
      const none = { class: "note", role: "option", "aria-disabled": "true" };
      list.append(el("li", { ...none, text: words.search_none }));
    }
    status.textContent = fill(words.search_found, { n: places.length });
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  /**
   * @param {Place} place
   * @param {number} i
   */
  function row(place, i) {
    const option = { role: "option", id: `found-${i}`, "aria-selected": "false" };
    const name = el("span", { text: place.name });
    const note = el("span", { class: "note", text: about(place) });
    return el("li", { ...option, onpointerdown: () => go(place) }, name, note);
  }

  function about(/** @type {Place} */ place) {
    if (place.kind === "region") return words.region;
    const n = place.population && number(language, place.population);
    const people = n ? fill(words.inhabitants, { n }) : null;
    return [place.region?.name ?? place.country, people].filter(Boolean).join(" · ");
  }

  function key(/** @type {KeyboardEvent} */ event) {
    const last = places.length - 1;
    const isOpen = !list.hidden;
    if (event.key === "Escape") shut();
    else if (event.key === "Enter" && isOpen && places.length) go(places[Math.max(0, at)]);
    else if (event.key === "ArrowDown" && isOpen) choose(at >= last ? 0 : at + 1);
    else if (event.key === "ArrowUp" && isOpen) choose(at > 0 ? at - 1 : last);
    else return;
    event.preventDefault();
  }

  function choose(/** @type {number} */ to) {
    at = to;
    [...list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === at)));
    input.setAttribute("aria-activedescendant", `found-${at}`);
  }

  function go(/** @type {Place} */ place) {
    input.value = place.name;
    shut();
    settle();
    marker?.remove();
    if (place.kind === "region") {
      const [west, south, east, north] = place.bbox;
      const corners = L.latLngBounds([south, west], [north, east]);
      map.fitBounds(corners, { animate: false });
      return;
    }
    marker = L.circleMarker([place.lat, place.lon], {
      pane: "spot",
      renderer: renderer("spot"),
      className: "pencil",
      interactive: false,
      radius: 12,
      weight: 2,
      dashArray: "3 3",
      fill: false,
    }).addTo(map);
    map.setView([place.lat, place.lon], Math.max(map.getZoom(), ZOOM), { animate: false });
  }

  const later = debounce(LATER_MS, search);
  const holder = new L.Control({ position: "topleft" });
  holder.onAdd = () => {
    const box = el("div", { class: "search" }, input, list, status);
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  };
  return holder;
}
