/* Tools of the map that few readers use at once: fullscreen, coordinates, where I am, only what the
   map shows or what lies in a drawn area, and two days side by side. */
/** @import { MapContext } from "./types.js" */
import { makeCoordinates } from "./coordinates.js";
import { el, mapBox } from "./dom.js";
import { makeDrawing } from "./drawing.js";
import { cornersOf } from "./drawnarea.js";
import { readJson } from "./request.js";
import { makeSwipe } from "./swipe.js";

const DIGITS = 4;
const LOCATE_MS = 15_000;

/**
 * Make the box of tools; the answer opens and closes it.
 * @param {MapContext} context
 * @param {HTMLButtonElement} opener
 */
export function makeToolbox(context, opener) {
  const { map, words } = context;
  const output = el("output", { class: "tool-said", role: "status" });
  output.dir = "auto"; // coordinates have no letters, and stand from left to right
  const rows = [
    document.fullscreenEnabled ? makeFullscreen(context) : null,
    ...makeCoordinates(context, output),
    navigator.geolocation && window.isSecureContext ? makeLocate(context, output) : null,
    ...makeArea(context),
    ...makeDraw(context, toggle, () => opener.focus({ preventScroll: true })),
    makeSwipe(context, toggle),
  ];
  const box = el(
    "section",
    { class: "toolbox", "aria-label": words.tools, hidden: true },
    ...rows,
    output,
  );
  box.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") toggle();
  });
  L.DomEvent.disableClickPropagation(box);
  L.DomEvent.disableScrollPropagation(box);
  mapBox().append(box);

  function toggle() {
    box.hidden = !box.hidden;
    opener.setAttribute("aria-expanded", String(!box.hidden));
    if (box.hidden) opener.focus({ preventScroll: true });
    else box.querySelector("button")?.focus({ preventScroll: true });
    map.fire("tools");
  }
  return toggle;
}

/**
 * @param {string} text
 * @param {() => void} onclick
 * @param {boolean} [isSwitch]
 */
const tool = (text, onclick, isSwitch = false) =>
  el("button", {
    type: "button",
    class: "step",
    text,
    onclick,
    "aria-pressed": isSwitch ? "false" : null,
  });

/** @param {MapContext} context */
function makeFullscreen({ words, fail }) {
  const button = tool(
    words.tool_fullscreen,
    () => {
      const change = document.fullscreenElement
        ? document.exitFullscreen()
        : document.documentElement.requestFullscreen();
      change.catch(fail);
    },
    true,
  );
  document.addEventListener("fullscreenchange", () =>
    button.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement))),
  );
  return button;
}

/**
 * Show where the reader is, when they press the button; the place stays in the browser.
 * @param {MapContext} context
 * @param {HTMLElement} output
 */
function makeLocate({ map, words, renderer }, output) {
  const base = { pane: "spot", renderer: renderer("spot"), weight: 2, interactive: false };
  const circle = L.circle([0, 0], { ...base, radius: 1, className: "pencil", fillOpacity: 0.1 });
  return tool(words.tool_locate, () => {
    output.textContent = words.tool_locating;
    navigator.geolocation.getCurrentPosition(
      ({ coords: { latitude, longitude, accuracy } }) => {
        output.textContent = words.tool_located;
        circle.setLatLng([latitude, longitude]).setRadius(accuracy).addTo(map);
        map.fitBounds(circle.getBounds(), { maxZoom: 13 });
      },
      () => (output.textContent = words.tool_not_located),
      { timeout: LOCATE_MS },
    );
  });
}

/**
 * Narrow the View to what the map shows; a box is drawn by zooming (Shift and drag).
 * @param {MapContext} context
 */
function makeArea({ map, state, words, fail }) {
  async function narrow() {
    const bounds = map.getBounds();
    const sides = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const bbox = sides.map((side) => side.toFixed(DIGITS)).join(",");
    await readJson(`/api/summary?${state.query({ bbox })}`); // refused with a sentence, or allowed
    state.go({ bbox });
  }
  const only = tool(words.tool_area, () => narrow().catch(fail));
  only.title = words.tool_area_help;
  const whole = tool(words.tool_whole, () => state.go({ bbox: "" }));
  return state.get("bbox") ? [only, whole] : [only];
}

/**
 * Draw an area on the map, with nothing over it, or change the one of the View.
 * @param {MapContext} context
 * @param {() => void} close
 * @param {() => void} onEnd
 */
function makeDraw(context, close, onEnd) {
  const start = makeDrawing(context, onEnd);
  const starting = (/** @type {string} */ text, /** @type {L.LatLng[]} */ corners) =>
    tool(text, () => {
      close();
      start(corners);
    });
  const corners = cornersOf(context);
  const { tool_draw: draw, tool_change_area: change } = context.words;
  return corners.length ? [starting(change, corners), starting(draw, [])] : [starting(draw, [])];
}
