/* Draw an area by its corners, or change them: the View then has only what lies in it. */
/** @import { MapContext } from "./types.js" */
import { el, mapBox } from "./dom.js";
import { alongSides, edgeOf, hideArea } from "./drawnarea.js";
import { fill } from "./format.js";
import { makePencil } from "./pencil.js";
import { messageOf, readJson } from "./request.js";

/** About a metre. */
const DIGITS = 5;
/** The second click of a double click is no corner of its own. */
const SAME_PX = 4;
const LEAST_CORNERS = 3;
const HANDLE_PX = 24;
const LABEL_DIGITS = 3;
const CONTROLS_PX = 64;
/** A press of an arrow moves a corner by so many px, with Shift by a single one. */
const STEP_PX = 10;
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

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
 * Make the tool; what it gives starts a drawing, or changes the area whose corners it gets.
 * @param {MapContext} context
 * @param {() => void} onEnd what a reader does next who ended without an area
 */
export function makeDrawing(context, onEnd) {
  const { map, state, words } = context;
  const edge = L.polyline([], edgeOf(context));
  const closing = L.polyline([], { ...edgeOf(context), dashArray: "4 4" });
  const handles = L.layerGroup();
  const output = el("output", { class: "draw-said", role: "status" });
  const step = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
    el("button", { type: "button", class: "step", text, onclick });
  const [backStep, closeStep] = [step("", back), step("", close)];
  const bar = el(
    "div",
    { class: "drawing", role: "group", "aria-label": words.tool_draw, hidden: true },
    output,
    step(words.draw_corner, () => add(map.getCenter())),
    backStep,
    closeStep,
    step(words.draw_cancel, cancel),
  );
  L.DomEvent.disableClickPropagation(bar);
  mapBox().append(bar);
  /** @type {L.LatLng[]} */
  let corners = [];
  /** Whether it was closed once: a new corner then comes between two others. */
  let isClosed = false;
  /** The place of the corner that was moved or added last, or has the focus. */
  let current = -1;
  let isDropped = false;

  const pixel = (/** @type {L.LatLng} */ place) => map.latLngToContainerPoint(place);

  function draw(text = "") {
    edge.setLatLngs(alongSides(corners, isClosed));
    const sides = [corners.at(-1), corners[0]].flatMap((corner) => corner ?? []);
    const isOpen = !isClosed && corners.length >= LEAST_CORNERS;
    closing.setLatLngs(isOpen ? alongSides(sides, false) : []);
    const count = fill(words.draw_corners, { n: corners.length });
    output.textContent = text || (corners.length ? count : words.draw_help);
  }

  /** Draw it with a handle at each corner, after their number changed. */
  function drawHandles() {
    const hadFocus = handles.getLayers().some(isFocused);
    handles.clearLayers();
    corners.forEach((_corner, place) => handle(place).addTo(handles));
    draw();
    const next = /** @type {L.Marker | undefined} */ (handles.getLayers()[current]);
    if (hadFocus) (next?.getElement() ?? map.getContainer()).focus({ preventScroll: true });
  }

  /** A handle is dragged, or moved by the arrow keys while it has the focus. */
  function handle(/** @type {number} */ place) {
    const icon = L.divIcon({ className: "corner", iconSize: [HANDLE_PX, HANDLE_PX] });
    const options = { icon, draggable: true, bubblingMouseEvents: true, title: label(place) };
    const marker = L.marker(corners[place], options);
    const move = () => {
      current = place;
      corners[place] = marker.getLatLng();
      draw();
      const element = marker.getElement();
      if (element) element.title = label(place);
    };
    marker.on("drag", move);
    marker.on("dragend", () => {
      isDropped = true; // the click that ends it may hit the map
      setTimeout(() => (isDropped = false));
    });
    marker.on("click", () => (current = place));
    marker.on("add", () => {
      const element = marker.getElement();
      element?.addEventListener("focus", () => (current = place));
      element?.addEventListener("keydown", (event) => {
        const by = STEPS[event.key];
        if (!by) return;
        event.preventDefault();
        event.stopPropagation(); // the arrows would move the map
        const length = event.shiftKey ? 1 : STEP_PX;
        const at = map.project(corners[place]).add([by[0] * length, by[1] * length]);
        marker.setLatLng(map.unproject(at));
        move();
      });
    });
    return marker;
  }

  function label(/** @type {number} */ place) {
    const { lat, lng } = corners[place];
    const at = `${lat.toFixed(LABEL_DIGITS)}, ${lng.toFixed(LABEL_DIGITS)}`;
    return fill(words.draw_corner_at, { n: place + 1, place: at });
  }

  /** Add a corner; a click on the first one closes the area. */
  function add(/** @type {L.LatLng} */ place) {
    const isAt = (/** @type {L.LatLng | undefined} */ corner) =>
      corner && pixel(corner).distanceTo(pixel(place)) <= SAME_PX;
    if (isDropped || (isClosed ? corners.some(isAt) : isAt(corners.at(-1)))) return;
    if (!isClosed && corners.length >= LEAST_CORNERS && isAt(corners[0])) {
      close();
      return;
    }
    current = isClosed ? nearestSide(place) + 1 : corners.length;
    corners.splice(current, 0, place);
    drawHandles();
  }

  /** The place of the corner at which the nearest side begins. */
  function nearestSide(/** @type {L.LatLng} */ place) {
    const lengths = corners.map((corner, i) => {
      const end = corners[(i + 1) % corners.length];
      return L.LineUtil.pointToSegmentDistance(pixel(place), pixel(corner), pixel(end));
    });
    return lengths.indexOf(Math.min(...lengths));
  }

  /** Take the current corner away: of a new drawing the last one, unless another has the focus. */
  function back() {
    if (isClosed && corners.length <= LEAST_CORNERS) return draw(words.draw_few);
    corners.splice(current, 1);
    current = isClosed ? Math.max(current - 1, 0) : corners.length - 1;
    drawHandles();
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

  /** Move the map so that neither the bar nor the controls in its corners cover a handle. */
  function showAll() {
    map.fitBounds(L.latLngBounds(corners), {
      paddingTopLeft: [CONTROLS_PX, CONTROLS_PX],
      paddingBottomRight: [HANDLE_PX, bar.offsetHeight + HANDLE_PX],
      maxZoom: map.getZoom(),
      animate: false,
    });
  }

  function cancel() {
    pencil.putDown();
    onEnd();
  }

  const pencil = makePencil(context, {
    add,
    keys: {
      " ": () => add(map.getCenter()),
      Backspace: back,
      Delete: back,
      Enter: close,
      Escape: cancel,
    },
    show(isHeld) {
      bar.hidden = !isHeld;
      for (const layer of [edge, closing, handles]) {
        if (isHeld) layer.addTo(map);
        else layer.remove();
      }
      hideArea(map, isHeld && isClosed);
      map.off("dblclick", close);
      if (isHeld) map.doubleClickZoom.disable();
      else map.doubleClickZoom.enable();
      if (isHeld && !isClosed) map.on("dblclick", close);
    },
  });

  return (/** @type {L.LatLng[]} */ area = []) => {
    corners = [...area];
    isClosed = area.length > 0;
    current = area.length - 1;
    backStep.textContent = isClosed ? words.draw_remove : words.draw_back;
    closeStep.textContent = isClosed ? words.draw_keep : words.draw_close;
    pencil.take();
    drawHandles();
    if (!isClosed) return;
    output.textContent = words.draw_change_help;
    showAll();
  };
}

const isFocused = (/** @type {L.Layer} */ layer) =>
  layer instanceof L.Marker && layer.getElement() === document.activeElement;
