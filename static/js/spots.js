/* Places with several marks: a number beside each says how many lie there. */
/** @import { MarkColumns, VisibleMarks } from "./types.js" */
import { penOf } from "./dom.js";

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

/** Numbers that are drawn already: there are few, and drawing one takes long. */
/** @type {Map<string, HTMLCanvasElement>} */
const plates = new Map();

/**
 * A number on a dark plate.
 * @param {string} text
 * @param {number} ratio canvas px per CSS px
 * @param {string} colour
 */
function plateOf(text, ratio, colour) {
  const key = `${text}/${ratio}`;
  const ready = plates.get(key);
  if (ready) return ready;
  const plate = document.createElement("canvas");
  const pen = penOf(plate);
  const font = `600 ${FONT_PX * ratio}px system-ui, sans-serif`;
  const high = HIGH_PX * ratio;
  pen.font = font;
  plate.height = high;
  plate.width = Math.ceil(Math.max(high, pen.measureText(text).width + 8 * ratio));
  const edge = ratio / 2;
  pen.beginPath();
  pen.roundRect(edge, edge, plate.width - ratio, high - ratio, high / 2);
  pen.fillStyle = colour;
  pen.fill();
  pen.lineWidth = ratio;
  pen.strokeStyle = pen.fillStyle = "#ffffff";
  pen.stroke();
  pen.font = font; // a canvas that changes its size forgets it
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, plate.width / 2, high / 2 + edge);
  plates.set(key, plate);
  return plate;
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
  for (const { at, n } of spots.slice(0, MOST)) {
    const plate = plateOf(write(n), ratio, colour);
    const x = Math.round(xs[at] + radius * 0.5);
    const y = Math.round(ys[at] - radius * 0.5 - high);
    const isCovered = boxes.some(
      (box) => x < box[0] + box[2] && box[0] < x + plate.width && Math.abs(y - box[1]) < high,
    );
    if (isCovered) continue;
    boxes.push([x, y, plate.width]);
    pen.drawImage(plate, x, y);
  }
}
