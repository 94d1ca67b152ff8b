/* Small charts made of elements or one canvas; what they show is also said in words. */
import { dayNumber, dayOf, dayText, el, fill, number, penOf } from "./dom.js";

const MOST_BARS = 90, WEEK = 7, LISTED = 8;

/* Rows of [label, count], the greatest first; the bar's length is only a help to the eye. */
export function countBars(title, counted, language, note) {
  const rows = counted.filter(([, n]) => n).sort((a, b) => b[1] - a[1]).slice(0, LISTED);
  if (!rows.length) return null;
  const top = rows[0][1];
  return el("section", { class: "bars" }, el("h3", { text: title }),
    el("ul", {}, ...rows.map(([label, n]) => {
      const meter = el("span", { class: "bar", "aria-hidden": "true" });
      meter.style.setProperty("--share", `${Math.max(2, (100 * n) / top)}%`);
      return el("li", {}, el("span", { class: "bar-label", text: label }), el("span", { class: "bar-n", text: number(language, n) }), meter);
    })),
    note ? el("p", { class: "note", text: note }) : null);
}

/* Incidents by day, or by week where days are too many for the width. */
export function dayChart(rows, from, to, context) {
  const { words, language } = context, first = dayNumber(from), days = dayNumber(to) - first + 1;
  const step = days > MOST_BARS ? WEEK : 1, sums = new Array(Math.ceil(days / step)).fill(0);
  let all = 0;
  for (const row of rows) {
    const at = Math.floor((dayNumber(row.key) - first) / step);
    if (at >= 0 && at < sums.length) sums[at] += row.incidents;
    all += row.incidents;
  }
  const top = Math.max(...sums, 1), most = sums.indexOf(top);
  const say = { n: number(language, all), from: dayText(language, from), to: dayText(language, to), most: dayText(language, dayOf(first + Math.max(0, most) * step)), top: number(language, top) };
  const text = all ? fill(step === 1 ? words.chart_days : words.chart_weeks, say) : words.list_empty;
  const canvas = el("canvas", { class: "day-chart", role: "img", "aria-label": text, title: text });
  const draw = () => {
    const found = penOf(canvas);
    if (!found) return;
    const { pen, width, height } = found, style = getComputedStyle(canvas), wide = width / sums.length;
    pen.fillStyle = style.getPropertyValue("--accent");
    sums.forEach((n, i) => n && pen.fillRect(i * wide, height - Math.max(2, (n / top) * (height - 4)), Math.max(1, wide - 1), height));
  };
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return el("section", { class: "bars" }, el("h3", { text: words.by_day }), canvas, el("p", { class: "chart-ends", "aria-hidden": "true" }, el("span", { text: dayText(language, from) }), el("span", { text: dayText(language, to) })));
}
