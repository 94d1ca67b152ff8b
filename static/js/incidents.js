/* The incidents of the record as marks: a step of time is a range of rows in each month. */
/** @import { IncidentOptions, Label, MarkFilter, MarksLayer, Month, PageSpec } from "./types.js" */
/** @import { State } from "./state.js" */
import { UNKNOWN } from "./looks.js";
import { MarkLayer } from "./marks.js";

/** The bit of a status that says: lasted longer than a day. */
const LONG = 0x80;
const PARTIAL_MS = 400;

/**
 * Filters in the columns' own bits; a weapon class includes its members.
 * @param {PageSpec} spec
 * @param {State} state
 * @returns {MarkFilter}
 */
export function filterOf(spec, state) {
  /** @type {(labels: Label[], codes: string[]) => number} */
  const bits = (labels, codes) =>
    labels.reduce((mask, [code], bit) => {
      const isSet = codes.includes(code) || codes.includes(code.split(".")[0]);
      return isSet ? mask | (1 << bit) : mask;
    }, 0);
  const statuses = state.list("status");
  const positions = statuses.map((status) => spec.statuses.findIndex(([code]) => code === status));
  const killed = state.get("min_killed");
  return {
    weapons: bits(spec.weapons, state.list("weapon")),
    sectors: bits(spec.sectors, state.list("sector")),
    statuses: statuses.length ? new Set(positions) : null,
    killed: killed ? Number(killed) : null,
  };
}

/**
 * The first row whose first day is not before a day.
 * @param {Month} month
 * @param {number} day
 */
function firstRow({ first, rows }, day) {
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (first[middle] < day) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @extends {MarkLayer<Month>}
 * @implements {MarksLayer}
 */
export class IncidentLayer extends MarkLayer {
  /**
   * @param {IncidentOptions} look
   * @param {PageSpec} spec
   */
  constructor(look, spec) {
    super(look, spec);
    this.window = [0, 0];
    /** @type {MarkFilter} */
    this.filter = { weapons: 0, sectors: 0, statuses: null, killed: null };
  }

  /** Take files that are on their way; what has come so far is drawn now and then. */
  async load(/** @type {Promise<Month>[]} */ files) {
    /** @type {Month[]} */
    const months = (this.months = []);
    let next = 0;
    this.loaded = false;
    await Promise.all(
      files.map(async (file) => {
        months.push(await file);
        if (performance.now() < next) return;
        next = performance.now() + PARTIAL_MS;
        this.soon();
      }),
    );
    months.sort((a, b) => b.first[0] - a.first[0]);
    this.loaded = true;
    this.soon();
  }

  /**
   * Show the days from a first to a last one.
   * @param {number} first
   * @param {number} last
   */
  setWindow(first, last) {
    this.window = [first, last];
    this.rematch();
  }

  setFilter(/** @type {MarkFilter} */ filter) {
    this.filter = filter;
    this.rematch();
  }

  rematch() {
    for (const month of this.months) month.matching = null;
    this.soon();
  }

  /** @override @param {Month} month */
  matching(month) {
    return (month.matching ??= this.match(month));
  }

  match(/** @type {Month} */ month) {
    const [first, last] = this.window;
    const { weapons, sectors, statuses, killed } = this.filter;
    const { first: begin, last: end, status } = month;
    const rows = new Uint32Array(firstRow(month, last + 1));
    let count = 0;
    for (let row = 0; row < rows.length; row++) {
      if (end[row] < first) continue;
      if (status[row] & LONG && (begin[row] < first || end[row] > last)) continue;
      if (weapons && !(month.weapons[row] & weapons)) continue;
      if (sectors && !(month.sectors[row] & sectors)) continue;
      if (statuses && !statuses.has(status[row] & ~LONG)) continue;
      if (killed !== null && (month.killed[row] === UNKNOWN || month.killed[row] < killed))
        continue;
      rows[count++] = row;
    }
    return rows.subarray(0, count);
  }
}
