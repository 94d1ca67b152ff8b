/* Places with several marks: a number beside each says how many lie there. */
/** @import { CanvasFrame, MarkColumns, VisibleMarks } from "./types.js" */
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

/**
 * The radius of a mark in canvas px, the colours of a plate, and how a number is written.
 * @typedef {{ radius: number, ink: string, paper: string, write: (n: number) => string }} SpotLook
 */

/** @typedef {{ wide: number, high: number, pixels: Uint32Array }} Plate */

/** Numbers that are drawn already, each with the resolution. @type {Map<string, Plate>} */
const plates = new Map();

/**
 * A number on a dark plate.
 * @param {number} n
 * @param {number} ratio canvas px per CSS px
 * @param {SpotLook} look
 * @returns {Plate}
 */
function plateOf(n, ratio, { ink, paper, write }) {
  const key = `${n}/${ratio}`;
  const ready = plates.get(key);
  if (ready) return ready;
  const text = write(n);
  const canvas = document.createElement("canvas");
  const pen = penOf(canvas);
  const font = `600 ${FONT_PX * ratio}px system-ui, sans-serif`;
  pen.font = font;
  const high = Math.round(HIGH_PX * ratio);
  const wide = Math.ceil(Math.max(high, pen.measureText(text).width + 8 * ratio));
  canvas.height = high;
  canvas.width = wide; // a canvas of another size forgets its font
  const edge = ratio / 2;
  pen.beginPath();
  pen.roundRect(edge, edge, wide - ratio, high - ratio, high / 2);
  pen.fillStyle = ink;
  pen.fill();
  pen.lineWidth = ratio;
  pen.strokeStyle = pen.fillStyle = paper;
  pen.stroke();
  pen.font = font;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, wide / 2, high / 2 + edge);
  const pixels = new Uint32Array(pen.getImageData(0, 0, wide, high).data.buffer);
  plates.set(key, { wide, high, pixels });
  return { wide, high, pixels };
}

/**
 * Write the number of each spot beside it. One that lies on a higher one is left out.
 * @param {Uint32Array} pixels of the canvas
 * @param {Spot[]} spots
 * @param {{ xs: Int32Array, ys: Int32Array }} places in canvas px
 * @param {CanvasFrame} frame
 * @param {SpotLook} look
 */
export function drawSpots(pixels, spots, { xs, ys }, frame, look) {
  /** @type {[x: number, y: number, wide: number][]} */
  const boxes = [];
  for (const { at, n } of spots.slice(0, MOST)) {
    const { wide, high, pixels: own } = plateOf(n, frame.ratio, look);
    // A town's name stands to the right of its mark.
    const x = Math.round(xs[at] - look.radius * 0.5 - wide);
    const y = Math.round(ys[at] - look.radius * 0.5 - high);
    if (y < 0 || x < 0) continue; // on the margin of the canvas
    const isCovered = boxes.some(
      (box) => x < box[0] + box[2] && box[0] < x + wide && Math.abs(y - box[1]) < high,
    );
    boxes.push([x, y, wide]); // also without its number, as on tiles
    if (isCovered) continue;
    for (let i = 0; i < own.length; i++)
      if (own[i]) pixels[(y + Math.floor(i / wide)) * frame.width + x + (i % wide)] = own[i];
  }
}
