/* Small charts made of elements or one canvas; what they show is also said in words. */
/** @import { MapContext, SummaryRow } from "./types.js" */
import { el, onColourScheme, sharpPen } from "./dom.js";
import { dayNumber, dayOf, dayText, fill, number } from "./format.js";

const MOST_DAYS = 90;
const WEEK = 7;
const MOST_ROWS = 8;
const MOST_BAR_PX = 28;
/** The code of what no source states. */
const UNSTATED = "unknown";

/**
 * Counts by label, the greatest first; the bar's length is only a help to the eye. What nobody
 * states is no chart of its own: null where there is nothing else.
 * @param {string} title
 * @param {[label: string, count: number, code: string][]} counts
 * @param {string} language
 * @param {string} [note]
 */
export function countBars(title, counts, language, note) {
  const rows = counts
    .filter(([, n]) => n)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_ROWS);
  if (rows.every(([, , code]) => code === UNSTATED)) return null;
  const items = rows.map(([label, n]) => {
    const bar = el("span", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", `${Math.max(2, (100 * n) / rows[0][1])}%`);
    const text = number(language, n);
    const name = el("span", { class: "bar-label", text: label });
    return el("li", {}, name, el("span", { class: "bar-n", text }), bar);
  });
  const below = note ? el("p", { class: "note", text: note }) : null;
  return el("section", { class: "bars" }, el("h3", { text: title }), el("ul", {}, ...items), below);
}

/**
 * Incidents by day, or by week where days are too many for the width.
 * @param {SummaryRow[]} rows
 * @param {MapContext} context
 */
export function dayChart(rows, { state, words, language }) {
  const from = state.get("from");
  const to = state.get("to");
  const day = (/** @type {string} */ value) => dayText(language, value);
  const first = dayNumber(from);
  const days = dayNumber(to) - first + 1;
  const step = days > MOST_DAYS ? WEEK : 1;
  /** @type {number[]} */
  const sums = new Array(Math.ceil(days / step)).fill(0);
  let total = 0;
  for (const { key, incidents } of rows) {
    const at = Math.floor((dayNumber(key) - first) / step);
    if (at >= 0 && at < sums.length) sums[at] += incidents;
    total += incidents;
  }
  const top = Math.max(...sums, 1);
  const most = Math.max(0, sums.indexOf(top));
  const values = {
    n: number(language, total),
    from: day(from),
    to: day(to),
    most: day(dayOf(first + most * step)),
    top: number(language, top),
  };
  const sentence = fill(step === 1 ? words.chart_days : words.chart_weeks, values);
  const text = total ? sentence : words.list_empty;
  const canvas = el("canvas", { class: "day-chart", role: "img", "aria-label": text, title: text });
  const draw = () => {
    const sharp = sharpPen(canvas);
    if (!sharp) return;
    const { pen, width, height } = sharp;
    const wide = width / sums.length;
    pen.fillStyle = getComputedStyle(canvas).getPropertyValue("--accent");
    sums.forEach((sum, i) => {
      const tall = Math.max(2, (sum / top) * (height - 4));
      const bar = Math.min(MOST_BAR_PX, Math.max(1, wide - 1));
      const x = i * wide + Math.max(0, (wide - 1 - bar) / 2);
      if (sum) pen.fillRect(x, height - tall, bar, height);
    });
  };
  new ResizeObserver(draw).observe(canvas);
  onColourScheme(draw);
  const ends = [from, to].map((end) => el("span", { text: day(end) }));
  const axis = el("p", { class: "chart-ends", "aria-hidden": "true" }, ...ends);
  return el("section", { class: "bars" }, el("h3", { text: words.by_day }), canvas, axis);
}
