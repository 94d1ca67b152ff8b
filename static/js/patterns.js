/* Hatches as SVG patterns, the same that tiles draw (app/render/painter.py), and the legend's
   swatches. */
/** @import { Outline, Rgb } from "./types.js" */
const SVG = "http://www.w3.org/2000/svg";
/** @type {Record<string, string>} */
const PATHS = {
  rising: "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
  falling: "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
  cross: "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4 M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
  level: "M0,4 h8",
  wide: "M-4,4 l8,-8 M0,16 l16,-16 M12,20 l8,-8",
  dots: "M3,4 h2.4",
  stipple: "M0,0 h1.4 M4,4 h1.4",
};
/** @type {Record<string, number>} */
const STROKES = { dots: 2.4, stipple: 1.4 };
/** Addresses of the patterns by kind and colour. @type {Map<string, string>} */
const urls = new Map();
/** @type {SVGElement | undefined} */
let holder;

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @param {Element} [parent]
 */
export function svg(tag, attributes, parent) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  parent?.append(node);
  return /** @type {SVGElementTagNameMap[Tag]} */ (node);
}

/**
 * The fill that hatches a shape; its pattern is made once for a kind and colour.
 * @param {string} kind
 * @param {string} colour
 */
export function patternUrl(kind, colour) {
  const key = kind + colour;
  let url = urls.get(key);
  if (!url) {
    const hidden = { class: "patterns", "aria-hidden": "true", width: 0, height: 0 };
    holder ??= svg("svg", hidden, document.body);
    const size = kind === "wide" ? 16 : 8;
    const id = `hatch-${urls.size}`;
    const box = { id, width: size, height: size, patternUnits: "userSpaceOnUse" };
    const pattern = svg("pattern", box, svg("defs", {}, holder));
    const width = STROKES[kind] ?? 1.3;
    svg("path", { d: PATHS[kind], stroke: colour, "stroke-width": width, fill: "none" }, pattern);
    url = `url(#${id})`;
    urls.set(key, url);
  }
  return url;
}

const swatchBox = (height = 16) =>
  svg("svg", { class: "swatch", width: 26, height, "aria-hidden": "true" });
const FRAME = { x: 0.5, y: 0.5, width: 25, height: 15 };

/**
 * An area as the map fills it.
 * @param {string} fill
 * @param {string} stroke
 * @param {number} [opacity]
 */
export function areaSwatch(fill, stroke, opacity = 1) {
  const box = swatchBox();
  svg("rect", { ...FRAME, fill, "fill-opacity": opacity, stroke }, box);
  return box;
}

/**
 * A mark in its shape; soft where its place is known to a settlement.
 * @param {string} colour
 * @param {Outline} outline
 * @param {string} ring
 * @param {number} radius
 * @param {boolean} [isSoft]
 */
export function dotSwatch(colour, outline, ring, radius, isSoft = false) {
  const high = Math.max(16, Math.ceil(2 * radius) + 2);
  const middle = high / 2;
  const box = swatchBox(high);
  if (isSoft) svg("circle", { cx: 13, cy: 8, r: 8, fill: colour, "fill-opacity": 0.25 }, box);
  const points = outline.map(([x, y]) => `${13 + x * radius},${middle + y * radius}`).join(" ");
  svg("polygon", { points, fill: colour, stroke: ring }, box);
  return box;
}

/**
 * The colours of a scale, from least to most.
 * @param {Rgb[]} stops
 * @param {string} stroke
 */
export function rampSwatch(stops, stroke) {
  const box = swatchBox();
  const width = FRAME.width / stops.length;
  stops.forEach((stop, i) =>
    svg("rect", { ...FRAME, x: 0.5 + i * width, width, fill: `rgb(${stop.join()})` }, box),
  );
  svg("rect", { ...FRAME, fill: "none", stroke }, box);
  return box;
}

/**
 * @param {string} colour
 * @param {string} casing
 * @param {string} [dashes]
 * @param {number} [factor] of its width
 */
export function lineSwatch(colour, casing, dashes = "", factor = 1) {
  const box = swatchBox();
  const line = { d: "M1,11 C8,2 16,14 25,5", fill: "none" };
  svg("path", { ...line, stroke: casing, "stroke-width": 6 * factor }, box);
  svg(
    "path",
    { ...line, stroke: colour, "stroke-width": 3 * factor, "stroke-dasharray": dashes },
    box,
  );
  return box;
}
