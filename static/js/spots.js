/* Places with several marks: a number beside each says how many lie there. */
/** @import { MarkColumns, VisibleMarks } from "./types.js" */

const FONT_PX = 10;
const HIGH_PX = 14;
/** More numbers than these would cover the map: those of the fullest places are drawn. */
const MOST = 400;

/** @typedef {{ at: number, n: number }} Spot the first mark of a place, and how many lie there */

/**
 * The places with more than one mark, the fullest first.
 * @template {MarkColumns} Columns
 * @param {VisibleMarks<Columns>} marks
 */
export function spotsOf({ count, rows, spans }) {
  const bits = Math.ceil(Math.log2(2 * count + 2));
  const last = 2 ** bits - 1;
  const slots = new Int32Array(last + 1).fill(-1); // the first mark of each place, by its hash
  const counts = new Uint32Array(count);
  const xs = new Uint32Array(count);
  const ys = new Uint32Array(count);
  for (const [{ x, y }, from, to] of spans) {
    for (let i = from; i < to; i++) {
      xs[i] = x[rows[i]];
      ys[i] = y[rows[i]];
      const hash = Math.imul(Math.imul(xs[i], 0x9e3779b1) ^ ys[i], 0x85ebca6b);
      let slot = (hash >>> 7) & last;
      while (slots[slot] >= 0) {
        const first = slots[slot];
        if (xs[first] === xs[i] && ys[first] === ys[i]) break;
        slot = (slot + 1) & last;
      }
      if (slots[slot] < 0) slots[slot] = i;
      counts[slots[slot]]++;
    }
  }
  /** @type {Spot[]} */
  const spots = [];
  counts.forEach((n, at) => n > 1 && spots.push({ at, n }));
  return spots.sort((a, b) => b.n - a.n);
}

/**
 * Write the number of each spot beside it. Where two would lie on each other, the higher one stays.
 * @param {CanvasRenderingContext2D} pen
 * @param {Spot[]} spots
 * @param {{ xs: Int32Array, ys: Int32Array }} places in canvas px
 * @param {object} look
 * @param {number} look.ratio canvas px per CSS px
 * @param {number} look.radius the radius of a mark
 * @param {string} look.colour
 * @param {(n: number) => string} look.write
 */
export function drawSpots(pen, spots, { xs, ys }, { ratio, radius, colour, write }) {
  /** @type {[x: number, y: number, wide: number][]} */
  const boxes = [];
  const high = HIGH_PX * ratio;
  pen.font = `600 ${FONT_PX * ratio}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const { at, n } of spots.slice(0, MOST)) {
    const text = write(n);
    const wide = Math.max(high, pen.measureText(text).width + 8 * ratio);
    const x = xs[at] + radius * 0.5;
    const y = ys[at] - radius * 0.5 - high;
    const isCovered = boxes.some(
      (box) => x < box[0] + box[2] && box[0] < x + wide && Math.abs(y - box[1]) < high,
    );
    if (isCovered) continue;
    boxes.push([x, y, wide]);
    pen.beginPath();
    pen.roundRect(x, y, wide, high, high / 2);
    pen.fillStyle = colour;
    pen.fill();
    pen.lineWidth = ratio;
    pen.strokeStyle = "#ffffff";
    pen.stroke();
    pen.fillStyle = "#ffffff";
    pen.fillText(text, x + wide / 2, y + high / 2 + 0.5 * ratio);
  }
}
