/* Measure distances: by clicks, or by keyboard from the centre of the map. */
import { el, fill, number } from "./dom.js";

function icon() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
  for (const [name, value] of Object.entries({ width: 22, height: 22, viewBox: "0 0 22 22", "aria-hidden": "true" })) svg.setAttribute(name, value);
  for (const [name, value] of Object.entries({ d: "M2 15 15 2l5 5L7 20z M6 11l2 2 M9 8l3 3 M12 5l2 2", fill: "none", stroke: "currentColor", "stroke-width": 1.6 })) path.setAttribute(name, value);
  svg.append(path);
  return svg;
}

export function makeRuler(map, context) {
  const { words, language } = context;
  const line = L.polyline([], { pane: "spot", renderer: context.renderer("spot"), className: "pencil", weight: 2, dashArray: "6 4", interactive: false });
  const ends = L.layerGroup(), said = el("output", { class: "ruler-said", role: "status", hidden: true });
  const button = el("button", { type: "button", class: "ruler", "aria-pressed": "false", "aria-label": words.ruler, title: words.ruler, onclick: () => (isOn ? stop() : start()) }, icon());
  let points = [], isOn = false;

  function draw() {
    line.setLatLngs(points);
    ends.clearLayers();
    for (const point of points) L.circleMarker(point, { pane: "spot", renderer: context.renderer("spot"), radius: 3.5, className: "pencil end", fillOpacity: 1, weight: 2, interactive: false }).addTo(ends);
    let metres = 0;
    points.forEach((point, i) => i && (metres += point.distanceTo(points[i - 1])));
    said.textContent = points.length > 1 ? fill(words.ruler_total, { km: number(language, Math.round(metres / 10) / 100), n: points.length - 1 }) : words.ruler_help;
  }

  function add(point) {
    points.push(point);
    draw();
  }

  const click = ({ latlng }) => add(latlng);
  function key(event) {
    if (event.key === "Enter") add(map.getCenter());
    else if (event.key === "Backspace") { points.pop(); draw(); }
    else if (event.key === "Escape") stop();
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function start() {
    isOn = context.isMeasuring = true;
    points = [];
    line.addTo(map);
    ends.addTo(map);
    said.hidden = false;
    map.on("click", click);
    map.getContainer().addEventListener("keydown", key, true);
    map.getContainer().classList.add("measuring");
    button.setAttribute("aria-pressed", "true");
    draw();
    map.getContainer().focus({ preventScroll: true });
  }

  function stop() {
    isOn = context.isMeasuring = false;
    line.remove();
    ends.remove();
    said.hidden = true;
    map.off("click", click);
    map.getContainer().removeEventListener("keydown", key, true);
    map.getContainer().classList.remove("measuring");
    button.setAttribute("aria-pressed", "false");
    button.focus({ preventScroll: true });
  }

  const holder = L.control({ position: "topleft" });
  holder.onAdd = () => {
    const box = el("div", { class: "leaflet-bar ruler-box" }, button);
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  document.querySelector(".map-box").append(said);
  return holder;
}
