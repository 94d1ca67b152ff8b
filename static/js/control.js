/* Control areas and the front line of the period's last day, by one source at a time. */
import { dayNumber, readJson } from "./dom.js";
import { patternUrl } from "./patterns.js";

export function makeControl(options, context) {
  const { state } = context;
  const group = L.featureGroup();
  const kept = new Map();
  let wanted = null;

  function areaStyle({ properties }) {
    const party = options.parties.find((one) => one.code === properties.controller);
    if (party && !party.pattern) return { stroke: false, fill: false };
    const pattern = properties.extent !== "area" ? options.cited : properties.status !== "assessed" ? options.claimed : party?.pattern ?? options.claimed;
    return { stroke: properties.status !== "assessed", weight: 1, dashArray: "2 4", color: pattern.colour, fillColor: patternUrl(pattern.kind, pattern.colour), fillOpacity: 0.6 };
  }

  /* Days between two snapshots show the same ground: the file is asked for by its own day. */
  function snapshotDay(day) {
    const days = context.controlDays();
    let found = null;
    for (const one of days) if (one <= day) found = one;
    return found;
  }

  function read(day) {
    const source = state.get("control"), key = `${source}/${day}/${state.get("as_of") || ""}`;
    if (!kept.has(key)) {
      const query = new URLSearchParams({ theatre: state.get("theatre"), control: source, datetime: day, lang: context.language });
      if (state.get("as_of")) query.set("as_of", state.get("as_of"));
      kept.set(key, readJson(`/api/collections/control/items?${query}`).catch((wrong) => { kept.delete(key); throw wrong; }));
    }
    return kept.get(key);
  }

  function draw(document) {
    group.clearLayers();
    const areas = { type: "FeatureCollection", features: document.features.filter((one) => one.properties.kind === "area") };
    const line = document.features.filter((one) => one.properties.kind === "front_line");
    L.geoJSON(areas, { pane: "control", renderer: context.renderer("control"), style: areaStyle, interactive: false }).addTo(group);
    for (const [color, weight] of [[options.casing, 5], [options.line, 2.6]]) {
      L.geoJSON(line, { pane: "front", renderer: context.renderer("front"), style: { color, weight, fill: false }, interactive: false }).addTo(group);
    }
  }

  group.showDay = async (day) => {
    const source = state.get("control");
    wanted = source && day ? `${source}/${day}` : null;
    const at = source && day ? snapshotDay(day) : null;
    if (!at) {
      group.clearLayers();
      group.drawnKey = null;
      group.about = { source, day, validOn: null };
      group.fire("shown");
      return;
    }
    const document = await read(at);
    if (wanted !== `${source}/${day}`) return;
    if (group.drawnKey !== `${source}/${at}`) draw(document);
    group.drawnKey = `${source}/${at}`;
    group.about = { source, day, validOn: at, ageDays: dayNumber(day) - dayNumber(at), ...document.about };
    group.fire("shown");
    const days = context.controlDays(), place = days.indexOf(at);
    for (const near of [days[place + 1], days[place - 1]]) if (near) read(near).catch(() => {});
  };
  return group;
}
