/* The period control: a histogram to drag on, ranges, dates, presets, steps and play. */
/** @import { MapContext, Period, PeriodOptions } from "./types.js" */
import { debounce, el, onColourScheme, sharpPen } from "./dom.js";
import { dayNumber, dayOf, dayText, fill, number } from "./format.js";

const STEP_MS = 400;
const GRAB_PX = 12;
/** A wider window has no room to be moved: a drag in it draws another. */
const ROOMY = 0.9;
/** A day of a short period is a bar, not a slab across the window. */
const MOST_BAR_PX = 28;
const FIRST_PLAYED = 6;

/**
 * @param {HTMLElement} place
 * @param {PeriodOptions} options
 * @param {MapContext} context
 * @returns {Period}
 */
export function makePeriod(place, { first: firstDay, counts }, context) {
  const { mode, spec, state, words, language } = context;
  /* Days are counted from the first of the histogram on. */
  const dayZero = dayNumber(firstDay);
  const total = Math.max(counts.length, 1);
  const end = total - 1;
  const clamp = (/** @type {number} */ day) => Math.max(0, Math.min(end, day));
  const toDay = (/** @type {number} */ at) => dayOf(dayZero + at);
  const fromDay = (/** @type {string} */ day) => clamp(dayNumber(day) - dayZero);
  const text = (/** @type {number} */ at) => dayText(language, toDay(at));
  let first = state.get("from") ? fromDay(state.get("from")) : 0;
  let last = state.get("to") ? fromDay(state.get("to")) : end;
  let timer = 0;

  /** @type {(label: string, days: number, sign: string) => HTMLElement} */
  const stepper = (label, days, sign) => {
    const button = { type: "button", class: "step", "aria-label": label, text: sign };
    return el("button", { ...button, onclick: () => step(days) });
  };
  const play = el("button", {
    type: "button",
    class: "play",
    "aria-pressed": "false",
    text: words.play,
    onclick: () => (timer ? stop() : start()),
  });
  const back = stepper(words.step_back, -1, "‹");
  const ahead = stepper(words.step_forward, 1, "›");
  const presets = makePresets();
  const summaryText = el("output", { class: "period-said", "aria-live": "polite" });
  const canvas = el("canvas", { class: "histogram", "aria-hidden": "true" });
  const coverageLabel = { role: "img", "aria-label": words.control_source };
  const strip = el("canvas", { class: "coverage", ...coverageLabel });
  const limits = { min: toDay(0), max: toDay(end), onchange: fromDates };
  const [fromInput, toInput] = [0, 1].map(() => el("input", { type: "date", ...limits }));
  const slide = { type: "range", min: 0, max: end, step: 1 };
  const low = el("input", {
    ...slide,
    "aria-label": words.first_day,
    oninput: () => set(Math.min(Number(low.value), last), last),
  });
  const high = el("input", {
    ...slide,
    "aria-label": words.last_day,
    oninput: () => set(first, Math.max(Number(high.value), first)),
  });
  const more = el("button", {
    type: "button",
    class: "more",
    "aria-expanded": "false",
    "aria-label": words.choose_days,
    title: words.choose_days,
    text: "⋯",
    onclick: () => {
      const isOpen = place.toggleAttribute("data-open");
      more.setAttribute("aria-expanded", String(isOpen));
    },
  });
  const group = { class: "presets", role: "group", "aria-label": words.presets };
  const dates = [
    el("label", {}, words.from + " ", fromInput),
    el("label", {}, words.to + " ", toInput),
  ];
  const ranges = el("div", { class: "ranges" }, low, high);
  const scale = el("div", { class: "days" }, canvas, strip, ranges);
  scale.style.setProperty("--days", String(total));
  place.append(
    el(
      "fieldset",
      { class: "period" },
      el("legend", { class: "unseen", text: words.period }),
      el("span", { class: "steps" }, play, back, ahead, more),
      el("span", group, ...presets.map(({ button }) => button)),
      el("span", { class: "dates" }, ...dates),
      summaryText,
      scale,
    ),
  );

  /** Periods that end on the last day with a record: an archive has no "today". */
  function makePresets() {
    const recent = counts.findLastIndex((count) => count > 0);
    const isNone = recent < 0; // nothing is recorded, or the terms keep sums by the day
    const hint = isNone ? null : fill(words.preset_ends, { to: text(recent) });
    /**
     * @param {string} name
     * @param {number} from
     * @param {number} to
     * @param {string | null} [title]
     */
    const preset = (name, from, to, title) => {
      const disabled = isNone && name !== "all_days";
      const onclick = () => set(from, to);
      const button = el("button", {
        type: "button",
        class: "step",
        "aria-pressed": "false",
        disabled,
        text: words[name],
        title,
        onclick,
      });
      return { from, to, button };
    };
    const monthStart = isNone ? 0 : fromDay(toDay(recent).slice(0, 8) + "01");
    return [
      preset("preset_night", Math.max(0, recent - 1), recent, hint),
      preset("preset_week", Math.max(0, recent - 6), recent, hint),
      preset("preset_month", monthStart, recent, hint),
      preset("all_days", 0, end),
    ];
  }

  function fromDates() {
    if (!fromInput.value || !toInput.value) return;
    const days = [fromDay(fromInput.value), fromDay(toInput.value)];
    if (!days.some(Number.isNaN)) set(Math.min(...days), Math.max(...days));
  }

  /** @type {(from: number, to: number) => void} */
  function set(from, to) {
    first = clamp(Math.round(from));
    last = Math.max(first, clamp(Math.round(to)));
    show();
    state.set({ from: toDay(first), to: toDay(last) });
  }

  function step(/** @type {number} */ days) {
    const move = Math.max(-first, Math.min(end - last, days));
    if (move) set(first + move, last + move);
  }

  function start() {
    const width = last - first;
    if (width > total / 3) set(0, Math.min(FIRST_PLAYED, end));
    else if (last >= end) set(0, width);
    timer = setInterval(() => (last >= end ? stop() : step(1)), STEP_MS);
    showPlaying(true);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    showPlaying(false);
    state.announce([]);
  }

  function showPlaying(/** @type {boolean} */ isPlaying) {
    mode.isPlaying = isPlaying;
    play.textContent = isPlaying ? words.pause : words.play;
    play.setAttribute("aria-pressed", String(isPlaying));
  }

  function show() {
    for (const [range, date, at] of /** @type {const} */ ([
      [low, fromInput, first],
      [high, toInput, last],
    ])) {
      range.value = String(at);
      range.setAttribute("aria-valuetext", text(at));
      date.value = toDay(at);
    }
    for (const { button, from, to } of presets) {
      const isSet = !button.disabled && from === first && to === last;
      button.setAttribute("aria-pressed", String(isSet));
    }
    draw();
    later();
  }

  function draw() {
    const sharp = sharpPen(canvas);
    if (!sharp) return;
    const { pen, width, height } = sharp;
    const colour = (/** @type {string} */ name) => getComputedStyle(place).getPropertyValue(name);
    const bins = Math.min(total, Math.floor(width / 3));
    const means = Array.from({ length: bins }, (_, bin) => {
      const from = Math.floor((bin * total) / bins);
      const to = Math.max(from + 1, Math.floor(((bin + 1) * total) / bins));
      return counts.slice(from, to).reduce((sum, count) => sum + count, 0) / (to - from);
    });
    const top = Math.max(...means, 1);
    const wide = width / bins;
    const [inside, outside] = [colour("--accent"), colour("--quiet")];
    means.forEach((mean, bin) => {
      const day = (bin / bins) * total;
      const tall = mean ? Math.max(2, (mean / top) * (height - 4)) : 0;
      pen.fillStyle = day >= first - 0.5 && day <= last ? inside : outside;
      const bar = Math.min(MOST_BAR_PX, Math.max(1, wide - 0.6));
      const x = bin * wide + Math.max(0, (wide - 0.6 - bar) / 2);
      pen.fillRect(x, height - tall, bar, tall);
    });
    pen.fillStyle = colour("--window");
    pen.fillRect((first / total) * width, 0, ((last - first + 1) / total) * width, height);
    pen.fillStyle = inside;
    for (const edge of [first, last + 1])
      pen.fillRect(Math.min(width - 3, (edge / total) * width), 0, 3, height);
  }

  /** Show which days have a snapshot of the chosen source; the others stay empty. */
  function showCoverage() {
    const source = spec.controls.find(({ slug }) => slug === state.get("control"));
    strip.hidden = !source;
    const sharp = source && sharpPen(strip);
    if (!sharp) return;
    const { pen, width, height } = sharp;
    pen.fillStyle = getComputedStyle(place).getPropertyValue("--ink");
    let inside = 0;
    for (const day of source.days) {
      const at = dayNumber(day) - dayZero;
      if (at < 0 || at >= total) continue;
      pen.fillRect((at / total) * width, 0, Math.max(1, width / total), height);
      if (at >= first && at <= last) inside++;
    }
    const [n, of] = [inside, last - first + 1].map((count) => number(language, count));
    strip.title = fill(words.coverage, { n, of, source: source.name });
    strip.setAttribute("aria-label", strip.title);
  }

  /** What a drag does with the day under the pointer. @type {((day: number) => void) | null} */
  let drag = null;
  /** @param {PointerEvent} event */
  const dayAt = ({ clientX }) => {
    const box = canvas.getBoundingClientRect();
    return clamp(((clientX - box.left) / box.width) * total);
  };
  /** @returns {(day: number) => void} */
  function dragFrom(/** @type {number} */ day) {
    const near = (GRAB_PX / canvas.clientWidth) * total;
    if (Math.abs(day - first) < near) return (to) => set(Math.min(to, last), last);
    if (Math.abs(day - last - 1) < near) return (to) => set(first, Math.max(to, first));
    if (day > first && day < last && last - first < ROOMY * total) {
      const offset = day - first;
      const width = last - first;
      return (to) => {
        const from = Math.max(0, Math.min(end - width, Math.round(to - offset)));
        set(from, from + width);
      };
    }
    return (to) => set(Math.floor(Math.min(day, to)), Math.floor(Math.max(day, to)));
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    drag = dragFrom(dayAt(event));
  });
  canvas.addEventListener("pointermove", (event) => drag?.(dayAt(event)));
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => (drag = null));
  const later = debounce(120, showCoverage);
  const redraw = () => {
    draw();
    showCoverage();
  };
  new ResizeObserver(redraw).observe(canvas);
  onColourScheme(draw);
  show();

  return {
    showCoverage,
    showSummary({ coverage, rows, totals }) {
      if (!coverage.datasets.length && coverage.withheld.terms) {
        summaryText.textContent = words.not_shared;
        return;
      }
      const sum = totals?.incidents ?? rows.reduce((all, { incidents }) => all + incidents, 0);
      const values = { n: number(language, sum), from: text(first), to: text(last) };
      summaryText.textContent = fill(words.period_count, values);
    },
  };
}
