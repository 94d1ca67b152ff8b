/* Draw an area by its corners: the View then has only what lies in it. */
/** @import { MapContext } from "./types.js" */
import { el, mapBox } from "./dom.js";
import { alongSides, edgeOf } from "./drawnarea.js";
import { fill } from "./format.js";
import { makePencil } from "./pencil.js";
import { messageOf, readJson } from "./request.js";

/** About a metre. */
const DIGITS = 5;
/** The second click of a double click is no corner of its own. */
const SAME_PX = 4;
const LEAST_CORNERS = 3;

/** @typedef {[number, number]} Pair longitude and latitude */

/**
 * Tell on which side of a line through two points a third one lies.
 * @type {(a: Pair, b: Pair, c: Pair) => number}
 */
const turn = (a, b, c) => Math.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));

/** Tell whether two sides of an area cross; neighbours share a corner, and do not. */
export function crosses(/** @type {Pair[]} */ corners) {
  const n = corners.length;
  const at = (/** @type {number} */ i) => corners[i % n];
  return corners.some((a, i) =>
    corners.some((c, j) => {
      if (j <= i + 1 || (j + 1) % n === i) return false;
      const [b, d] = [at(i + 1), at(j + 1)];
      return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
    }),
  );
}

/**
 * Make the tool; what it gives starts a drawing.
 * @param {MapContext} context
 * @param {() => void} onEnd what a reader does next who ended without an area
 */
export function makeDrawing(context, onEnd) {
  const { map, state, words } = context;
  const edge = L.polyline([], edgeOf(context));
  const closing = L.polyline([], { ...edgeOf(context), dashArray: "4 4" });
  const ends = L.layerGroup();
  const output = el("output", { class: "draw-said", role: "status" });
  const step = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
    el("button", { type: "button", class: "step", text, onclick });
  const bar = el(
    "div",
    { class: "drawing", role: "group", "aria-label": words.tool_draw, hidden: true },
    output,
    step(words.draw_corner, () => add(map.getCenter())),
    step(words.draw_back, back),
    step(words.draw_close, close),
    step(words.draw_cancel, cancel),
  );
  L.DomEvent.disableClickPropagation(bar);
  mapBox().append(bar);
  /** @type {L.LatLng[]} */
  let corners = [];

  function draw(text = "") {
    edge.setLatLngs(alongSides(corners, false));
    const sides = [corners.at(-1), corners[0]].flatMap((corner) => corner ?? []);
    closing.setLatLngs(corners.length < LEAST_CORNERS ? [] : alongSides(sides, false));
    ends.clearLayers();
    const dot = { ...edgeOf(context), fill: true, radius: 4, fillOpacity: 1 };
    for (const corner of corners)
      L.circleMarker(corner, { ...dot, className: "pencil end" }).addTo(ends);
    const count = fill(words.draw_corners, { n: corners.length });
    output.textContent = text || (corners.length ? count : words.draw_help);
  }

  /** Add a corner; a click on the first one closes the area. */
  function add(/** @type {L.LatLng} */ place) {
    const isAt = (/** @type {L.LatLng | undefined} */ corner) =>
      corner &&
      map.latLngToContainerPoint(corner).distanceTo(map.latLngToContainerPoint(place)) <= SAME_PX;
    if (isAt(corners.at(-1))) return;
    if (corners.length >= LEAST_CORNERS && isAt(corners[0])) {
      close();
      return;
    }
    corners.push(place);
    draw();
  }

  function back() {
    corners.pop();
    draw();
  }

  function close() {
    if (corners.length < LEAST_CORNERS) return draw(words.draw_few);
    const pairs = corners.map((corner) => {
      const { lng, lat } = corner.wrap();
      return /** @type {Pair} */ ([lng, lat]);
    });
    if (crosses(pairs)) return draw(words.draw_crossing);
    narrow(pairs).catch((wrong) => draw(messageOf(wrong)));
  }

  async function narrow(/** @type {Pair[]} */ pairs) {
    const within = pairs.map((pair) => pair.map((degrees) => degrees.toFixed(DIGITS))).join();
    // Refused with a sentence, or allowed.
    await readJson(`/api/summary?${state.query({ within })}`);
    pencil.putDown();
    state.go({ within });
  }

  function cancel() {
    pencil.putDown();
    onEnd();
  }

  const pencil = makePencil(context, {
    add,
    keys: { " ": () => add(map.getCenter()), Backspace: back, Enter: close, Escape: cancel },
    show(isHeld) {
      bar.hidden = !isHeld;
      for (const layer of [edge, closing, ends]) {
        if (isHeld) layer.addTo(map);
        else layer.remove();
      }
      if (isHeld) {
        map.doubleClickZoom.disable();
        map.on("dblclick", close);
      } else {
        map.doubleClickZoom.enable();
        map.off("dblclick", close);
      }
    },
  });

  return () => {
    corners = [];
    pencil.take();
    draw();
  };
}
