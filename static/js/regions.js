/* The choropleth: shapes once, values anew for every period; a click chooses a region. What is
   known only to a region stands in it as a hatched number, never as a dot. */
/** @import { LayerContext, RegionFeature, RegionOptions, Summary, SummaryRow } from "./types.js" */
import { Band } from "./bands.js";
import { el } from "./dom.js";
import { countText, fill, number } from "./format.js";
import { patternUrl } from "./patterns.js";
import { readJson } from "./request.js";

export class RegionLayer extends L.GeoJSON {
  /**
   * @param {RegionOptions} look
   * @param {LayerContext} context
   */
  constructor(look, context) {
    super(
      null,
      /** @type {L.GeoJSONOptions} */ ({ pane: "regions", renderer: L.svg({ pane: "regions" }) }),
    );
    this.look = look;
    this.context = context;
    this.badges = L.layerGroup();
    this.bands = L.layerGroup();
    /** @type {Map<string, L.Marker>} */
    this.markers = new Map();
    /** @type {Map<string, { path: L.Polygon, feature: RegionFeature }>} */
    this.regions = new Map();
    /** @type {Map<string, SummaryRow>} */
    this.rows = new Map();
    /** @type {number[]} */
    this.classes = [];
    this.isWithheld = false;
    this.hasSmallCells = false;
    this.isEmpty = false;
    this.isSeveral = false;
    this.elsewhere = 0;
    /** @type {string | null} */
    this.hinted = null;
    this.marked = "";
    this.clicked = "";
    this.hasBadges = false;
    this.options.style = (feature) => this.styleOf(/** @type {RegionFeature} */ (feature));
    this.options.onEachFeature = (feature, path) =>
      this.prepare(/** @type {RegionFeature} */ (feature), path);
    const beside = L.layerGroup([this.badges, this.bands]);
    this.on("add", () => beside.addTo(context.map)).on("remove", () => beside.remove());
    context.map.on("zoomend", this.restyle, this);
  }

  async load() {
    const { spec, state, language } = this.context;
    const level = state.get("level") || "1";
    const query = `theatre=${spec.view.theatre}&level=${level}&lang=${language}`;
    this.addData(await readJson(`/api/collections/regions/items?${query}`));
  }

  show(/** @type {Summary} */ summary) {
    const { datasets, withheld } = summary.coverage;
    this.isWithheld =
      (!datasets.length && withheld.terms > 0) ||
      (!summary.totals && (withheld.small_cells ?? 0) > 0);
    this.hasSmallCells = (withheld.small_cells ?? 0) > 0;
    this.isSeveral = !summary.additive;
    this.elsewhere = summary.elsewhere?.incidents ?? 0;
    this.isEmpty = !this.elsewhere && summary.rows.every((row) => !row.incidents);
    this.rows = new Map(summary.rows.map((row) => [row.key, row]));
    // While time plays a colour keeps its meaning, so that days compare.
    if (!this.context.mode.isPlaying || !this.classes.length) this.classes = summary.classes;
    this.restyle();
    this.showBadges(summary.unmarked ?? {});
  }

  restyle() {
    this.bands.clearLayers();
    for (const { path, feature } of this.regions.values()) {
      path.setStyle(this.styleOf(feature));
      this.drawBand(path, feature);
    }
  }

  drawBand(/** @type {L.Polygon} */ path, /** @type {RegionFeature} */ feature) {
    const share = this.bandShare();
    const colour = share && this.colourOf(feature);
    if (!colour) return;
    const [color, strength] = colour;
    const look = { color, opacity: strength * share, weight: 2 * this.look.band };
    this.bands.addLayer(new Band(path, look));
  }

  /** Draw the edge of the chosen region strong. */
  mark(/** @type {string} */ key) {
    const before = this.marked;
    this.marked = key;
    this.drawEdges(before, key);
  }

  /** Draw the edge of a region strong as long as a list speaks of it. */
  hint(/** @type {string | null | undefined} */ key) {
    const before = this.hinted ?? "";
    this.hinted = key ?? null;
    this.drawEdges(before, key ?? "");
  }

  zoomTo(/** @type {string} */ key) {
    const region = this.regions.get(key);
    if (!region) return;
    this.context.settle();
    this.context.map.fitBounds(region.path.getBounds(), { padding: [20, 20], animate: false });
  }

  /** Where a region's number stands, as degrees, longitude first; null for one that is not here. */
  spotOf(/** @type {string | null} */ key) {
    return this.regions.get(key ?? "")?.feature.properties.at ?? null;
  }

  limits() {
    return this.classes;
  }

  /** The colours of the classes. */
  ramp() {
    const { ramps } = this.look;
    return ramps[this.context.state.get("palette") || Object.keys(ramps)[0]][this.classes.length];
  }

  /** What an uncoloured region means: incidents known to larger regions only may lie in it. */
  none() {
    return this.elsewhere ? "none_placed" : "none_reported";
  }

  /** Why no region has a colour: terms withhold everything, or nothing is recorded. */
  lacks() {
    if (this.isWithheld) return "not_shared";
    if (this.isSeveral) return "regions_several";
    return this.isEmpty ? "figure_none" : null;
  }

  /** Whether a sum may be held back: then no row does not mean that nothing is recorded. */
  isHeld(/** @type {string} */ key) {
    const own = this.context.state.list("region");
    const isInView = !own.length || own.includes(key);
    return this.isWithheld || (this.hasSmallCells && isInView && !this.rows.has(key));
  }

  /** What a region is worth: null when it has incidents and no figure is known. */
  figure(/** @type {SummaryRow | undefined} */ row) {
    if (!row) return 0;
    const metric = this.context.state.get("metric") || "incidents";
    if (metric === "incidents" || metric === "damaged" || metric === "destroyed")
      return row[metric];
    if (!row.incidents) return 0;
    if (metric === "killed_per_100k") return row.killed_per_100k ?? null;
    const count = metric === "injured" ? row.injured : row.killed;
    return count.low ?? count.best;
  }

  /** How far colours have left the insides for bands, where streets matter: as on tiles. */
  bandShare() {
    const [start, end] = this.look.fadeZooms;
    return Math.min(Math.max((this.context.map.getZoom() - start) / (end - start), 0), 1);
  }

  /**
   * The colour or hatch of a region, and its opacity; null without any.
   * @returns {[string, number] | null}
   */
  colourOf(/** @type {RegionFeature} */ { properties: { key } }) {
    const { noFigure, opacity } = this.look;
    const value = this.isHeld(key) ? null : this.figure(this.rows.get(key));
    if (value === null) return [patternUrl(noFigure.kind, noFigure.colour), 0.9];
    const at = this.classes.filter((limit) => value >= limit).length - 1;
    return at < 0 ? null : [this.ramp()[at], opacity];
  }

  styleOf(/** @type {RegionFeature} */ feature) {
    const { key } = feature.properties;
    const isMarked = key === this.marked || key === this.hinted;
    const isOutlined = this.context.state.get("region") === key;
    const { edge } = this.look;
    const [fillColor, strength] = this.colourOf(feature) ?? [edge, 0];
    return {
      color: edge,
      weight: isMarked ? 3.5 : isOutlined ? 2.5 : 1,
      className: "region",
      fillColor,
      fillOpacity: strength * (1 - this.bandShare()),
    };
  }

  /**
   * @param {RegionFeature} feature
   * @param {L.Layer} layer
   */
  prepare(feature, layer) {
    const path = /** @type {L.Polygon} */ (layer);
    const { key } = feature.properties;
    this.regions.set(key, { path, feature });
    path.bindTooltip(() => this.tip(feature), { sticky: true, className: "region-tip" });
    // A listener for focus makes a shape a nameless stop of the Tab key; the table has its figures.
    path.on("add", () => path.getElement()?.setAttribute("tabindex", "-1"));
    path.on("click", () => (this.clicked = key));
  }

  /** @param {RegionFeature} feature */
  tip({ properties: { key, name } }) {
    const { words, language } = this.context;
    const title = el("strong", { text: name });
    const row = this.rows.get(key);
    if (this.isHeld(key)) return el("div", {}, title, " – " + words.not_shared);
    if (this.isSeveral) return el("div", {}, title, el("p", { text: words.regions_several }));
    const line = (/** @type {string} */ label, /** @type {string} */ text) => [
      el("dt", { text: label }),
      el("dd", { text }),
    ];
    const none = words[this.none()];
    if (!row) return el("div", {}, title, el("dl", {}, ...line(words.incidents, none)));
    const n = (/** @type {number} */ value) => number(language, value);
    const isNone = !row.incidents;
    const lines = [
      line(words.incidents, isNone ? none : n(row.incidents)),
      line(words.killed, isNone ? "–" : countText(words, language, row.killed)),
      line(words.injured, isNone ? "–" : countText(words, language, row.injured)),
      line(words.damaged, isNone ? "–" : n(row.damaged)),
    ];
    const figures = el("dl", {}, ...lines.flat());
    if (isNone) return el("div", {}, title, figures);
    return el("div", {}, title, figures, el("p", { text: fill(words.known_of, row.killed) }));
  }

  showBadges(/** @type {Record<string, number>} */ unmarked) {
    const { words, language } = this.context;
    this.badges.clearLayers();
    this.markers.clear();
    for (const [key, { feature }] of this.regions) {
      if (!unmarked[key]) continue;
      const { at, name } = feature.properties;
      const text = number(language, unmarked[key]);
      const html = el("span", { text, title: fill(words.badge, { name, n: text }) });
      const icon = L.divIcon({ className: "badge", html, iconSize: undefined });
      const options = { pane: "badges", interactive: false, keyboard: false, icon };
      this.markers.set(key, L.marker([at[1], at[0]], options).addTo(this.badges));
    }
    this.hasBadges = this.markers.size > 0;
    this.fire("numbers");
  }

  /** The numbers on the map: where each belongs, and what tells whether a px is in its region. */
  numbers() {
    const { map } = this.context;
    return [...this.markers].map(([key, marker]) => {
      const { path, feature } = /** @type {{ path: L.Polygon, feature: RegionFeature }} */ (
        this.regions.get(key)
      );
      const shape = /** @type {SVGPathElement | undefined} */ (path.getElement());
      const contains = (/** @type {L.Point} */ at) => {
        const { x, y } = map.containerPointToLayerPoint(at);
        return shape?.isPointInFill(new DOMPoint(x, y)) ?? false;
      };
      const [lng, lat] = feature.properties.at;
      return { at: L.latLng(lat, lng), marker, contains };
    });
  }

  /** The room of a number, in px. */
  sizeOf(/** @type {L.Marker} */ marker) {
    const plate = /** @type {HTMLElement | undefined} */ (marker.getElement()?.firstElementChild);
    return { wide: plate?.offsetWidth || 24, high: plate?.offsetHeight || 19 };
  }

  drawEdges(/** @type {string[]} */ ...keys) {
    for (const key of keys) {
      const region = this.regions.get(key);
      if (!region) continue;
      region.path.setStyle(this.styleOf(region.feature));
      if (key === this.marked || key === this.hinted) region.path.bringToFront();
    }
  }
}
