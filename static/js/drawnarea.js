/* The edge of a drawn area: it shows what the View is narrowed to. */
/** @import { Legend, MapContext } from "./types.js" */
import { el } from "./dom.js";
import { areaSwatch } from "./patterns.js";

/** A side is straight in degrees and bends on the map: it is drawn by parts of so many degrees. */
const STEP = 0.1;

/** @type {{ line: L.Polygon, row: HTMLElement } | null} */
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

/**
 * Draw the edge of the View's area, if it has one, with a line in the legend.
 * @param {MapContext} context
 * @param {Legend} legend
 */
export function showArea(context, legend) {
  const { map, state, words } = context;
  area?.line.remove();
  area?.row.remove();
  area = null;
  const numbers = state.list("within").map(Number);
  if (!numbers.length) return;
  const corners = numbers.flatMap((lng, i) => (i % 2 ? [] : [L.latLng(numbers[i + 1], lng)]));
  const line = L.polygon(alongSides(corners, true), edgeOf(context)).addTo(map);
  const swatch = areaSwatch("none", "currentColor");
  const row = el("ul", {}, el("li", {}, swatch, el("span", { text: words.drawn_area })));
  legend.add(row);
  area = { line, row };
}
