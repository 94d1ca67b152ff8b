/* What is free on the map for names and numbers: nothing stands on a mark or on another. */
/** @import { TextBox } from "./types.js" */

/** The room is known to so many px, as on tiles and figures (app/render/room.py). */
const CELL_PX = 2;

/** @param {TextBox} a @param {TextBox} b */
const touch = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];

/** Tell whether a box touches one of some. @param {TextBox} box @param {TextBox[]} others */
export const touches = (box, others) => others.some((other) => touch(box, other));

/** A box around its middle. */
export const boxAt = (
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {number} */ wide,
  /** @type {number} */ high,
) => /** @type {TextBox} */ ([x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]);

export class Room {
  /**
   * @param {number} width in px
   * @param {number} height
   */
  constructor(width, height) {
    this.across = Math.ceil(width / CELL_PX);
    this.down = Math.ceil(height / CELL_PX);
    this.cells = new Uint8Array(this.across * this.down);
  }

  /** The cells of a box. @param {TextBox} box */
  cellsOf(box) {
    const [x0, y0, x1, y1] = box.map((side) => Math.max(Math.round(side / CELL_PX), 0));
    return [x0, y0, Math.min(x1, this.across), Math.min(y1, this.down)];
  }

  /** Take the square of a mark. @param {number} x @param {number} y @param {number} half */
  take(x, y, half) {
    const [x0, y0, x1, y1] = this.cellsOf([x - half, y - half, x + half, y + half]);
    for (let row = y0; row < y1; row++)
      this.cells.fill(1, row * this.across + x0, row * this.across + Math.max(x0, x1));
  }

  /** How many cells under a box marks take. @param {TextBox} box */
  covered(box) {
    const [x0, y0, x1, y1] = this.cellsOf(box);
    let count = 0;
    for (let row = y0; row < y1; row++) {
      for (let at = row * this.across + x0; at < row * this.across + x1; at++)
        count += this.cells[at];
    }
    return count;
  }
}
