/* Places with several marks: a number at each says how many lie there. */
/** @import { MarkColumns, MarkScene, TextBox, VisibleMarks } from "./types.js" */
/** @import { Room } from "./room.js" */
import { boxAt, touches } from "./room.js";

const FONT = "600 10px system-ui, sans-serif";
const HIGH_PX = 14;
const DOT_PX = 10;
/** The distance of a number from its mark's middle, as a share of the radius on each axis. */
const CLEAR = 0.8;
/** The corners of a mark where its number may stand, the usual first: names stand to the right. */
const CORNERS = [
  [-1, -1],
  [1, -1],
  [-1, 1],
  [1, 1],
];
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

/** @typedef {{ text: string, x: number, y: number, plate: TextBox }} Numbered */
/** @typedef {{ text: string, box: TextBox }} Badge a number at a mark, or a dark dot without one */

/**
 * The fullest places, each with its number and the box on the mark itself, which names leave free.
 * @param {CanvasRenderingContext2D} pen
 * @param {MarkScene} scene
 * @param {number} ratio
 * @returns {Numbered[]}
 */
export function platesOf(pen, { marks, spots, write }, ratio) {
  pen.font = FONT;
  return spots.slice(0, MOST).map(({ at, n }) => {
    const text = write(n);
    const [x, y] = [marks.xs[at] / ratio, marks.ys[at] / ratio];
    const wide = Math.max(HIGH_PX, pen.measureText(text).width + 8);
    return { text, x, y, plate: boxAt(x, y, wide, HIGH_PX) };
  });
}

/**
 * Place the number of each spot, the fullest first: at a free corner of its mark, else on the mark.
 * Where it could touch the number of a fuller place, a dark dot says that there are several.
 * @param {Numbered[]} spots
 * @param {number} radius of a mark
 * @param {Room} room
 * @param {TextBox[]} names
 * @returns {Badge[]}
 */
export function placeBadges(spots, radius, room, names) {
  const step = radius * CLEAR;
  /** @type {TextBox[]} */
  const full = [];
  return spots.map(({ text, x, y, plate }) => {
    const [wide, high] = [plate[2] - plate[0], plate[3] - plate[1]];
    const corner = CORNERS.map(([dx, dy]) =>
      boxAt(x + dx * (step + wide / 2), y + dy * (step + high / 2), wide, high),
    ).find((box) => !room.covered(box) && !touches(box, names));
    const options = corner ? [corner, plate] : [plate];
    const place = options.find((box) => !touches(box, full));
    full.push(...options); // also where it does not stand, as on tiles
    return place ? { text, box: place } : { text: "", box: boxAt(x, y, DOT_PX, DOT_PX) };
  });
}

/**
 * Draw numbers on dark plates with a light edge; dots lie below them.
 * @param {CanvasRenderingContext2D} pen
 * @param {Badge[]} badges
 * @param {{ ring: string, paper: string }} colours
 */
export function drawBadges(pen, badges, { ring, paper }) {
  const dots = badges.filter(({ text }) => !text);
  const numbers = badges.filter(({ text }) => text);
  pen.font = FONT;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 1;
  for (const { text, box } of [...dots, ...numbers]) {
    const [x0, y0, x1, y1] = box;
    pen.beginPath();
    pen.roundRect(x0 + 0.5, y0 + 0.5, x1 - x0 - 1, y1 - y0 - 1, (y1 - y0) / 2);
    pen.fillStyle = ring;
    pen.fill();
    pen.fillStyle = pen.strokeStyle = paper;
    pen.stroke();
    pen.fillText(text, (x0 + x1) / 2, (y0 + y1) / 2 + 0.5);
  }
}
