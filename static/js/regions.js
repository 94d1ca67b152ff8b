/* The choropleth: shapes once, values anew for every period; a click chooses a region. What is known only
   to a region stands in it as a hatched number, never as a dot. */
import { countText, fill, number, readJson } from "./dom.js";
import { patternUrl } from "./patterns.js";

export function makeRegions(options, context) {
  const { state, spec, words, language } = context;
  const badges = L.layerGroup(), paths = new Map();
  let rows = new Map(), limits = [], isWithheld = false, isNothing = false, elsewhere = 0, marked = "", hinted = null;
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
    const key = feature.properties.key, isMarked = key === marked || key === hinted;
    const base = { color: options.edge, weight: isMarked ? 3.5 : 1, className: "region" };
    if (worth === null || isWithheld) return { ...base, fillColor: patternUrl(options.noFigure.kind, options.noFigure.colour), fillOpacity: 0.9 };
    const at = limits.filter((limit) => worth >= limit).length - 1;
    if (at < 0) return { ...base, fillOpacity: 0 };
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
      : [[words.incidents, words[layer.none()]]];
    for (const [label, text] of lines) {
      list.appendChild(document.createElement("dt")).textContent = label;
      list.appendChild(document.createElement("dd")).textContent = row && !row.incidents ? (label === words.incidents ? words[layer.none()] : "–") : text;
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
    onEachFeature: (feature, path) => {
      paths.set(feature.properties.key, path);
      path.bindTooltip(() => told(feature), { sticky: true, className: "region-tip" });
      // A listener for focus makes a shape a nameless stop of the Tab key; the table has its figures.
      path.on("add", () => path.getElement()?.setAttribute("tabindex", "-1"));
      path.on("click", () => (layer.clicked = feature.properties.key));
    },
  });
  layer.on("add", () => badges.addTo(context.map)).on("remove", () => badges.remove());

  function showBadges(unmarked) {
    badges.clearLayers();
    for (const [key, path] of paths) {
      if (!unmarked[key]) continue;
      const [lon, lat] = path.feature.properties.at, text = number(language, unmarked[key]), node = document.createElement("span");
      node.textContent = text;
      node.title = fill(words.badge, { name: path.feature.properties.name, n: text });
      L.marker([lat, lon], { pane: "badges", interactive: false, keyboard: false, icon: L.divIcon({ className: "badge", html: node, iconSize: null }) }).addTo(badges);
    }
    layer.hasBadges = badges.getLayers().length > 0;
  }

  /* Draw one region's edge strong: the chosen one, and for a moment the one that a list speaks of. */
  function edge(key) {
    const path = paths.get(key);
    if (!path) return;
    path.setStyle(style(path.feature));
    if (key === marked || key === hinted) path.bringToFront();
  }
  layer.load = async () => {
    layer.addData(await readJson(`/api/collections/regions/items?theatre=${spec.view.theatre}&level=${state.get("level") || 1}&lang=${language}`));
  };
  layer.show = (summary) => {
    isWithheld = !summary.coverage.datasets.length && summary.coverage.withheld.terms > 0;
    elsewhere = summary.elsewhere?.incidents ?? 0;
    isNothing = !elsewhere && summary.rows.every((row) => !row.incidents);
    rows = new Map(summary.rows.map((row) => [row.key, row]));
    // While time plays a colour keeps its meaning, so that days compare.
    if (!context.isPlaying || !limits.length) limits = summary.classes;
    layer.setStyle(style);
    showBadges(summary.unmarked ?? {});
  };
  layer.mark = (key) => {
    const before = marked;
    marked = key;
    for (const one of [before, key]) edge(one);
  };
  layer.hint = (key) => {
    const before = hinted;
    hinted = key;
    for (const one of [before, key]) edge(one);
  };
  layer.zoomTo = (key) => {
    const path = paths.get(key);
    if (!path) return;
    context.settle();
    context.map.fitBounds(path.getBounds(), { padding: [20, 20], animate: false });
  };
  layer.limits = () => limits;
  /* What an uncoloured region means: where some are known to larger regions only, they may lie in it. */
  layer.none = () => (elsewhere ? "none_placed" : "none_reported");
  /* Why no region has a colour: its terms withhold everything, or nothing is recorded for the View. */
  layer.lacks = () => (isWithheld ? "not_shared" : isNothing ? "figure_none" : null);
  return layer;
}
