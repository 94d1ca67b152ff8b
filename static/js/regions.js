/* The choropleth: shapes once, values anew for every period. */
import { countText, fill, number, readJson } from "./dom.js";
import { patternUrl } from "./patterns.js";

export function makeRegions(options, context) {
  const { state, spec, words, language } = context;
  let rows = new Map(), limits = [], isWithheld = false;
  const metric = () => state.get("metric") || "incidents";

  /* What a region is worth: null when it has incidents and no figure is known. */
  function value(row) {
    if (!row) return 0;
    const name = metric();
    if (name === "incidents" || name === "damaged" || name === "destroyed") return row[name];
    if (name === "killed_per_100k") return row.incidents ? row.killed_per_100k : 0;
    if (!row.incidents) return 0;
    return row[name].low ?? row[name].best;
  }

  function style(feature) {
    const worth = value(rows.get(feature.properties.key));
    const base = { color: options.edge, weight: 1, className: "region" };
    if (worth === null) return { ...base, fillColor: patternUrl(options.noFigure.kind, options.noFigure.colour), fillOpacity: 0.9 };
    const at = limits.filter((limit) => worth >= limit).length - 1;
    if (at < 0) return { ...base, fillColor: "#ffffff", fillOpacity: 0 };
    return { ...base, fillColor: options.ramps[limits.length][at], fillOpacity: options.opacity };
  }

  function told(feature) {
    const row = rows.get(feature.properties.key), box = document.createElement("div"), list = document.createElement("dl");
    const name = box.appendChild(document.createElement("strong"));
    name.textContent = feature.properties.name;
    if (isWithheld) {
      box.append(document.createTextNode(" – " + words.not_shared));
      return box;
    }
    const lines = row
      ? [[words.incidents, number(language, row.incidents)], [words.killed, countText(words, language, row.killed)], [words.injured, countText(words, language, row.injured)], [words.damaged, number(language, row.damaged)]]
      : [[words.incidents, words.none_reported]];
    for (const [label, text] of lines) {
      list.appendChild(document.createElement("dt")).textContent = label;
      list.appendChild(document.createElement("dd")).textContent = row && !row.incidents && label !== words.incidents ? "–" : text;
    }
    if (row && row.incidents) {
      const note = document.createElement("p");
      note.textContent = fill(words.known_of, { known: row.killed.known, of: row.killed.of });
      box.append(list, note);
    } else box.append(list);
    return box;
  }

  const layer = L.geoJSON(null, {
    pane: "regions",
    renderer: L.svg({ pane: "regions" }),
    style,
    onEachFeature: (feature, path) => path.bindTooltip(() => told(feature), { sticky: true, className: "region-tip" }),
  });
  layer.load = async () => {
    layer.addData(await readJson(`/api/collections/regions/items?theatre=${spec.view.theatre}&level=${state.get("level") || 1}&lang=${language}`));
  };
  layer.show = (summary) => {
    isWithheld = !summary.coverage.datasets.length && summary.coverage.withheld.terms > 0;
    rows = new Map(summary.rows.map((row) => [row.key, row]));
    limits = summary.classes;
    layer.setStyle(style);
  };
  layer.limits = () => limits;
  return layer;
}
