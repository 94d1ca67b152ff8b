/* Find a place by its name in either language (WAI-ARIA combobox with a list). */
import { debounce, el, fill, number, readJson } from "./dom.js";

const LATER_MS = 120, ZOOM = 11, LEAST_LETTERS = 2;

export function makeSearch(map, context) {
  const { words, language, spec } = context;
  const list = el("ul", { class: "found", id: "found", role: "listbox", "aria-label": words.search, hidden: true }), said = el("span", { class: "unseen", role: "status" });
  const input = el("input", { type: "search", class: "search-field", role: "combobox", "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list", "aria-label": words.search, placeholder: words.search, autocomplete: "off", maxlength: 80, oninput: () => later(), onkeydown: key, onblur: () => setTimeout(shut, 150) });
  let places = [], at = -1, asking = null, marker = null;

  function shut() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  async function find() {
    asking?.abort();
    if (input.value.trim().length < LEAST_LETTERS) return shut();
    asking = new AbortController();
    const query = new URLSearchParams({ theatre: spec.view.theatre, lang: language, q: input.value.trim() });
    try {
      places = (await readJson(`/api/places?${query}`, asking.signal)).places;
    } catch (wrong) {
      if (wrong.name !== "AbortError") said.textContent = fill(words.error, { why: wrong.message });
      return;
    }
    at = -1;
    list.replaceChildren(...places.map((place, i) => el("li", { role: "option", id: `found-${i}`, "aria-selected": "false", onpointerdown: () => go(place) }, el("span", { text: place.name }), el("span", { class: "note", text: about(place) }))));
    if (!places.length) list.append(el("li", { class: "note", role: "option", "aria-disabled": "true", text: words.search_none }));
    said.textContent = fill(words.search_found, { n: places.length });
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  function about(place) {
    if (place.kind === "region") return words.region;
    const people = place.population ? fill(words.inhabitants, { n: number(language, place.population) }) : null;
    return [place.region?.name ?? place.country, people].filter(Boolean).join(" · ");
  }

  function key(event) {
    const last = places.length - 1, open = !list.hidden;
    if (event.key === "Escape") shut();
    else if (event.key === "Enter" && open && places.length) go(places[Math.max(0, at)]);
    else if (event.key === "ArrowDown" && open) choose(at >= last ? 0 : at + 1);
    else if (event.key === "ArrowUp" && open) choose(at > 0 ? at - 1 : last);
    else return;
    event.preventDefault();
  }

  function choose(to) {
    at = to;
    [...list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === at)));
    input.setAttribute("aria-activedescendant", `found-${at}`);
  }

  function go(place) {
    input.value = place.name;
    shut();
    context.settle();
    marker?.remove();
    if (place.kind === "region") {
      const [west, south, east, north] = place.bbox;
      map.fitBounds([[south, west], [north, east]], { animate: false });
      return;
    }
    marker = L.circleMarker([place.lat, place.lon], { pane: "spot", renderer: context.renderer("spot"), radius: 12, weight: 2, className: "pencil", dashArray: "3 3", fill: false, interactive: false }).addTo(map);
    map.setView([place.lat, place.lon], Math.max(map.getZoom(), ZOOM), { animate: false });
  }

  const later = debounce(LATER_MS, find), holder = L.control({ position: "topleft" });
  holder.onAdd = () => {
    const box = el("div", { class: "search" }, input, list, said);
    L.DomEvent.disableClickPropagation(box);
    L.DomEvent.disableScrollPropagation(box);
    return box;
  };
  return holder;
}
