/* The period control: a histogram to drag on, two range inputs, two date inputs, steps and play. */
import { dayNumber, dayOf, dayText, debounce, el, fill, number, penOf } from "./dom.js";

const STEP_MS = 400;
const GRAB_PX = 12;
/* A wider window has no room to be moved: a drag in it draws another. */
const ROOMY = 0.9;

export function makePeriod(place, options, context) {
  const { state, words, language } = context;
  const dayZero = dayNumber(options.first), total = Math.max(options.counts.length, 1);
  const sums = new Float64Array(total + 1);
  for (let i = 0; i < options.counts.length; i++) sums[i + 1] = sums[i] + options.counts[i];
  const clamp = (n) => Math.max(0, Math.min(total - 1, n));
  const of = (name, otherwise) => (state.get(name) ? clamp(dayNumber(state.get(name)) - dayZero) : otherwise);
  let first = of("from", 0), last = of("to", total - 1), timer = 0;

  const play = el("button", { type: "button", class: "play", "aria-pressed": "false", text: words.play, onclick: () => (timer ? stop() : start()) });
  const back = el("button", { type: "button", class: "step", "aria-label": words.step_back, text: "‹", onclick: () => step(-1) });
  const ahead = el("button", { type: "button", class: "step", "aria-label": words.step_forward, text: "›", onclick: () => step(1) });
  // Presets end on the last day with a record: an archive has no "today".
  const recent = options.counts.findLastIndex((count) => count > 0);
  const night = () => [Math.max(0, recent - 1), recent], week = () => [Math.max(0, recent - 6), recent];
  const month = () => [clamp(dayNumber(dayOf(dayZero + recent).slice(0, 8) + "01") - dayZero), recent];
  const hint = recent < 0 ? null : fill(words.preset_ends, { to: dayText(language, dayOf(dayZero + recent)) });
  const presets = [["preset_night", night], ["preset_week", week], ["preset_month", month], ["all_days", () => [0, total - 1]]].map(([name, span]) => ({
    span, node: el("button", { type: "button", class: "step", "aria-pressed": "false", text: words[name], title: name === "all_days" ? null : hint, onclick: () => set(...span()) }),
  }));
  if (recent < 0) for (const { node } of presets.slice(0, -1)) node.disabled = true; // no day is told: nothing is recorded, or the terms keep sums by the day
  const said = el("output", { class: "period-said", "aria-live": "polite" });
  const canvas = el("canvas", { class: "histogram", "aria-hidden": "true" });
  const strip = el("canvas", { class: "coverage", role: "img", "aria-label": words.control_source });
  const dates = ["from", "to"].map((name) => el("input", { type: "date", min: dayOf(dayZero), max: dayOf(dayZero + total - 1), onchange: () => fromDates() }));
  const ranges = ["first_day", "last_day"].map((name) => el("input", { type: "range", min: 0, max: total - 1, step: 1, "aria-label": words[name] }));
  place.append(
    el("fieldset", { class: "period" },
      el("legend", { class: "unseen", text: words.period }),
      el("div", { class: "period-row" }, play, back, ahead,
        el("span", { class: "presets", role: "group", "aria-label": words.presets }, ...presets.map((one) => one.node)),
        el("label", {}, words.from + " ", dates[0]), el("label", {}, words.to + " ", dates[1]), said),
      canvas,
      strip,
      el("div", { class: "ranges" }, ...ranges)),
  );
  ranges[0].addEventListener("input", () => set(Math.min(+ranges[0].value, last), last));
  ranges[1].addEventListener("input", () => set(first, Math.max(+ranges[1].value, first)));

  function fromDates() {
    const [a, b] = dates.map((input) => (input.value ? clamp(dayNumber(input.value) - dayZero) : NaN));
    if (Number.isNaN(a) || Number.isNaN(b)) return;
    set(Math.min(a, b), Math.max(a, b));
  }

  function set(a, b) {
    first = clamp(Math.round(a));
    last = Math.max(first, clamp(Math.round(b)));
    show();
    state.set({ from: dayOf(dayZero + first), to: dayOf(dayZero + last) });
  }

  function step(days) {
    const moved = Math.max(-first, Math.min(total - 1 - last, days));
    if (moved) set(first + moved, last + moved);
  }

  function start() {
    const width = last - first;
    if (width > total / 3) set(0, Math.min(6, total - 1));
    else if (last >= total - 1) set(0, width);
    context.isPlaying = true;
    play.textContent = words.pause;
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => (last >= total - 1 ? stop() : step(1)), STEP_MS);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    context.isPlaying = false;
    state.dispatchEvent(new CustomEvent("change", { detail: new Set() }));
    play.textContent = words.play;
    play.setAttribute("aria-pressed", "false");
  }

  function show() {
    ranges.forEach((range, i) => {
      range.value = i ? last : first;
      range.setAttribute("aria-valuetext", dayText(language, dayOf(dayZero + (i ? last : first))));
    });
    dates.forEach((input, i) => (input.value = dayOf(dayZero + (i ? last : first))));
    for (const { node, span } of presets) {
      const [a, b] = span();
      node.setAttribute("aria-pressed", String(!node.disabled && a === first && b === last));
    }
    draw();
    later();
  }

  function draw() {
    const found = penOf(canvas);
    if (!found) return;
    const { pen, width, height } = found, style = getComputedStyle(place);
    const bins = Math.min(total, Math.floor(width / 3)), heights = [];
    for (let i = 0; i < bins; i++) {
      const low = Math.floor((i * total) / bins), high = Math.max(low + 1, Math.floor(((i + 1) * total) / bins));
      heights.push((sums[high] - sums[low]) / (high - low));
    }
    const top = Math.max(...heights, 1), wide = width / bins;
    heights.forEach((value, i) => {
      const day = (i / bins) * total, chosen = day >= first - 0.5 && day <= last;
      const tall = value ? Math.max(2, (value / top) * (height - 4)) : 0;
      pen.fillStyle = style.getPropertyValue(chosen ? "--accent" : "--quiet");
      pen.fillRect(i * wide, height - tall, Math.max(1, wide - 0.6), tall);
    });
    pen.fillStyle = style.getPropertyValue("--window");
    pen.fillRect((first / total) * width, 0, ((last - first + 1) / total) * width, height);
    pen.fillStyle = style.getPropertyValue("--accent");
    for (const edge of [first, last + 1]) pen.fillRect(Math.min(width - 3, (edge / total) * width), 0, 3, height);
  }

  /* Which days have a snapshot of the chosen source; the others stay empty. */
  function showCoverage() {
    const source = context.spec.controls.find((one) => one.slug === state.get("control"));
    strip.hidden = !source;
    const found = source && penOf(strip);
    if (!found) return;
    const { pen, width, height } = found, wide = Math.max(1, width / total);
    pen.fillStyle = getComputedStyle(place).getPropertyValue("--ink");
    let inside = 0;
    for (const day of source.days) {
      const at = dayNumber(day) - dayZero;
      if (at < 0 || at >= total) continue;
      pen.fillRect((at / total) * width, 0, wide, height);
      if (at >= first && at <= last) inside++;
    }
    strip.setAttribute("aria-label", fill(words.coverage, { n: number(language, inside), of: number(language, last - first + 1), source: source.name }));
    strip.title = strip.getAttribute("aria-label");
  }

  let drag = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return clamp(((event.clientX - box.left) / box.width) * total);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const day = at(event), near = (GRAB_PX / canvas.clientWidth) * total;
    if (Math.abs(day - first) < near) drag = (d) => set(Math.min(d, last), last);
    else if (Math.abs(day - last - 1) < near) drag = (d) => set(first, Math.max(d, first));
    else if (day > first && day < last && last - first < ROOMY * total) {
      const held = day - first, width = last - first;
      drag = (d) => { const a = Math.max(0, Math.min(total - 1 - width, Math.round(d - held))); set(a, a + width); };
    } else drag = (d) => set(Math.floor(Math.min(day, d)), Math.floor(Math.max(day, d)));
  });
  canvas.addEventListener("pointermove", (event) => drag?.(at(event)));
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (drag = null));
  const later = debounce(120, showCoverage);
  new ResizeObserver(() => { draw(); showCoverage(); }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  show();

  return {
    say: (summary) => {
      if (!summary.coverage.datasets.length && summary.coverage.withheld.terms) {
        said.textContent = words.not_shared;
        return;
      }
      const n = summary.totals ? summary.totals.incidents : summary.rows.reduce((sum, row) => sum + row.incidents, 0);
      said.textContent = fill(words.period_count, { n: number(language, n), from: dayText(language, dayOf(dayZero + first)), to: dayText(language, dayOf(dayZero + last)) });
    },
    showCoverage,
    set: (from, to) => set(dayNumber(from) - dayZero, dayNumber(to) - dayZero),
    step,
  };
}
