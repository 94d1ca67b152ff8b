/* Control areas and the front line of the period's last day; beside them a second source's line,
   a line taken as fixed, and the ground that changed hands in the period. */
import { dayNumber, readJson } from "./dom.js";
import { FlatPath, flatOf } from "./flat.js";
import { patternUrl } from "./patterns.js";

const MOST_KEPT = 260;
const AHEAD = 6;

export function makeControl(options, context) {
  const { state } = context;
  const group = L.featureGroup(), own = L.layerGroup().addTo(group), extra = L.layerGroup().addTo(group);
  const kept = new Map();
  let wanted = null, extras = 0;

  function areaStyle({ properties }, strength) {
    const party = options.parties.find((one) => one.code === properties.controller);
    if (party && !party.pattern) return { stroke: false, fill: false };
    const pattern = properties.extent !== "area" ? options.cited : properties.status !== "assessed" ? options.claimed : party?.pattern ?? options.claimed;
    return { stroke: properties.status !== "assessed", fill: true, weight: 1, dashArray: "2 4", color: pattern.colour, fillColor: patternUrl(pattern.kind, pattern.colour), fillOpacity: 0.6 * strength };
  }

  /* Days between two snapshots show the same ground: the file is asked for by its own day. */
  function snapshotDay(source, day) {
    const days = context.controlDays(source);
    let low = 0, high = days.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (days[middle] <= day) low = middle + 1;
      else high = middle;
    }
    return low ? days[low - 1] : null;
  }

  function read(source, day) {
    const key = `${source}/${day}/${state.get("as_of") || ""}`;
    if (!kept.has(key)) {
      const query = new URLSearchParams({ theatre: state.get("theatre"), control: source, datetime: day, lang: context.language });
      for (const name of ["as_of", "synthetic"]) if (state.get(name)) query.set(name, state.get(name));
      kept.set(key, readJson(`/api/collections/control/items?${query}`).catch((wrong) => { kept.delete(key); throw wrong; }));
      if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
    }
    return kept.get(key);
  }

  const lineOf = (document) => document.features.filter((one) => one.properties.kind === "front_line");

  /* Paths are made once and shown again: stepping through days changes what they draw, no more. */
  function path(pane, into) {
    return new FlatPath({ pane, renderer: context.renderer(pane), fill: false, fillRule: "evenodd" }).addTo(into);
  }

  const areas = [], line = [path("front", own), path("front", own)];
  const beside = { other: [path("front", extra), path("front", extra)], fixed: [path("front", extra), path("front", extra)], changes: [path("changes", extra), path("changes", extra)] };

  function stroke(paths, document, colour, weight, dashes) {
    const shown = document ? lineOf(document).map(flatOf) : [];
    const dash = dashes ? options.dashes[dashes] : null;
    paths[0].show(shown, { color: options.casing, weight: weight * 1.9 });
    paths[1].show(shown, { color: colour, weight, dashArray: dash });
  }

  function draw(document, isStale) {
    const found = document ? document.features.filter((one) => one.properties.kind === "area") : [];
    while (areas.length < found.length) areas.push(path("control", own));
    areas.forEach((one, i) => (found[i] ? one.show([flatOf(found[i])], areaStyle(found[i], isStale ? options.staleOpacity : 1)) : one.show([])));
    stroke(line, document, options.line, 2.6, isStale ? "stale" : null);
  }

  group.showDay = async (day) => {
    const source = state.get("control");
    wanted = source && day ? `${source}/${day}` : null;
    const at = source && day ? snapshotDay(source, day) : null;
    if (!at) {
      draw(null);
      group.drawnKey = null;
      group.about = { source, day, validOn: null };
      group.fire("shown");
      return;
    }
    const document = await read(source, at), ageDays = dayNumber(day) - dayNumber(at), isStale = ageDays > options.staleDays;
    if (wanted !== `${source}/${day}`) return;
    if (group.drawnKey !== `${source}/${at}/${isStale}`) draw(document, isStale);
    group.drawnKey = `${source}/${at}/${isStale}`;
    group.about = { source, day, validOn: at, isStale, ...document.about, ageDays };
    group.fire("shown");
    const days = context.controlDays(source), place = days.indexOf(at);
    for (const near of [days[place - 1], ...days.slice(place + 1, place + 1 + AHEAD)]) if (near) read(source, near).catch(() => {});
  };

  /* A second source's line and a fixed one, dashed apart; the changed ground, hatched apart. */
  group.showBeside = async ({ day, other, fixed, changes }) => {
    const turn = ++extras, source = state.get("control"), found = {};
    const at = other && day ? snapshotDay(other, day) : null, fixedAt = fixed && source ? snapshotDay(source, fixed) : null;
    const [second, frozen] = await Promise.all([at ? read(other, at) : null, fixedAt ? read(source, fixedAt) : null]);
    if (turn !== extras) return;
    ["gained", "lost"].forEach((kind, i) => {
      const { kind: hatch, colour } = options[kind], moved = changes?.features.filter((one) => one.properties.kind === kind) ?? [];
      beside.changes[i].show(moved.map(flatOf), { weight: 1.2, color: colour, fill: true, fillColor: patternUrl(hatch, colour), fillOpacity: 0.9 });
      if (moved.length) (found.changed ??= []).push(kind);
    });
    stroke(beside.other, second, options.other, 2.4, "other");
    stroke(beside.fixed, frozen, options.fixed, 3, "fixed");
    if (second) found.other = { source: other, validOn: at };
    if (frozen) found.fixed = fixedAt;
    group.beside = found;
    group.fire("beside");
  };
  group.beside = {};
  return group;
}
