/* Hatches as SVG patterns, one per kind and colour, the same that tiles draw (app/render/painter.py). */
const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  rising: "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
  falling: "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
  cross: "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4 M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
  level: "M0,4 h8",
  wide: "M-4,4 l8,-8 M0,16 l16,-16 M12,20 l8,-8",
  dots: "M3,4 h2.4",
  stipple: "M0,0 h1.4 M4,4 h1.4",
};
const made = new Map();
let holder = null;

function svg(tag, attributes, parent) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent?.append(node);
  return node;
}

export function patternUrl(kind, colour) {
  const key = kind + colour;
  if (!made.has(key)) {
    holder ??= svg("svg", { class: "patterns", "aria-hidden": "true", width: 0, height: 0 }, document.body);
    const size = kind === "wide" ? 16 : 8, id = `hatch-${made.size}`;
    const pattern = svg("pattern", { id, width: size, height: size, patternUnits: "userSpaceOnUse" }, svg("defs", {}, holder));
    svg("path", { d: PATHS[kind], stroke: colour, "stroke-width": kind === "dots" ? 2.4 : kind === "stipple" ? 1.4 : 1.3, fill: "none" }, pattern);
    made.set(key, `url(#${id})`);
  }
  return made.get(key);
}

/* A swatch for the legend: the very pattern that the map is filled with. */
export function swatch(fill, { opacity = 1, stroke }) {
  const box = svg("svg", { class: "swatch", width: 26, height: 16, "aria-hidden": "true" });
  svg("rect", { x: 0.5, y: 0.5, width: 25, height: 15, fill, "fill-opacity": opacity, stroke }, box);
  return box;
}

/* A mark in its shape, an outline around 0, 0. */
export function dotSwatch(colour, points, ring, soft = false) {
  const box = svg("svg", { class: "swatch", width: 26, height: 16, "aria-hidden": "true" }), radius = soft ? 3.5 : 4.4;
  if (soft) svg("circle", { cx: 13, cy: 8, r: 8, fill: colour, "fill-opacity": 0.25 }, box);
  svg("polygon", { points: points.map(([x, y]) => `${13 + x * radius},${8 + y * radius}`).join(" "), fill: colour, stroke: ring }, box);
  return box;
}

/* The colours of a scale, from least to most. */
export function rampSwatch(stops, stroke) {
  const box = svg("svg", { class: "swatch", width: 26, height: 16, "aria-hidden": "true" }), wide = 25 / stops.length;
  stops.forEach((stop, i) => svg("rect", { x: 0.5 + i * wide, y: 0.5, width: wide, height: 15, fill: `rgb(${stop})` }, box));
  svg("rect", { x: 0.5, y: 0.5, width: 25, height: 15, fill: "none", stroke }, box);
  return box;
}

export function lineSwatch(colour, casing, dashes) {
  const box = svg("svg", { class: "swatch", width: 26, height: 16, "aria-hidden": "true" });
  for (const [stroke, width, dash] of [[casing, 6, ""], [colour, 3, dashes ?? ""]]) svg("path", { d: "M1,11 C8,2 16,14 25,5", fill: "none", stroke, "stroke-width": width, "stroke-dasharray": dash }, box);
  return box;
}
