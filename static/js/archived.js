/* The marks of a frozen View, tile by tile from a PMTiles file beside the page: no service at all. */
import { Archive, Reader } from "./archive.js";
import { countText, dayText, el, fill, lengthText } from "./dom.js";
import { makeIncidents } from "./incidents.js";

const WORLD_BITS = 31, EXTENT_BITS = 12, UNKNOWN = 0xffff, MOST_TILES = 300, PAD = 0.2;
const PRECISIONS = ["exact", "street", "settlement"];

/* A value of a Mapbox Vector Tile: text, or a whole number. */
function valueOf(part) {
  let value = null;
  part.fields((field, found) => {
    value = field === 1 ? found.text() : field === 6 ? (found % 2 ? -(found + 1) / 2 : found / 2) : found;
  });
  return value;
}

/* Take the points of the layer `incidents` apart: [x, y, {property: value}] in tile units. */
function pointsOf(bytes) {
  const points = [];
  new Reader(bytes).fields((field, layer) => {
    const keys = [], values = [], features = [];
    let name = "";
    if (field === 3) layer.fields((at, part) => ({ 1: () => (name = part.text()), 2: () => features.push(part), 3: () => keys.push(part.text()), 4: () => values.push(part) })[at]?.());
    if (name !== "incidents") return;
    values.forEach((part, at) => (values[at] = valueOf(part)));
    for (const feature of features) {
      const told = {}, place = [];
      feature.fields((at, part) => {
        if (at === 2) while (part.at < part.end) told[keys[part.varint()]] = values[part.varint()];
        if (at === 4) while (part.at < part.end) place.push(part.varint());
      });
      points.push([place[1] / 2, place[2] / 2, told]); // one MoveTo; within a tile nothing is negative
    }
  });
  return points;
}

export function makeArchived(options, context) {
  const { spec, words, language, map } = context, archive = new Archive(spec.archive), layer = makeIncidents(options, context), kept = new Map();
  const maskOf = (text) => (text ?? "").split(",").reduce((mask, code) => mask | (code && 1 << spec.weapons.findIndex(([one]) => one === code)), 0);
  let turn = 0;

  /* A tile as columns, like a month's; where it tells cells instead of marks, `n` counts each. */
  function columnsOf(bytes, z, x, y) {
    const points = pointsOf(bytes), rows = points.length, unit = 2 ** (WORLD_BITS - z - EXTENT_BITS), across = 2 ** EXTENT_BITS;
    const made = { rows, told: points.map((one) => one[2]), all: Uint32Array.from(points.keys()), n: null };
    made.x = Uint32Array.from(points, ([px]) => (x * across + px + 0.5) * unit);
    made.y = Uint32Array.from(points, ([, py]) => (y * across + py + 0.5) * unit);
    if (rows && made.told[0].number === undefined) return Object.assign(made, { n: Uint32Array.from(made.told, ({ n }) => n) });
    made.number = Uint32Array.from(made.told, ({ number }) => number);
    made.weapons = Uint32Array.from(made.told, ({ weapon }) => maskOf(weapon));
    made.precision = Uint8Array.from(made.told, ({ precision }) => PRECISIONS.indexOf(precision));
    made.error_m = Uint16Array.from(made.told, ({ error_m: error }) => Math.min(error ?? UNKNOWN, UNKNOWN));
    return made;
  }

  function tile(z, x, y) {
    const key = `${z}/${x}/${y}`;
    if (!kept.has(key)) kept.set(key, archive.tile(z, x, y).then((bytes) => bytes && columnsOf(bytes, z, x, y)));
    const found = kept.get(key);
    kept.delete(key);
    kept.set(key, found); // the ones looked at last stay
    while (kept.size > MOST_TILES) kept.delete(kept.keys().next().value);
    return found;
  }

  /* Read the tiles in sight, and show them when all have come. */
  async function read() {
    const mine = ++turn, { minzoom, maxzoom } = await archive.open();
    const z = Math.max(minzoom, Math.min(maxzoom, Math.round(map.getZoom()))), last = 2 ** z - 1, seen = map.getBounds().pad(PAD);
    const at = (corner) => map.project(corner, z).divideBy(256).floor(), clip = (n) => Math.max(0, Math.min(last, n));
    const from = at(seen.getNorthWest()), to = at(seen.getSouthEast()), wanted = [];
    for (let y = clip(from.y); y <= clip(to.y); y++) for (let x = clip(from.x); x <= clip(to.x); x++) wanted.push(tile(z, x, y));
    const found = await Promise.all(wanted);
    if (mine !== turn) return;
    layer.months = found.filter(Boolean);
    layer.loaded = true;
    layer.soon();
  }

  const show = () => read().catch(() => context.fail(new Error(fill(words.archive_alone, { file: decodeURIComponent(spec.archive) }))));
  layer.matching = (one) => one.all; // the file holds the View's marks and no others
  layer.load = () => {
    map.on("moveend", show);
    return show();
  };
  /* What the tiles themselves tell of a mark whose record the page does not carry. */
  layer.facts = (number) => {
    for (const month of layer.months) {
      const row = month.n ? -1 : month.number.indexOf(number);
      if (row >= 0) return feature(month, row);
    }
    return null;
  };

  function feature(month, row) {
    const told = month.told[row], scale = 2 ** WORLD_BITS / 256, { lng, lat } = map.unproject(L.point(month.x[row], month.y[row]).divideBy(scale), 0);
    const label = (pairs, code) => pairs.find(([one]) => one === code)?.[1] ?? code, count = (low) => countText(words, language, low === undefined ? null : { low, best: null, high: null });
    const within = told.error_m === undefined ? "" : ", " + fill(words.within, { m: lengthText(language, told.error_m) });
    const lines = [
      ["date", dayText(language, told.day)], ["precision", words["precision_" + told.precision] + within],
      ["killed", count(told.killed_low)], ["injured", count(told.injured_low)],
      ["weapons", told.weapon ? told.weapon.split(",").map((code) => label(spec.weapons, code)).join(", ") : words.not_stated],
      ["status", words["status_" + told.status]],
    ];
    return {
      geometry: { type: "Point", coordinates: [lng, lat] },
      properties: { number: told.number, error_m: told.error_m ?? null, redacted: {}, region: {} },
      body: el("div", {}, el("dl", { class: "record" }, ...lines.flatMap(([name, text]) => [el("dt", { text: words[name] }), el("dd", { text })])), el("p", { class: "note", text: words.facts_only })),
    };
  }
  return layer;
}
