/* The marks of a frozen View, tile by tile from a PMTiles file beside the page: no service. */
/** @import { IncidentOptions, LayerContext, MarkFeature, MarkProperties } from "./types.js" */
/** @import { MarksLayer, TileMarks } from "./types.js" */
import { Archive, Reader } from "./archive.js";
import { el } from "./dom.js";
import { countText, dayText, fill, labelOf, lengthText } from "./format.js";
import { UNKNOWN } from "./looks.js";
import { MarkLayer } from "./marks.js";

const WORLD_BITS = 31;
const EXTENT_BITS = 12;
const MOST_TILES = 300;
const PAD = 0.2;
const PRECISIONS = ["exact", "street", "settlement"];

/** @typedef {{ x: number, y: number, properties: MarkProperties }} TilePoint in tile units */

/** A value of a Mapbox Vector Tile: text, or a whole number. */
function valueOf(/** @type {Reader} */ reader) {
  /** @type {string | number | null} */
  let result = null;
  for (const { field, value, part } of reader.fields()) {
    if (part) result = field === 1 ? part.text() : null;
    else if (field === 6) result = value % 2 ? -(value + 1) / 2 : value / 2;
    else result = value;
  }
  return result;
}

/**
 * The points of a layer of the name `incidents`.
 * @param {Reader} layer
 */
function pointsOfLayer(layer) {
  /** @type {string[]} */
  const keys = [];
  /** @type {ReturnType<typeof valueOf>[]} */
  const values = [];
  /** @type {Reader[]} */
  const features = [];
  let name = "";
  for (const { field, part } of layer.fields()) {
    if (!part) continue;
    if (field === 1) name = part.text();
    if (field === 2) features.push(part);
    if (field === 3) keys.push(part.text());
    if (field === 4) values.push(valueOf(part));
  }
  if (name !== "incidents") return [];
  return features.map((feature) => pointOf(feature, keys, values));
}

/**
 * @param {Reader} feature
 * @param {string[]} keys
 * @param {ReturnType<typeof valueOf>[]} values
 * @returns {TilePoint}
 */
function pointOf(feature, keys, values) {
  /** @type {number[]} */
  let tags = [];
  /** @type {number[]} */
  let place = [];
  for (const { field, part } of feature.fields()) {
    if (field === 2 && part) tags = part.numbers();
    if (field === 4 && part) place = part.numbers();
  }
  /** @type {Record<string, string | number | null>} */
  const properties = {};
  for (let i = 0; i < tags.length; i += 2) properties[keys[tags[i]]] = values[tags[i + 1]];
  // One MoveTo; within a tile nothing is negative.
  const [x, y] = [place[1] / 2, place[2] / 2];
  const mark = /** @type {MarkProperties} */ (/** @type {unknown} */ (properties));
  return { x, y, properties: mark };
}

/** @param {Uint8Array} bytes */
function pointsOf(bytes) {
  const points = [];
  for (const { field, part } of new Reader(bytes).fields())
    if (field === 3 && part) points.push(...pointsOfLayer(part));
  return points;
}

/**
 * @extends {MarkLayer<TileMarks>}
 * @implements {MarksLayer}
 */
export class ArchivedLayer extends MarkLayer {
  /**
   * @param {IncidentOptions} look
   * @param {LayerContext} context
   */
  constructor(look, context) {
    super(look, context.spec);
    this.context = context;
    this.archive = new Archive(context.spec.archive ?? "");
    /** @type {Map<string, Promise<TileMarks | null>>} */
    this.cache = new Map();
    this.turn = 0;
  }

  /** The file holds the View's marks and no others. @override @param {TileMarks} marks */
  matching(marks) {
    return marks.all;
  }

  setWindow() {}

  setFilter() {}

  async load() {
    const { fail, map, spec, words } = this.context;
    const file = decodeURIComponent(spec.archive ?? "");
    const show = () =>
      this.read().catch(() => fail(new Error(fill(words.archive_alone, { file }))));
    map.on("moveend", show);
    await show();
  }

  /** Read the tiles in sight, and show them when all have come. */
  async read() {
    const turn = ++this.turn;
    const { minzoom, maxzoom } = await this.archive.open();
    const { map } = this.context;
    const z = Math.max(minzoom, Math.min(maxzoom, Math.round(map.getZoom())));
    const last = 2 ** z - 1;
    const bounds = map.getBounds().pad(PAD);
    const clip = (/** @type {number} */ n) => Math.max(0, Math.min(last, n));
    const at = (/** @type {L.LatLng} */ corner) => {
      const { x, y } = map.project(corner, z).divideBy(256).floor();
      return { x: clip(x), y: clip(y) };
    };
    const from = at(bounds.getNorthWest());
    const to = at(bounds.getSouthEast());
    const tiles = [];
    for (let y = from.y; y <= to.y; y++)
      for (let x = from.x; x <= to.x; x++) tiles.push(this.tile(z, x, y));
    const marks = await Promise.all(tiles);
    if (turn !== this.turn) return;
    this.months = marks.filter((tile) => tile !== null);
    this.loaded = true;
    this.soon();
  }

  /**
   * @param {number} z
   * @param {number} x
   * @param {number} y
   */
  tile(z, x, y) {
    const { cache } = this;
    const key = `${z}/${x}/${y}`;
    const tile = cache.get(key) ?? this.readTile(z, x, y);
    cache.delete(key);
    cache.set(key, tile); // the ones looked at last stay
    const [oldest] = cache.keys();
    if (cache.size > MOST_TILES) cache.delete(oldest);
    return tile;
  }

  /**
   * A tile as columns, like a month's; where it holds cells instead of marks, `n` counts each.
   * @param {number} z
   * @param {number} x
   * @param {number} y
   * @returns {Promise<TileMarks | null>}
   */
  async readTile(z, x, y) {
    const bytes = await this.archive.tile(z, x, y);
    if (!bytes) return null;
    const points = pointsOf(bytes);
    const properties = points.map((point) => point.properties);
    const unit = 2 ** (WORLD_BITS - z - EXTENT_BITS);
    const across = 2 ** EXTENT_BITS;
    const codes = this.looks.classes.map(([code]) => code);
    /** @type {(read: (mark: MarkProperties) => number | undefined) => Uint16Array} */
    const numbersOf = (read) =>
      Uint16Array.from(properties, (mark) => Math.min(read(mark) ?? UNKNOWN, UNKNOWN));
    const hasCells = points.length > 0 && properties[0].number === undefined;
    return {
      rows: points.length,
      properties,
      all: Uint32Array.from(points.keys()),
      x: Uint32Array.from(points, (point) => (x * across + point.x + 0.5) * unit),
      y: Uint32Array.from(points, (point) => (y * across + point.y + 0.5) * unit),
      n: hasCells ? Uint32Array.from(properties, ({ n }) => n) : null,
      number: Uint32Array.from(properties, ({ number }) => number),
      weapons: Uint32Array.from(properties, ({ weapon }) => this.maskOf(weapon)),
      precision: Uint8Array.from(properties, (mark) => PRECISIONS.indexOf(mark.precision)),
      error_m: numbersOf(({ error_m: metres }) => metres),
      killed: numbersOf((mark) => mark.killed_low),
      injured: numbersOf((mark) => mark.injured_low),
      group: Uint8Array.from(properties, (mark) => codes.indexOf(mark.class ?? "")),
      classes: null,
      steps: null,
    };
  }

  maskOf(/** @type {string | undefined} */ codes) {
    const { weapons } = this.context.spec;
    const list = (codes ?? "").split(",").filter(Boolean);
    const bits = list.map((code) => 1 << weapons.findIndex((weapon) => weapon[0] === code));
    return bits.reduce((mask, bit) => mask | bit, 0);
  }

  /**
   * What the tiles themselves say of a mark whose record the page does not carry.
   * @override
   * @param {number} number
   */
  facts(number) {
    for (const marks of this.months) {
      const row = marks.n ? -1 : marks.number.indexOf(number);
      if (row >= 0) return this.feature(marks, row);
    }
    return null;
  }

  /**
   * @param {TileMarks} marks
   * @param {number} row
   * @returns {MarkFeature}
   */
  feature(marks, row) {
    const { spec, words, language, map } = this.context;
    const mark = marks.properties[row];
    const scale = 2 ** WORLD_BITS / 256;
    const { lng, lat } = map.unproject(L.point(marks.x[row], marks.y[row]).divideBy(scale), 0);
    const count = (/** @type {number | undefined} */ low) =>
      countText(words, language, low === undefined ? null : { low, best: null, high: null });
    const error = mark.error_m;
    const within =
      error === undefined ? "" : ", " + fill(words.within, { m: lengthText(language, error) });
    const weapons = mark.weapon?.split(",").map((code) => labelOf(spec.weapons, code));
    const lines = {
      date: dayText(language, mark.day),
      precision: words["precision_" + mark.precision] + within,
      killed: count(mark.killed_low),
      injured: count(mark.injured_low),
      weapons: weapons?.join(", ") ?? words.not_stated,
      status: words["status_" + mark.status],
    };
    const items = Object.entries(lines).map(([name, text]) =>
      el("div", {}, el("dt", { text: words[name] }), el("dd", { text })),
    );
    const note = el("p", { class: "note", text: words.facts_only });
    return {
      geometry: { type: "Point", coordinates: [lng, lat] },
      properties: {
        number: mark.number,
        error_m: error ?? null,
        place: null,
        ...{ redacted: {}, region: {} },
      },
      body: el("div", {}, el("dl", { class: "record" }, ...items), note),
    };
  }
}
