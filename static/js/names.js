/* Names of towns and streets, numbers of regions, and numbers at places with several marks. They
   are placed together: none stands on a mark or on another, and the least important are left out.
   Tiles and figures follow the same rules (app/render/labels.py, app/render/badges.py). */
/** @import { CanvasFrame, LayerContext, MapLayers, NameOptions, NameTile } from "./types.js" */
/** @import { PlacedText, TextBox } from "./types.js" */
import { CanvasLayer } from "./canvaslayer.js";
import { CAPITAL, isNear, LINE_PX, offsets, pointOf, QUARTER } from "./placing.js";
import { squaresAlong, STEPS } from "./placing.js";
import { readJson } from "./request.js";
import { boxAt, Room, touches } from "./room.js";
import { drawBadges, platesOf, placeBadges } from "./spots.js";

const FACE = '"Noto Sans", system-ui, sans-serif';
const NAME_PX = 11;
const NAME_HIGH_PX = 16;
const PAD_PX = 3;
const DOT_PX = 1.5;
/** So much around its dot is a place's own: no other place is named there. */
const OWN_PX = 9;
/** The square of a mark that must stay free, as a share of its radius. */
const CORE = 0.75;
const MOST_TILES = 400;
const DEEPEST = 16;
/** A saved page has the names of these zooms, and those of its streets' box to a deeper one. */
const SAVED_ZOOMS = [4, 7];
export class NameLayer extends CanvasLayer {
  /**
   * @param {NameOptions} look
   * @param {LayerContext} context
   * @param {MapLayers} layers
   */
  constructor(look, context, layers) {
    super("labels");
    this.look = look;
    this.context = context;
    this.layers = layers;
    /** @type {Map<string, Promise<NameTile | null>>} */
    this.cache = new Map();
    /** @type {NameTile} */
    this.names = { places: [], lines: [] };
    this.inSight = "";
    this.turn = 0;
    /** Where names stood before: they stay there while they can. @type {Map<string, number>} */
    this.sides = new Map();
    /** @type {Map<string, number>} */
    this.widths = new Map();
    /** What stands on the map, for tests and curious readers. @type {PlacedText[]} */
    this.texts = [];
  }

  /** @override @param {L.Map} map */
  onAdd(map) {
    const { regions, incidents } = this.layers;
    incidents.on("drawn", this.draw, this);
    incidents.on("remove", this.soon, this);
    regions.on("numbers add remove", this.soon, this);
    return super.onAdd(map);
  }

  /** @override @param {L.Map} map */
  onRemove(map) {
    this.layers.incidents.off("drawn", this.draw, this);
    return super.onRemove(map);
  }

  /** @override */
  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const frame = this.placed();
    if (!frame) return;
    this.read();
    const { pen, ratio, width, height } = frame;
    pen.scale(ratio, ratio);
    const [wide, high] = [width / ratio, height / ratio];
    const { incidents, regions } = this.layers;
    const scene = this._map.hasLayer(incidents) ? incidents.scene : null;
    const room = new Room(wide, high);
    if (scene) takeMarks(room, scene, ratio);
    const spots = scene ? platesOf(pen, scene, ratio) : [];
    const plates = spots.map(({ plate }) => plate);
    const numbers = this._map.hasLayer(regions) ? this.placeNumbers(room, frame, plates) : [];
    const places = this.placePlaces(room, frame, [...numbers, ...plates]);
    const full = [...numbers, ...places.map(({ box }) => box)];
    const radius = scene ? scene.radius / ratio : 0;
    const badges = placeBadges(spots, radius, room, full);
    full.push(...badges.map(({ box }) => box));
    const lines = this.placeLines(room, frame, full);
    this.texts = [...places, ...lines];
    for (const text of this.texts) this.write(pen, text, room);
    if (scene) drawBadges(pen, badges, scene.look);
    pen.setTransform(1, 0, 0, 1, 0, 0);
  }

  /**
   * Place the numbers of regions, each in its region beside the marks if it can.
   * @param {Room} room
   * @param {CanvasFrame} frame
   * @param {TextBox[]} plates
   */
  placeNumbers(room, frame, plates) {
    const { regions } = this.layers;
    const { x0, y0 } = this.edges(frame);
    /** @type {TextBox[]} */
    const boxes = [];
    for (const { at, marker, contains } of regions.numbers()) {
      const middle = this._map.latLngToContainerPoint(at);
      const { wide, high } = regions.sizeOf(marker);
      const options = STEPS.map(([dx, dy], order) => {
        const place = middle.add([dx * wide, dy * high]);
        const box = boxAt(place.x + x0, place.y + y0, wide, high);
        return { place, box, covered: room.covered(box) + Number(touches(box, plates)), order };
      }).filter(({ box }) => !touches(box, boxes));
      const worth = (/** @type {(typeof options)[number]} */ { place, covered, order }) =>
        (covered ? 2e6 : 0) + (contains(place) ? 0 : 1e6) + covered * 100 + order;
      options.sort((a, b) => worth(a) - worth(b));
      const place = options[0]?.place ?? middle;
      boxes.push(options[0]?.box ?? boxAt(middle.x + x0, middle.y + y0, wide, high));
      marker.setLatLng(this._map.containerPointToLatLng(place));
    }
    return boxes;
  }

  /**
   * @param {Room} room
   * @param {CanvasFrame} frame
   * @param {TextBox[]} reserved
   */
  placePlaces(room, frame, reserved) {
    const boxes = [...reserved];
    /** @type {TextBox[]} */
    const dots = [];
    /** @type {PlacedText[]} */
    const texts = [];
    /** @type {Map<string, number>} */
    const sides = new Map();
    for (const [text, lon, lat, , rank] of this.names.places) {
      const at = pointOf(lon, lat, frame);
      if (!isNear(at, frame)) continue;
      const key = `${text}/${lon}`;
      if (sides.has(key)) continue;
      sides.set(key, -1);
      const isBold = rank === CAPITAL;
      const wide = this.widthOf(text, isBold);
      const options = offsets(wide, rank);
      const own = boxAt(at.x, at.y, OWN_PX, OWN_PX);
      if (touches(own, dots)) continue;
      const isFree = (/** @type {number} */ side) => {
        const [dx, dy] = options[side];
        const box = boxAt(at.x + dx, at.y + dy, wide + 2 * PAD_PX, NAME_HIGH_PX);
        return !this.isCut(box, frame) && !touches(box, boxes) && !room.covered(box);
      };
      const before = this.sides.get(key) ?? -1;
      const order = [
        ...(before >= 0 && before < options.length ? [before] : []),
        ...options.keys(),
      ];
      const side = order.find(isFree);
      if (side === undefined) continue;
      sides.set(key, side);
      const [dx, dy] = options[side];
      const [x, y] = [at.x + dx, at.y + dy];
      const box = boxAt(x, y, wide + 2 * PAD_PX, NAME_HIGH_PX);
      boxes.push(box);
      dots.push(own, box);
      const dot = rank === QUARTER ? null : at;
      texts.push({ text, x, y, box, dot, isBold, angle: 0, kind: dot ? "text" : "street" });
    }
    this.sides = sides;
    return texts;
  }

  /**
   * Names along streets and waters.
   * @param {Room} room
   * @param {CanvasFrame} frame
   * @param {TextBox[]} full
   */
  placeLines(room, frame, full) {
    const boxes = [...full];
    /** @type {PlacedText[]} */
    const texts = [];
    for (const [text, lon, lat, angle, isWater] of this.names.lines) {
      const { x, y } = pointOf(lon, lat, frame);
      if (!isNear({ x, y }, frame)) continue;
      const wide = (this.widthOf(text, false) * LINE_PX) / NAME_PX;
      const squares = squaresAlong(x, y, angle, wide);
      const isFree = squares.every(
        (box) => !this.isCut(box, frame) && !touches(box, boxes) && !room.covered(box),
      );
      if (!isFree) continue;
      boxes.push(...squares);
      const box = boxAt(x, y, wide, LINE_PX);
      const kind = isWater ? "water" : "street";
      texts.push({ text, x, y, box, dot: null, isBold: false, angle, kind });
    }
    return texts;
  }

  /** The edges of the map in px of the canvas. */
  edges(/** @type {CanvasFrame} */ { width, height, ratio }) {
    const { x, y } = this._map.getSize();
    const [x0, y0] = [(width / ratio - x) / 2, (height / ratio - y) / 2];
    return { x0, y0, x1: x0 + x, y1: y0 + y };
  }

  /** Tell whether the edge of the map cuts a box: one in the margin comes in whole. */
  isCut(/** @type {TextBox} */ [x0, y0, x1, y1], /** @type {CanvasFrame} */ frame) {
    const map = this.edges(frame);
    const isOutside = x1 <= map.x0 || x0 >= map.x1 || y1 <= map.y0 || y0 >= map.y1;
    const isInside = x0 >= map.x0 && x1 <= map.x1 && y0 >= map.y0 && y1 <= map.y1;
    return !isOutside && !isInside;
  }

  widthOf(/** @type {string} */ text, /** @type {boolean} */ isBold) {
    const key = isBold ? "*" + text : text;
    const ready = this.widths.get(key);
    if (ready !== undefined || !this.canvas) return ready ?? 0;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    pen.font = fontOf(NAME_PX, isBold);
    const wide = pen.measureText(text).width;
    this.widths.set(key, wide);
    return wide;
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {PlacedText} text
   * @param {Room} room
   */
  write(pen, { text, x, y, dot, isBold, angle, kind }, room) {
    const { look } = this;
    pen.fillStyle = look[kind];
    pen.strokeStyle = look.halo;
    pen.lineJoin = "round";
    if (dot && !room.covered(boxAt(dot.x, dot.y, 2 * DOT_PX, 2 * DOT_PX))) {
      pen.beginPath();
      pen.arc(dot.x, dot.y, DOT_PX, 0, 2 * Math.PI);
      pen.lineWidth = 2;
      pen.stroke();
      pen.fill();
    }
    pen.save();
    pen.translate(x, y);
    pen.rotate((angle * Math.PI) / 180);
    pen.font = fontOf(dot || kind === "text" ? NAME_PX : LINE_PX, isBold);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 3;
    pen.strokeText(text, 0, 0);
    pen.fillText(text, 0, 0);
    pen.restore();
  }

  /** The tiles in sight and in the margin, as zoom, column and row. */
  tilesInSight() {
    const { isSaved, streets } = this.context.spec;
    const [least, most] = isSaved
      ? [SAVED_ZOOMS[0], Math.max(SAVED_ZOOMS[1], streets?.zoom ?? 0)]
      : [0, DEEPEST];
    const z = Math.max(least, Math.min(most, Math.round(this.zoom)));
    const size = this._map.getSize();
    const corner = this._map.project(this._map.getCenter()).subtract(size.divideBy(2));
    const scale = 2 ** (this.zoom - z) * 256;
    const last = 2 ** z - 1;
    const clip = (/** @type {number} */ px) => Math.max(0, Math.min(last, Math.floor(px / scale)));
    const keys = [];
    const [across, down] = [size.x * 0.2, size.y * 0.2];
    for (let x = clip(corner.x - across); x <= clip(corner.x + size.x + across); x++) {
      for (let y = clip(corner.y - down); y <= clip(corner.y + size.y + down); y++)
        keys.push(`${z}/${x}/${y}`);
    }
    return keys;
  }

  /** Read the names of the tiles in sight; they appear when all have come. */
  async read() {
    const keys = this.tilesInSight();
    const inSight = keys.join();
    if (inSight === this.inSight) return;
    this.inSight = inSight;
    const turn = ++this.turn;
    const tiles = await Promise.all(keys.map((key) => this.tile(key)));
    if (turn !== this.turn) return;
    const places = tiles.flatMap((tile) => tile?.places ?? []);
    places.sort((a, b) => b[3] - a[3]);
    this.names = { places, lines: tiles.flatMap((tile) => tile?.lines ?? []) };
    this.soon();
  }

  /** @returns {Promise<NameTile | null>} null where there are no names */
  tile(/** @type {string} */ key) {
    const cached = this.cache.get(key);
    if (cached) return cached;
    const [z, x, y] = key.split("/").map(Number);
    const url = L.Util.template(this.look.url, { z, x, y });
    /** @type {Promise<NameTile | null>} */
    const answer = readJson(url).catch(() => {
      this.cache.delete(key);
      const steps = z - SAVED_ZOOMS[1];
      if (!this.context.spec.isSaved || steps <= 0) return null;
      return this.tile(`${SAVED_ZOOMS[1]}/${x >> steps}/${y >> steps}`);
    });
    this.cache.set(key, answer);
    const [oldest] = this.cache.keys();
    if (this.cache.size > MOST_TILES) this.cache.delete(oldest);
    return answer;
  }
}

const fontOf = (/** @type {number} */ px, /** @type {boolean} */ isBold) =>
  `${isBold ? 700 : 400} ${px}px ${FACE}`;

/**
 * Take the room of the marks.
 * @param {Room} room
 * @param {NonNullable<MapLayers["incidents"]["scene"]>} scene
 * @param {number} ratio
 */
function takeMarks(room, { marks, radius, looks }, ratio) {
  const { xs, ys, rows, spans } = marks;
  for (const [columns, from, to] of spans) {
    const { codes } = looks.stepsOf(columns);
    for (let i = from; i < to; i++) {
      const half = (CORE * radius * looks.factors[codes[rows[i]]]) / ratio;
      room.take(xs[i] / ratio, ys[i] / ratio, half);
    }
  }
}
