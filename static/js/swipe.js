/* Two days, or two sources, side by side under a divider that a reader moves: pictures of the
   server. */
/** @import { MapContext } from "./types.js" */
import { el, mapBox } from "./dom.js";
import { dayText, fill } from "./format.js";

const PANE = "swipe";
const ABOVE_MARKS = 480;

/**
 * The tool that compares: a button, and what it opens.
 * @param {MapContext} context
 * @param {() => void} clear take away what lies on the map
 */
export function makeSwipe({ map, state, words, spec, language, controlDays }, clear) {
  const first = makeSide("from", words.swipe_left, words.swipe_source_left);
  const last = makeSide("to", words.swipe_right, words.swipe_source_right);
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
  const bar = { class: "swipe", hidden: true };
  const choices = el("div", bar, first.node, divider, last.node, close);
  L.DomEvent.disableClickPropagation(choices);
  mapBox().append(choices);
  const line = el("div", { class: "swipe-line" });
  const button = el("button", {
    type: "button",
    class: "step",
    "aria-pressed": "false",
    text: words.tool_swipe,
    onclick: () => (choices.hidden ? start() : stop()),
  });
  /** @type {L.TileLayer[]} */
  let layers = [];

  /** @typedef {ReturnType<typeof makeSide>} Side */

  /**
   * The day and the source of one side; who has only one source has no choice of it.
   * @param {string} name
   * @param {string} dayLabel
   * @param {string} sourceLabel
   */
  function makeSide(name, dayLabel, sourceLabel) {
    const date = { type: "date", "aria-label": dayLabel, value: state.get(name), onchange: show };
    const day = el("input", date);
    const control = state.get("control");
    const options = spec.controls.map(({ slug, name: text }) =>
      el("option", { value: slug, text, selected: slug === control }),
    );
    const source =
      options.length > 1
        ? el("select", { "aria-label": sourceLabel, onchange: show }, ...options)
        : null;
    const about = el("span", { class: "note" });
    const slugOf = () => source?.value ?? control;
    return { day, slugOf, about, node: el("div", { class: "swipe-side" }, day, source, about) };
  }

  /** Say whose control a side shows, and of which day. */
  function describe(/** @type {Side} */ { day, slugOf, about }) {
    const source = spec.controls.find(({ slug }) => slug === slugOf());
    if (!source) return;
    const days = controlDays(source.slug).filter((one) => one <= day.value);
    const date = days.length ? dayText(language, days[days.length - 1]) : "";
    const text = date ? words.control_of : words.control_none;
    about.textContent = fill(text, { source: source.name, date });
  }

  /** Without regions: their classes would be those of one day, and the legend's of the period. */
  const layersOf = (/** @type {Side} */ { day, slugOf }, /** @type {string} */ pane) =>
    ["basemap", "control", "incidents", "labels"].map((layer, zIndex) => {
      const query = state.query({ from: day.value, to: day.value, control: slugOf() });
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
    if (choices.hidden || !first.day.value || !last.day.value) return;
    for (const side of [first, last]) describe(side);
    layers = [...layersOf(first, paneOf("left")), ...layersOf(last, paneOf("right"))];
    for (const layer of layers) layer.addTo(map);
    clip();
  }

  /** Cut the two panes at the divider; a pane's corner moves with the map. */
  function clip() {
    line.style.setProperty("left", `${divider.value}%`);
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
    clear();
    choices.hidden = false;
    map.getContainer().append(line);
    divider.focus({ preventScroll: true });
    button.setAttribute("aria-pressed", "true");
    map.on("move zoom resize", clip);
    show();
  }

  function stop() {
    choices.hidden = true;
    line.remove();
    button.setAttribute("aria-pressed", "false");
    map.off("move zoom resize", clip);
    show();
  }

  return button;
}
