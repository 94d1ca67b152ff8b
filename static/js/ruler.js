/* Measure distances: by clicks, or by keyboard from the centre of the map. */
/** @import { MapContext } from "./types.js" */
import { el, mapBox } from "./dom.js";
import { fill, number } from "./format.js";
import { svg } from "./patterns.js";
import { makePencil } from "./pencil.js";

function icon() {
  const box = { width: 22, height: 22, viewBox: "0 0 22 22", "aria-hidden": "true" };
  const picture = svg("svg", box);
  const d = "M2 15 15 2l5 5L7 20z M6 11l2 2 M9 8l3 3 M12 5l2 2";
  svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.6 }, picture);
  return picture;
}

/** @param {MapContext} context */
export function makeRuler(context) {
  const { map, renderer, words, language } = context;
  const base = { pane: "spot", renderer: renderer("spot"), weight: 2, interactive: false };
  const line = L.polyline([], { ...base, className: "pencil", dashArray: "6 4" });
  const ends = L.layerGroup();
  const output = el("output", { class: "ruler-said", role: "status", hidden: true });
  const button = el(
    "button",
    {
      type: "button",
      class: "ruler",
      "aria-pressed": "false",
      "aria-label": words.ruler,
      title: words.ruler,
      onclick: () => (output.hidden ? start() : stop()),
    },
    icon(),
  );
  /** @type {L.LatLng[]} */
  let points = [];

  function draw() {
    line.setLatLngs(points);
    ends.clearLayers();
    const dot = { ...base, radius: 3.5, className: "pencil end", fillOpacity: 1 };
    for (const point of points) L.circleMarker(point, dot).addTo(ends);
    const steps = points.slice(1).map((point, i) => point.distanceTo(points[i]));
    const metres = steps.reduce((sum, step) => sum + step, 0);
    const km = number(language, Math.round(metres / 10) / 100);
    const total = fill(words.ruler_total, { km, n: steps.length });
    output.textContent = steps.length ? total : words.ruler_help;
  }

  function add(/** @type {L.LatLng} */ point) {
    points.push(point);
    draw();
  }

  const pencil = makePencil(context, {
    add,
    keys: {
      Enter: () => add(map.getCenter()),
      Backspace: () => {
        points.pop();
        draw();
      },
      Escape: () => stop(),
    },
    show(isHeld) {
      output.hidden = !isHeld;
      button.setAttribute("aria-pressed", String(isHeld));
      if (isHeld) return;
      line.remove();
      ends.remove();
    },
  });

  function start() {
    points = [];
    line.addTo(map);
    ends.addTo(map);
    pencil.take();
    draw();
  }

  function stop() {
    pencil.putDown();
    button.focus({ preventScroll: true });
  }

  const holder = new L.Control({ position: "topleft" });
  holder.onAdd = () => {
    const box = el("div", { class: "leaflet-bar ruler-box" }, button);
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  mapBox().append(output);
  return holder;
}
