/* Area over time: axes, days, and a cursor that the pointer and the arrow keys move from snapshot
   to snapshot. A long time without a snapshot stays a gap. */
import { el } from "./dom.js";
import { dayNumber, dayText, fill, number } from "./format.js";
import { svg } from "./patterns.js";

const WIDE = 320;
const HIGH = 132;
const BOX = { west: 48, east: 8, top: 10, bottom: 22 };
const MOST_DOTS = 80;
const PAGE_STEPS = 10;

/** @typedef {{ date: string, at: number, area: number }} Point */

/** Steps of a scale that are easy to read: 1, 2 or 5 times a power of ten. */
export function ticksOf(/** @type {number} */ low, /** @type {number} */ high, most = 4) {
  const rough = Math.max(high - low, Math.abs(high) * 1e-3, 1e-3) / (most - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * /** @type {number} */ ([1, 2, 5, 10].find((n) => n * power >= rough));
  const first = Math.floor(low / step);
  const last = Math.max(Math.ceil(high / step), first + 1);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/**
 * @param {Record<string, string>} words
 * @param {string} language
 * @param {number} gapDays
 */
export function makeAreaChart(words, language, gapDays) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, "aria-hidden": "true" });
  const slider = el("div", { class: "area-chart", role: "slider", tabindex: "0" }, picture);
  const output = el("p", { class: "note area-said" });
  const node = el("div", { hidden: true }, slider, output);
  /** @type {Point[]} */
  let points = [];
  let place = 0;
  let x = (/** @type {number} */ at) => at;
  let y = (/** @type {number} */ area) => area;
  /** @type {SVGGElement | null} */
  let cursor = null;

  const text = ({ date, area } = points[place]) =>
    fill(words.ground_on_day, { date: dayText(language, date), km2: number(language, area, 0) });

  function move(/** @type {number} */ to) {
    place = Math.max(0, Math.min(points.length - 1, to));
    const { at, area } = points[place];
    cursor?.remove();
    cursor = svg("g", { class: "cursor" }, picture);
    const [px, top, bottom] = [x(at), BOX.top, HIGH - BOX.bottom];
    svg("line", { x1: px, x2: px, y1: top, y2: bottom }, cursor);
    svg("circle", { cx: px, cy: y(area), r: 3.5 }, cursor);
    output.textContent = text();
    slider.setAttribute("aria-valuenow", String(place));
    slider.setAttribute("aria-valuetext", text());
  }

  function label(/** @type {string} */ content, px = 0, py = 0, anchor = "start") {
    svg("text", { x: px, y: py, "text-anchor": anchor }, picture).textContent = content;
  }

  function draw() {
    picture.replaceChildren();
    const areas = points.map(({ area }) => area);
    const ticks = ticksOf(Math.min(...areas), Math.max(...areas));
    const [low, high] = [ticks[0], ticks[ticks.length - 1]];
    const [first, last] = [points[0], points[points.length - 1]];
    const [across, down] = [WIDE - BOX.west - BOX.east, HIGH - BOX.top - BOX.bottom];
    x = (at) => BOX.west + ((at - first.at) / Math.max(1, last.at - first.at)) * across;
    y = (area) => BOX.top + (1 - (area - low) / (high - low)) * down;
    for (const tick of ticks) {
      const line = { x1: BOX.west, x2: WIDE - BOX.east, y1: y(tick), y2: y(tick) };
      svg("line", { class: "grid", ...line }, picture);
      label(number(language, tick), BOX.west - 4, y(tick) + 3.5, "end");
    }
    label(dayText(language, first.date), BOX.west, HIGH - 6);
    label(dayText(language, last.date), WIDE - BOX.east, HIGH - 6, "end");
    const d = points.map(({ at, area }, i) => {
      const joins = i && at - points[i - 1].at <= gapDays;
      return `${joins ? "L" : "M"}${x(at).toFixed(1)} ${y(area).toFixed(1)}`;
    });
    svg("path", { d: d.join("") }, picture);
    if (points.length < MOST_DOTS)
      for (const { at, area } of points) svg("circle", { cx: x(at), cy: y(area), r: 2 }, picture);
    slider.setAttribute("aria-valuemin", "0");
    slider.setAttribute("aria-valuemax", String(points.length - 1));
  }

  slider.setAttribute("aria-label", words.ground_over_time);
  slider.addEventListener("keydown", (event) => {
    const ends = { Home: 0, End: points.length - 1 };
    const steps = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -PAGE_STEPS,
      PageUp: PAGE_STEPS,
    };
    const { key } = event;
    if (key in ends) move(ends[/** @type {"Home"} */ (key)]);
    else if (key in steps) move(place + steps[/** @type {"ArrowLeft"} */ (key)]);
    else return;
    event.preventDefault();
  });
  slider.addEventListener("pointermove", ({ clientX }) => {
    const frame = picture.getBoundingClientRect();
    const at = ((clientX - frame.x) / frame.width) * WIDE;
    const far = points.map((point) => Math.abs(x(point.at) - at));
    move(far.indexOf(Math.min(...far)));
  });

  return {
    node,
    /**
     * Show a series, with the cursor on the newest snapshot up to a day.
     * @param {{ valid_on: string, km2: number | null }[]} series
     * @param {string} day
     */
    show(series, day) {
      points = series.flatMap(({ km2: area, valid_on: date }) =>
        area === null ? [] : [{ area, date, at: dayNumber(date) }],
      );
      node.hidden = points.length < 2;
      if (node.hidden) return;
      draw();
      const now = dayNumber(day);
      move(points.filter(({ at }) => at <= now).length - 1);
    },
  };
}
