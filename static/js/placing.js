/* Where names and numbers may stand on the map. */
/** @import { CanvasFrame } from "./types.js" */
import { WORLD } from "./canvaslayer.js";
import { boxAt } from "./room.js";

/** Ranks of places: capitals are bold, parts of a town have no dot. */
export const CAPITAL = 0;
export const QUARTER = 9;
export const LINE_PX = 9.5;
const BESIDE_PX = 7;
const ABOVE_PX = 14;
const ASLANT_PX = 11;
/** Further steps for the name of a capital, also of a region: marks crowd around these. */
const FAR_PX = [10, 20];
const REGIONAL_CAPITAL = 1;

/** Steps from the middle of a region to places for its number, in widths and heights of it. */
export const STEPS = [[0, 0]].concat(
  [0.6, 1.1, 1.7, 2.4].flatMap((ring) =>
    [
      [0, -1],
      [0, 1],
      [1, 0],
      [-1, 0],
      [1, -1],
      [-1, 1],
      [1, 1],
      [-1, -1],
    ].map(([across, down]) => [across * ring, down * ring]),
  ),
);

/**
 * Where a place falls, in CSS px of the canvas.
 * @param {number} lon
 * @param {number} lat
 * @param {CanvasFrame} frame
 */
export function pointOf(lon, lat, { scale, x, y, ratio }) {
  const angle = Math.sin((lat * Math.PI) / 180);
  const px = (lon / 360 + 0.5) * WORLD * scale - x;
  const py = (0.5 - Math.atanh(angle) / (2 * Math.PI)) * WORLD * scale - y;
  return { x: px / ratio, y: py / ratio };
}

/**
 * @param {{ x: number, y: number }} at
 * @param {CanvasFrame} frame
 */
export const isNear = ({ x, y }, { width, height, ratio }) =>
  x > 0 && y > 0 && x < width / ratio && y < height / ratio;

/** Where a name may stand around its dot: the middles, as steps in px, to the right first. */
export function offsets(/** @type {number} */ wide, /** @type {number} */ rank) {
  if (rank === QUARTER) return [[0, 0]];
  return [0, ...(rank <= REGIONAL_CAPITAL ? FAR_PX : [])].flatMap((far) => {
    const aside = wide / 2 + BESIDE_PX + far;
    const above = ABOVE_PX + far;
    const corners = [1, -1].flatMap((sign) => [
      [sign * aside, -ASLANT_PX - far],
      [sign * aside, ASLANT_PX + far],
    ]);
    return [[aside, 0], [-aside, 0], [0, -above], [0, above], ...corners];
  });
}

/**
 * Cover a slanted text with upright squares.
 * @param {number} x
 * @param {number} y
 * @param {number} angle in degrees
 * @param {number} wide
 */
export function squaresAlong(x, y, angle, wide) {
  const turn = (angle * Math.PI) / 180;
  const count = Math.max(Math.floor(wide / LINE_PX), 2);
  const side = 1.5 * LINE_PX;
  return Array.from({ length: count }, (_, i) => {
    const step = (wide - side) * (i / (count - 1) - 0.5);
    return boxAt(x + step * Math.cos(turn), y + step * Math.sin(turn), side, side);
  });
}
