/* The pixels that a mark of a shape covers. */
/** @import { Outline } from "./types.js" */
import { penOf } from "./dom.js";

/**
 * The pixels around its middle that a shape covers: those of its ring, and those inside it.
 * @param {Outline} outline
 * @param {number} radius
 * @param {number} ring
 */
export function footprint(outline, radius, ring) {
  const pen = penOf(document.createElement("canvas"));
  const path = new Path2D();
  for (const [x, y] of outline) path.lineTo(x * radius, y * radius);
  path.closePath();
  pen.lineJoin = "round"; // what is nearer to an edge than the ring is wide
  pen.lineWidth = 2 * ring;
  const reach = Math.ceil(radius * Math.max(...outline.flat().map(Math.abs)));
  /** @type {[number, number][]} */
  const edge = [];
  /** @type {[number, number][]} */
  const inner = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      if (!pen.isPointInPath(path, dx, dy)) continue;
      (pen.isPointInStroke(path, dx, dy) ? edge : inner).push([dx, dy]);
    }
  }
  return { reach, edge, inner };
}
