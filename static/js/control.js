/* Control areas and the front line of the period's last day; beside them a second source's line,
   a line taken as fixed, and the ground that changed hands in the period. */
/** @import { ChangedAreas, ControlDay, ControlFeature, ControlOptions } from "./types.js" */
/** @import { LayerContext, Pattern, ShownControl } from "./types.js" */
import { dayNumber } from "./format.js";
import { patternUrl } from "./patterns.js";
import { projectedOf, ProjectedPath } from "./projected.js";
import { readJson } from "./request.js";

const CACHED_DAYS = 260;
const DAYS_AHEAD = 6;
const LINE_PX = 2.6;

/** @typedef {{ source: string, validOn: string | null }} OtherLine */
/** @typedef {{ other?: OtherLine, fixed?: string, changed?: ("gained" | "lost")[] }} Beside */
/** @typedef {[casing: ProjectedPath, line: ProjectedPath]} Stroke */

export class ControlLayer extends L.FeatureGroup {
  /**
   * @param {ControlOptions} look
   * @param {LayerContext} context
   */
  constructor(look, context) {
    super();
    this.look = look;
    this.context = context;
    /** @type {Map<string, Promise<ControlDay>>} */
    this.cache = new Map();
    this.requested = "";
    this.turn = 0;
    this.drawnKey = "";
    /** @type {ShownControl | null} */
    this.about = null;
    /** @type {Beside} */
    this.beside = {};
    const own = L.layerGroup().addTo(this);
    const extra = L.layerGroup().addTo(this);
    /* Paths are made once: stepping through days changes what they draw, no more. */
    const path = (/** @type {string} */ pane, /** @type {L.LayerGroup} */ group) => {
      const renderer = context.renderer(pane);
      return new ProjectedPath({ pane, renderer, fill: false, fillRule: "evenodd" }).addTo(group);
    };
    const stroke = (/** @type {L.LayerGroup} */ group) =>
      /** @type {Stroke} */ ([path("front", group), path("front", group)]);
    this.makeArea = () => path("control", own);
    /** @type {ProjectedPath[]} */
    this.areas = [];
    this.line = stroke(own);
    this.other = stroke(extra);
    this.fixed = stroke(extra);
    this.changes = { gained: path("changes", extra), lost: path("changes", extra) };
  }

  /** Draw the snapshot that a day has, and read those of the days around it. */
  async showDay(/** @type {string} */ day) {
    const source = this.context.state.get("control");
    this.requested = `${source}/${day}`;
    const validOn = source && day ? this.snapshotDay(source, day) : null;
    if (!validOn) {
      this.draw(null, false);
      this.drawnKey = "";
      this.about = { source, day, validOn: null };
      this.fire("shown");
      return;
    }
    const snapshot = await this.read(source, validOn);
    const ageDays = dayNumber(day) - dayNumber(validOn);
    const isStale = ageDays > this.look.staleDays;
    if (this.requested !== `${source}/${day}`) return;
    const key = `${source}/${validOn}/${isStale}`;
    if (this.drawnKey !== key) this.draw(snapshot, isStale);
    this.drawnKey = key;
    const facts = /** @type {NonNullable<ControlDay["about"]>} */ (snapshot.about);
    this.about = { ...facts, source, day, validOn, isStale, ageDays };
    this.fire("shown");
    const days = this.context.controlDays(source);
    const at = days.indexOf(validOn);
    for (const near of [...days.slice(at + 1, at + 1 + DAYS_AHEAD), ...days.slice(at - 1, at)])
      this.read(source, near).catch(() => {});
  }

  /**
   * Draw a second source's line and a fixed one, dashed apart, and changed ground, hatched apart.
   * @param {{ day: string, other: string, fixed: string, changes: ChangedAreas | null }} wish
   */
  async showBeside({ day, other, fixed, changes }) {
    const turn = ++this.turn;
    const source = this.context.state.get("control");
    const otherDay = other && day ? this.snapshotDay(other, day) : null;
    const fixedDay = fixed && source ? this.snapshotDay(source, fixed) : null;
    const [second, frozen] = await Promise.all([
      otherDay ? this.read(other, otherDay) : null,
      fixedDay ? this.read(source, fixedDay) : null,
    ]);
    if (turn !== this.turn) return;
    /** @type {Beside} */
    const beside = { changed: this.drawChanges(changes) };
    this.stroke(this.other, second, this.look.other, 2.4, "other");
    this.stroke(this.fixed, frozen, this.look.fixed, 3, "fixed");
    if (second) beside.other = { source: other, validOn: otherDay };
    if (frozen && fixedDay) beside.fixed = fixedDay;
    this.beside = beside;
    this.fire("beside");
  }

  /**
   * Hatch the ground that changed hands; the kinds of change that there are.
   * @param {ChangedAreas | null} changes
   */
  drawChanges(changes) {
    return /** @type {const} */ (["gained", "lost"]).filter((kind) => {
      const areas = changes?.features.filter((area) => area.properties.kind === kind) ?? [];
      const { colour } = this.look[kind];
      const style = { weight: 1.2, color: colour, fillOpacity: 0.9 };
      this.changes[kind].show(areas.map(projectedOf), { ...hatch(this.look[kind]), ...style });
      return areas.length > 0;
    });
  }

  /**
   * The last day with a snapshot up to a day: days between two show the same ground.
   * @param {string} source
   * @param {string} day
   */
  snapshotDay(source, day) {
    const days = this.context.controlDays(source);
    let low = 0;
    let high = days.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (days[middle] <= day) low = middle + 1;
      else high = middle;
    }
    return low ? days[low - 1] : null;
  }

  /**
   * @param {string} source
   * @param {string} day
   */
  read(source, day) {
    const { state, language } = this.context;
    const key = `${source}/${day}/${state.get("as_of")}`;
    const cached = this.cache.get(key);
    if (cached) return cached;
    const query = new URLSearchParams({
      theatre: state.get("theatre"),
      control: source,
      datetime: day,
      lang: language,
      ...state.pick("as_of", "synthetic"),
    });
    /** @type {Promise<ControlDay>} */
    const answer = readJson(`/api/collections/control/items?${query}`);
    this.cache.set(key, answer);
    answer.catch(() => this.cache.delete(key));
    const [oldest] = this.cache.keys();
    if (this.cache.size > CACHED_DAYS) this.cache.delete(oldest);
    return answer;
  }

  /**
   * @param {ControlDay | null} snapshot
   * @param {boolean} isStale
   */
  draw(snapshot, isStale) {
    const features = snapshot?.features.filter((item) => item.properties.kind === "area") ?? [];
    while (this.areas.length < features.length) this.areas.push(this.makeArea());
    const strength = isStale ? this.look.staleOpacity : 1;
    this.areas.forEach((area, i) => {
      const feature = features[i];
      if (feature) area.show([projectedOf(feature)], this.areaStyle(feature, strength));
      else area.show([]);
    });
    const weight = LINE_PX * (isStale ? this.look.staleWidth : 1);
    this.stroke(this.line, snapshot, this.look.line, weight, isStale ? "stale" : null);
  }

  /**
   * @param {Stroke} stroke
   * @param {ControlDay | null} snapshot
   * @param {string} colour
   * @param {number} weight
   * @param {string | null} dashes
   */
  stroke([casing, line], snapshot, colour, weight, dashes) {
    const features = snapshot?.features.filter((item) => item.properties.kind === "front_line");
    const shapes = features?.map(projectedOf) ?? [];
    casing.show(shapes, { color: this.look.casing, weight: weight * 1.9 });
    const dashArray = dashes ? this.look.dashes[dashes] : undefined;
    line.show(shapes, { color: colour, weight, dashArray });
  }

  /**
   * @param {ControlFeature} feature
   * @param {number} strength
   */
  areaStyle({ properties: { controller, extent, status } }, strength) {
    const { parties, cited, claimed } = this.look;
    const party = parties.find(({ code }) => code === controller);
    if (party && !party.pattern) return { stroke: false, fill: false };
    const isAssessed = status === "assessed";
    const areaPattern = (isAssessed && party?.pattern) || claimed;
    const pattern = extent === "area" ? areaPattern : cited;
    return {
      ...hatch(pattern),
      stroke: !isAssessed,
      weight: 1,
      dashArray: "2 4",
      color: pattern.colour,
      fillOpacity: 0.6 * strength,
    };
  }
}

const hatch = (/** @type {Pattern} */ { kind, colour }) => ({
  fill: true,
  fillColor: patternUrl(kind, colour),
});
