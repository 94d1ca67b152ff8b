/* The edge of a drawn area and a veil around it: they show what the View is narrowed to. */
/** @import { Legend, MapContext } from "./types.js" */
import { el } from "./dom.js";
import { areaSwatch } from "./patterns.js";

/** A side is straight in degrees and bends on the map: it is drawn by parts of so many degrees. */
const STEP = 0.1;

/** Below marks, above the ground. */
const VEIL_HEIGHT = "400";
/** All that a map can show: the area is a hole in it. @type {L.LatLngTuple[]} */
const EVERYWHERE = [
  [90, -540],
  [90, 540],
  [-90, 540],
  [-90, -540],
];

/** @type {{ shapes: L.LayerGroup, row: HTMLElement } | null} */
let area = null;

/** The look of an edge, in the pane of what the reader points at. */
export const edgeOf = (/** @type {MapContext} */ { renderer }) => ({
  pane: "spot",
  renderer: renderer("spot"),
  className: "pencil",
  weight: 1.5,
  fill: false,
  interactive: false,
});

/**
 * The places along the sides between corners.
 * @param {L.LatLng[]} corners
 * @param {boolean} isClosed whether a side leads from the last corner to the first
 */
export function alongSides(corners, isClosed) {
  const ends = isClosed ? [...corners, ...corners.slice(0, 1)] : corners;
  return ends.flatMap((end, i) => {
    const from = ends[i - 1] ?? end;
    const [x, y] = [end.lng - from.lng, end.lat - from.lat];
    const parts = Math.max(1, Math.ceil(Math.hypot(x, y) / STEP));
    return Array.from({ length: parts }, (_, n) => {
      const share = (n + 1) / parts;
      return L.latLng(from.lat + y * share, from.lng + x * share);
    });
  });
}

/** The corners of the View's area; none where it has no area. */
export function cornersOf(/** @type {MapContext} */ { state }) {
  const numbers = state.list("within").map(Number);
  return numbers.flatMap((lng, i) => (i % 2 ? [] : [L.latLng(numbers[i + 1], lng)]));
}

/** Lay a veil over all that lies outside of the edge. */
function veil(/** @type {MapContext} */ { map, renderer }, /** @type {L.LatLng[]} */ edge) {
  const pane = map.getPane("veil") ?? map.createPane("veil");
  pane.style.zIndex = VEIL_HEIGHT;
  pane.style.pointerEvents = "none";
  const look = { pane: "veil", renderer: renderer("veil"), className: "veil", interactive: false };
  return L.polygon([EVERYWHERE, edge], { ...look, stroke: false, noClip: true });
}

/**
 * Draw the edge of the View's area, if it has one, with a line in the legend.
 * @param {MapContext} context
 * @param {Legend} legend
 */
export function showArea(context, legend) {
  const { map, words } = context;
  area?.shapes.remove();
  area?.row.remove();
  area = null;
  const corners = cornersOf(context);
  if (!corners.length) return;
  const edge = alongSides(corners, true);
  const shapes = L.layerGroup([veil(context, edge), L.polygon(edge, edgeOf(context))]).addTo(map);
  const swatch = areaSwatch("none", "currentColor");
  const row = el("ul", {}, el("li", {}, swatch, el("span", { text: words.drawn_area })));
  legend.add(row);
  area = { shapes, row };
}

/** Take the View's area off the map while its corners are changed, or show it again. */
export function hideArea(/** @type {L.Map} */ map, /** @type {boolean} */ isHidden) {
  if (isHidden) area?.shapes.remove();
  else area?.shapes.addTo(map);
}
