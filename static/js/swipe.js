/* Two days side by side under a divider that a reader moves: pictures of the server. */
/** @import { MapContext } from "./types.js" */
import { el, mapBox } from "./dom.js";

const PANE = "swipe";
const ABOVE_MARKS = 480;

/**
 * The tool that compares: a button, and what it opens.
 * @param {MapContext} context
 */
export function makeSwipe({ map, state, words }) {
  const day = (/** @type {string} */ name, /** @type {string} */ label) =>
    el("input", { type: "date", "aria-label": label, value: state.get(name), onchange: show });
  const first = day("from", words.swipe_left);
  const last = day("to", words.swipe_right);
  const divider = el("input", {
    type: "range",
    min: 0,
    max: 100,
    value: 50,
    "aria-label": words.swipe_divider,
    oninput: clip,
  });
  const close = el("button", {
    type: "button",
    class: "close",
    "aria-label": words.close,
    text: "×",
    onclick: stop,
  });
  const choices = el("div", { class: "swipe", hidden: true }, first, divider, last, close);
  L.DomEvent.disableClickPropagation(choices);
  mapBox().append(choices);
  const button = el("button", {
    type: "button",
    class: "step",
    "aria-pressed": "false",
    text: words.tool_swipe,
    onclick: () => (choices.hidden ? start() : stop()),
  });
  /** @type {L.TileLayer[]} */
  let layers = [];

  /** Without regions: their classes would be those of one day, and the legend's of the period. */
  const layersOf = (/** @type {HTMLInputElement} */ { value }, /** @type {string} */ pane) =>
    ["basemap", "control", "incidents", "labels"].map((layer, zIndex) => {
      const query = state.query({ from: value, to: value });
      const url = `/tiles/${layer}/{z}/{x}/{y}{r}.png?${query}`;
      return L.tileLayer(url, { pane, maxZoom: 18, zIndex });
    });

  function paneOf(/** @type {string} */ side) {
    const name = `${PANE}-${side}`;
    const pane = map.getPane(name) ?? map.createPane(name);
    pane.style.zIndex = String(ABOVE_MARKS);
    pane.style.pointerEvents = "none";
    return name;
  }

  function show() {
    for (const layer of layers) layer.remove();
    layers = [];
    if (choices.hidden || !first.value || !last.value) return;
    layers = [...layersOf(first, paneOf("left")), ...layersOf(last, paneOf("right"))];
    for (const layer of layers) layer.addTo(map);
    clip();
  }

  /** Cut the two panes at the divider; a pane's corner moves with the map. */
  function clip() {
    const size = map.getSize();
    const corner = map.containerPointToLayerPoint([0, 0]);
    const end = map.containerPointToLayerPoint(size);
    const cut = corner.x + (size.x * Number(divider.value)) / 100;
    for (const [side, from, to] of /** @type {[string, number, number][]} */ ([
      ["left", corner.x, cut],
      ["right", cut, end.x],
    ])) {
      const pane = map.getPane(`${PANE}-${side}`);
      if (pane) pane.style.clip = `rect(${corner.y}px,${to}px,${end.y}px,${from}px)`;
    }
  }

  function start() {
    choices.hidden = false;
    button.setAttribute("aria-pressed", "true");
    map.on("move zoom resize", clip);
    show();
  }

  function stop() {
    choices.hidden = true;
    button.setAttribute("aria-pressed", "false");
    map.off("move zoom resize", clip);
    show();
  }

  return button;
}
