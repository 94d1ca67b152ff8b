/* The button of the map's tools, whose script comes at its first use. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";
import { svg } from "./patterns.js";

function icon() {
  const box = { width: 22, height: 22, viewBox: "0 0 22 22", "aria-hidden": "true" };
  const picture = svg("svg", box);
  const d = "M3 6h16 M3 11h16 M3 16h16 M7 4v4 M14 9v4 M9 14v4";
  svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.6 }, picture);
  return picture;
}

/** @param {MapContext} context */
export function makeTools(context) {
  /** @type {Promise<() => void> | null} */
  let opening = null;
  const onclick = () => {
    opening ??= import("./toolbox.js").then(({ makeToolbox }) => makeToolbox(context, button));
    opening.then((toggle) => toggle()).catch(context.fail);
  };
  const text = context.words.tools;
  const labels = { "aria-label": text, title: text, "aria-expanded": "false" };
  const button = el("button", { type: "button", class: "ruler", ...labels, onclick }, icon());
  const holder = new L.Control({ position: "topleft" });
  holder.onAdd = () => {
    const box = el("div", { class: "leaflet-bar ruler-box" }, button);
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  return holder;
}
