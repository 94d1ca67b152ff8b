/* Control areas and the front line of the period's last day; beside them a second source's line,
   a line taken as fixed, and the ground that changed hands in the period. */
import { dayNumber, readJson } from "./dom.js";
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
    return { stroke: properties.status !== "assessed", weight: 1, dashArray: "2 4", color: pattern.colour, fillColor: patternUrl(pattern.kind, pattern.colour), fillOpacity: 0.6 * strength };
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

  function strokes(line, pairs, into) {
    for (const [color, weight, dashes] of pairs) {
      L.geoJSON(line, { pane: "front", renderer: context.renderer("front"), style: { color, weight, fill: false, dashArray: dashes ? options.dashes[dashes] : null }, interactive: false }).addTo(into);
    }
  }

  function draw(document, isStale) {
    own.clearLayers();
    const areas = { type: "FeatureCollection", features: document.features.filter((one) => one.properties.kind === "area") };
    const style = (feature) => areaStyle(feature, isStale ? options.staleOpacity : 1);
    L.geoJSON(areas, { pane: "control", renderer: context.renderer("control"), style, interactive: false }).addTo(own);
    strokes(lineOf(document), [[options.casing, 5], [options.line, 2.6, isStale ? "stale" : null]], own);
  }

  group.showDay = async (day) => {
    const source = state.get("control");
    wanted = source && day ? `${source}/${day}` : null;
    const at = source && day ? snapshotDay(source, day) : null;
    if (!at) {
      own.clearLayers();
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
    const [beside, frozen] = await Promise.all([at ? read(other, at) : null, fixedAt ? read(source, fixedAt) : null]);
    if (turn !== extras) return;
    extra.clearLayers();
    const pattern = { gained: options.gained, lost: options.lost };
    const style = ({ properties }) => ({ weight: 1.2, color: pattern[properties.kind].colour, fillColor: patternUrl(pattern[properties.kind].kind, pattern[properties.kind].colour), fillOpacity: 0.9 });
    if (changes) {
      L.geoJSON(changes, { pane: "changes", renderer: context.renderer("changes"), style, interactive: false }).addTo(extra);
      found.changed = changes.features.map((one) => one.properties.kind);
    }
    if (beside) {
      strokes(lineOf(beside), [[options.casing, 4.4], [options.other, 2.4, "other"]], extra);
      found.other = { source: other, validOn: at };
    }
    if (frozen) {
      strokes(lineOf(frozen), [[options.casing, 5], [options.fixed, 3, "fixed"]], extra);
      found.fixed = fixedAt;
    }
    group.beside = found;
    group.fire("beside");
  };
  group.beside = {};
  return group;
}
