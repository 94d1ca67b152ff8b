/* Marks written straight into canvas pixels: as dots, or as a density where they are many.
   No WebGL, no worker and no tile server, up to about a million marks. */
/** @import { CanvasFrame, IncidentOptions, MarkColumns, MarkFeature } from "./types.js" */
/** @import { PageSpec, MarkScene, VisibleMarks } from "./types.js" */
import { CanvasLayer, WORLD } from "./canvaslayer.js";
import { penOf } from "./dom.js";
import { number as numberText } from "./format.js";
import { MarkLooks, UNKNOWN, pixelOf, pixelOfHex } from "./looks.js";
import { spotsOf } from "./spots.js";

const SETTLEMENT = 2;
const DISC_LIMIT = 4000;
const UNKNOWN_ERROR_M = 5000;

const rgbOf = (/** @type {number[]} */ parts) => /** @type {[number, number, number]} */ (parts);

/** @template {MarkColumns} Columns */
export class MarkLayer extends CanvasLayer {
  /**
   * @param {IncidentOptions} look
   * @param {PageSpec} spec
   */
  constructor(look, spec) {
    super("incidents");
    this.look = look;
    this.looks = new MarkLooks(look, spec);
    this.language = spec.view.lang;
    this.ring = pixelOfHex(look.ring);
    /** @type {Columns[]} */
    this.months = [];
    this.loaded = false;
    this.visibleCount = 0;
    /** What names and numbers keep clear of; null for a density. @type {MarkScene | null} */
    this.scene = null;
    this.drawMs = 0;
    this.isDense = false;
    this.most = 1;
    this.back = document.createElement("canvas");
    this.image = new ImageData(1, 1);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.scratch = { xs: new Int32Array(0), ys: new Int32Array(0), rows: new Uint32Array(0) };
  }

  /**
   * The rows of some columns that are to be drawn.
   * @param {Columns} _columns
   * @returns {Uint32Array}
   */
  matching(_columns) {
    return new Uint32Array(0);
  }

  /**
   * @param {number} _number
   * @returns {MarkFeature | null}
   */
  facts(_number) {
    return null;
  }

  /** Colour the marks that come next by something else: the server sends their classes. */
  setColour(/** @type {string} */ by) {
    this.looks.colourBy = by;
    for (const month of this.months) month.classes = null;
  }

  setSize(/** @type {string} */ by) {
    if (this.looks.sizeBy === by) return;
    this.looks.sizeBy = by;
    for (const month of this.months) month.steps = null;
    this.soon();
  }

  used() {
    return this.looks.used(this.months);
  }

  /** @override */
  draw() {
    const started = performance.now();
    const frame = this.placed();
    // Switched off, or in a frame without room: ready all the same.
    if (!frame) {
      if (this.loaded) this.fire("drawn");
      return;
    }
    const { pen, ratio, width, height } = frame;
    if (this.image.width !== width || this.image.height !== height) {
      this.back.width = width;
      this.back.height = height;
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    const marks = this.visible(frame);
    const { denseFrom, detailZoom } = this.look;
    this.isDense = marks.hasCells || (marks.count > denseFrom && this.zoom < detailZoom);
    const radius = this.radius() * ratio;
    if (this.isDense) this.drawDensity(marks, frame);
    else {
      this.drawDiscs(marks, frame, pen);
      this.drawDots(marks, frame, radius);
    }
    this.scene = this.isDense ? null : this.sceneOf(marks, radius);
    penOf(this.back).putImageData(this.image, 0, 0);
    pen.drawImage(this.back, 0, 0);
    this.visibleCount = marks.count;
    this.drawMs = performance.now() - started;
    this.fire("drawn");
  }

  /**
   * @param {VisibleMarks<Columns>} marks
   * @param {number} radius
   * @returns {MarkScene}
   */
  sceneOf(marks, radius) {
    const write = (/** @type {number} */ n) => numberText(this.language, n);
    const { look, looks } = this;
    return { marks, spots: spotsOf(marks), radius, look, looks, write };
  }

  /**
   * Where the marks fall, in canvas px.
   * @param {CanvasFrame} frame
   * @returns {VisibleMarks<Columns>}
   */
  visible({ scale, x: originX, y: originY, width, height }) {
    const matching = this.months.map((month) => this.matching(month));
    const most = matching.reduce((sum, rows) => sum + rows.length, 0);
    if (this.scratch.xs.length < most) {
      const [xs, ys] = [new Int32Array(most), new Int32Array(most)];
      this.scratch = { xs, ys, rows: new Uint32Array(most) };
    }
    const { xs, ys, rows } = this.scratch;
    /** @type {[Columns, number, number][]} */
    const spans = [];
    let count = 0;
    this.months.forEach((month, at) => {
      const { x, y } = month;
      const from = count;
      for (const row of matching[at]) {
        const px = (x[row] * scale - originX) | 0;
        const py = (y[row] * scale - originY) | 0;
        if (px < 0 || py < 0 || px >= width || py >= height) continue;
        xs[count] = px;
        ys[count] = py;
        rows[count++] = row;
      }
      spans.push([month, from, count]);
    });
    const hasCells = spans.some(([month, from, to]) => month.n && to > from);
    return { count, xs, ys, rows, spans, hasCells };
  }

  /** The usual radius of a mark. */
  radius() {
    return this.zoom < 7 ? 3.4 : this.zoom < 10 ? 4 : 5;
  }

  /**
   * @param {VisibleMarks<Columns>} marks
   * @param {CanvasFrame} frame
   * @param {CanvasRenderingContext2D} pen
   */
  drawDiscs({ xs, ys, rows, spans }, { ratio }, pen) {
    const [least, most] = this.look.settlementPx;
    const equator = 156543.03 / 2 ** this.zoom;
    const metresPerPx = equator * Math.cos((this._map.getCenter().lat * Math.PI) / 180);
    const spots = new Set();
    pen.globalAlpha = 0.2;
    for (const [columns, from, to] of spans) {
      const { error_m: errors, precision } = columns;
      const { codes } = this.looks.classesOf(columns);
      for (let i = from; i < to; i++) {
        const row = rows[i];
        if (precision[row] !== SETTLEMENT || spots.size >= DISC_LIMIT) continue;
        // The reports of a town share its middle: a disc for each would be opaque.
        const spot = `${xs[i]},${ys[i]}`;
        if (spots.has(spot)) continue;
        spots.add(spot);
        const errorM = errors[row] === UNKNOWN ? UNKNOWN_ERROR_M : errors[row];
        const radius = Math.max(least, Math.min(most, errorM / metresPerPx));
        drawDisc(pen, xs[i], ys[i], radius * ratio, this.looks.classes[codes[row]][2]);
      }
    }
    pen.globalAlpha = 1;
  }

  /**
   * @param {VisibleMarks<Columns>} marks
   * @param {CanvasFrame} frame
   * @param {number} radius
   */
  drawDots({ xs, ys, rows, spans }, frame, radius) {
    const { looks, pixels, ring } = this;
    const { width, height } = frame;
    const colours = looks.classes.map((look) => pixelOfHex(look[2]));
    for (const step of looks.steps) {
      /** @type {ReturnType<MarkLooks["stamp"]>[]} */
      const stamps = [];
      for (const [columns, from, to] of spans) {
        const { codes: classes } = looks.classesOf(columns);
        const { codes: steps } = looks.stepsOf(columns);
        for (let i = from; i < to; i++) {
          const row = rows[i];
          if (steps[row] !== step) continue;
          const x = xs[i];
          const y = ys[i];
          const place = classes[row];
          const { reach, edge, inner } = (stamps[place] ??= looks.stamp(
            place,
            step,
            radius,
            frame,
          ));
          if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
          const middle = y * width + x;
          for (let j = 0; j < edge.length; j++) pixels[middle + edge[j]] = ring;
          for (let j = 0; j < inner.length; j++) pixels[middle + inner[j]] = colours[place];
        }
      }
    }
  }

  /**
   * Hundreds of thousands of marks, or cells that stand for many, as squares coloured by number.
   * @param {VisibleMarks<Columns>} marks
   * @param {CanvasFrame} frame
   */
  drawDensity({ xs, ys, rows, spans, hasCells }, { width, height, ratio }) {
    const enlarged = hasCells ? 2 ** (this.zoom - Math.round(this.zoom)) : 1;
    const cell = Math.ceil(this.look.densityPx * enlarged * ratio);
    const across = Math.ceil(width / cell);
    const counts = new Uint32Array(across * Math.ceil(height / cell));
    for (const [{ n }, from, to] of spans) {
      for (let i = from; i < to; i++) {
        const at = ((ys[i] / cell) | 0) * across + ((xs[i] / cell) | 0);
        counts[at] += n ? n[rows[i]] : 1;
      }
    }
    this.most = counts.reduce((most, count) => Math.max(most, count), 1);
    const top = Math.log(this.most + 1);
    counts.forEach((count, at) => {
      if (!count) return;
      const colour = this.densityColour(Math.log(count + 1) / top);
      const x = (at % across) * cell;
      const y = Math.floor(at / across) * cell;
      for (let line = y; line < Math.min(y + cell, height); line++)
        this.pixels.fill(colour, line * width + x, line * width + Math.min(x + cell, width));
    });
  }

  /** A colour of the density's ramp, from 0 to 1. */
  densityColour(/** @type {number} */ share) {
    const stops = this.look.density;
    const level = share * (stops.length - 1);
    const low = Math.min(Math.floor(level), stops.length - 2);
    const [from, to] = [stops[low], stops[low + 1]];
    const part = level - low;
    const mixed = from.map((value, i) => Math.round(value + (to[i] - value) * part));
    return pixelOf(...rgbOf(mixed), 220);
  }

  /**
   * Numbers of the incidents under a place; all at the nearest one's spot come together.
   * @param {L.LatLng} place
   * @param {number} radiusPx
   */
  pick(place, radiusPx) {
    const zoom = this._map.getZoom();
    const scale = (256 * 2 ** zoom) / WORLD;
    const at = this._map.project(place, zoom);
    const marks = [];
    for (const month of this.months) {
      if (month.n) continue; // a cell is nobody's record
      for (const row of this.matching(month)) {
        const x = month.x[row];
        const y = month.y[row];
        const far = Math.hypot(x * scale - at.x, y * scale - at.y);
        if (far <= radiusPx) marks.push({ far, number: month.number[row], x, y });
      }
    }
    marks.sort((a, b) => a.far - b.far || b.number - a.number);
    const [first] = marks;
    return marks.filter(({ x, y }) => x === first.x && y === first.y).map(({ number }) => number);
  }

  /** Numbers of the incidents at the place nearest the centre. */
  nearest() {
    const scale = (256 * 2 ** this._map.getZoom()) / WORLD;
    const at = this._map.project(this._map.getCenter()).divideBy(scale);
    let least = Infinity;
    let place = [0, 0];
    /** @type {number[]} */
    let numbers = [];
    for (const month of this.months) {
      if (month.n) continue;
      for (const row of this.matching(month)) {
        const far = (month.x[row] - at.x) ** 2 + (month.y[row] - at.y) ** 2;
        if (far > least) continue;
        const [x, y] = [month.x[row], month.y[row]];
        if (far < least || x !== place[0] || y !== place[1]) numbers = [];
        least = far;
        place = [x, y];
        numbers.push(month.number[row]);
      }
    }
    return numbers;
  }
}

/**
 * A place known to its settlement is a soft disc, not only a point.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} colour
 */
function drawDisc(pen, x, y, radius, colour) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
