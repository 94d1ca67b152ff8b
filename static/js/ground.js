/* Who held the ground: source, area and change, the chart of area over time, and what a fixed line divides. */
import { dayNumber, dayText, debounce, el, fill, number, penOf, readJson } from "./dom.js";
import { fromHash, toHash } from "./hash.js";

const CHART_HEIGHT = 74;
const LISTED = 5;

export function makeGround(context) {
  const { state, spec, words, language, layers } = context;
  if (!spec.controls.length) return null;
  const parties = spec.theatre.parties, nameOf = (code) => parties.find((one) => one.code === code)?.name ?? code;
  const km2 = (value) => number(language, Math.abs(value) < 100 ? value : Math.round(value));
  const facts = el("div", { class: "facts", "aria-live": "polite" }), chart = el("canvas", { class: "area-chart", role: "img", "aria-label": words.ground, hidden: true });
  const box = el("section", { class: "ground", "aria-labelledby": "ground-title" }, el("h2", { id: "ground-title", text: words.ground }));
  let series = null, other = fromHash("with"), isShowingChanges = fromHash("changes") === "1";

  function choice(label, pairs, value, change) {
    const select = el("select", { onchange: () => change(select.value) });
    for (const [code, text] of pairs) select.append(el("option", { value: code, text, selected: code === value }));
    const whole = el("label", { class: "choice" }, el("span", { text: label }), select);
    box.append(whole);
    return select;
  }

  const sources = spec.controls.map((one) => [one.slug, one.name]);
  choice(words.control_source, sources, state.get("control"), (slug) => state.set({ control: slug }));
  if (sources.length > 1) choice(words.overlay, [["", words.none], ...sources], other, (slug) => { other = slug; toHash({ with: slug }); beside(); });
  box.append(facts, chart);
  const changes = el("input", { type: "checkbox", checked: isShowingChanges, onchange: () => { isShowingChanges = changes.checked; toHash({ changes: isShowingChanges ? "1" : "" }); measure(); } });
  box.append(el("label", { class: "layer" }, changes, el("span", { text: words.show_changes })));
  const freeze = el("button", { type: "button", class: "step", text: words.freeze, onclick: () => state.set({ freeze: state.get("freeze") ? "" : state.get("to") }) });
  const compare = el("a", { text: words.compare });
  box.append(el("p", { class: "ground-actions" }, freeze, compare));

  const query = (extra) => {
    const params = new URLSearchParams({ theatre: state.get("theatre"), lang: language, control: state.get("control"), ...extra });
    for (const name of ["as_of", "synthetic", "level"]) if (state.get(name)) params.set(name, state.get(name));
    return params;
  };

  async function readSeries() {
    const asked = state.get("control");
    const found = await readJson(`/api/control/series?${query({})}`);
    if (asked === state.get("control")) series = found;
    draw();
  }

  let asking = null;
  /* Read the area of the last day, what changed in the period, and what a fixed line divides. */
  async function measure() {
    if (box.closest("[hidden]") && !isShowingChanges && !other && !state.get("freeze")) return;
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking, [from, to] = [state.get("from"), state.get("to")], fixed = state.get("freeze");
    freeze.textContent = fixed ? words.unfreeze : words.freeze;
    compare.href = `/compare?${query({ from, to })}`;
    try {
      const first = layers.control.about?.validOn ? snapshotBefore(from) : null;
      const [areas, moved, held] = await Promise.all([
        layers.control.about?.validOn ? readJson(`/api/control/areas?${query({ date: to })}`, signal) : null,
        first ? readJson(`/api/control/changes?${query({ from: first, to, geometry: isShowingChanges })}`, signal) : null,
        fixed ? readJson(`/api/control/frozen?${query({ freeze: fixed, to, ...(state.get("dataset") ? { dataset: state.get("dataset") } : {}) })}`, signal) : null,
      ]);
      tell(areas, moved, held);
      await beside(isShowingChanges ? moved?.areas : null);
    } catch (wrong) {
      if (wrong.name !== "AbortError") facts.replaceChildren(el("p", { class: "note", text: wrong.message }));
    }
  }

  /* The day to compare with: the period's first, or the source's first one inside it. */
  function snapshotBefore(from) {
    const days = context.controlDays(state.get("control"));
    return days.length && days[0] <= from ? from : days.find((one) => one > from && one <= state.get("to")) ?? null;
  }

  function tell(areas, moved, held) {
    facts.replaceChildren();
    const say = (text, name = "note") => facts.append(el("p", { class: name, text }));
    if (areas) {
      const party = nameOf(areas.controller);
      if (areas.total_km2 === null) say(fill(words.ground_unknown, { party }));
      else say(fill(words.ground_km2, { km2: km2(areas.total_km2), party }), "ground-total");
    }
    if (moved) {
      const [from, to] = [moved.from.valid_on, moved.to.valid_on].map((day) => dayText(language, day));
      if (from === to) say(fill(words.ground_same, { from, to }));
      else say(fill(words.ground_changed, { from, to, gained: km2(moved.gained_km2), lost: km2(moved.lost_km2) }));
      for (const row of moved.regions.slice(0, LISTED)) say(fill(words.ground_by_region, { region: row.name, gained: km2(row.gained_km2), lost: km2(row.lost_km2) }));
    }
    if (held) {
      const since = held.control_since;
      if (since) say(fill(words.frozen_since, { date: dayText(language, held.freeze), gained: km2(since.gained_km2), lost: km2(since.lost_km2) }));
      for (const side of held.sides) say(fill(words.frozen_side, { side: side.side === "not_stated" ? words.nobody_states : nameOf(side.side), km2: km2(side.km2), n: number(language, side.since.incidents) }));
    }
  }

  function beside(areas) {
    return layers.control.showBeside({ day: state.get("to"), other: other && other !== state.get("control") ? other : null, fixed: state.get("freeze"), changes: areas ?? null });
  }

  function draw() {
    const points = (series?.points ?? []).filter((one) => one.km2 !== null).map((one) => [dayNumber(one.valid_on), one.km2, one.valid_on]);
    chart.hidden = points.length < 2;
    if (chart.hidden) return;
    const found = penOf(chart);
    if (!found) return;
    const { pen, width } = found, style = getComputedStyle(box);
    const all = points.map(([, area]) => area), low = Math.min(...all), high = Math.max(...all), room = Math.max(high - low, high * 0.001);
    const [first, last] = [points[0][0], points.at(-1)[0]], x = (day) => 4 + ((day - first) / Math.max(1, last - first)) * (width - 8), y = (area) => CHART_HEIGHT - 16 - ((area - low) / room) * (CHART_HEIGHT - 30);
    pen.fillStyle = style.getPropertyValue("--note");
    pen.font = "11px system-ui, sans-serif";
    pen.fillText(`${km2(high)} ${words.km2}`, 4, 10);
    pen.fillText(points[0][2], 4, CHART_HEIGHT - 3);
    pen.textAlign = "right";
    pen.fillText(points.at(-1)[2], width - 4, CHART_HEIGHT - 3);
    pen.strokeStyle = pen.fillStyle = style.getPropertyValue("--accent");
    pen.lineWidth = 1.6;
    pen.beginPath();
    points.forEach(([day, area], i) => {
      const joins = i && day - points[i - 1][0] <= context.staleDays; // a long gap stays a gap
      if (joins) pen.lineTo(x(day), y(area));
      else pen.moveTo(x(day), y(area));
    });
    pen.stroke();
    for (const [day, area] of points.length < 80 ? points : []) pen.fillRect(x(day) - 1.5, y(area) - 1.5, 3, 3);
    const now = dayNumber(state.get("to"));
    if (now >= first && now <= last) pen.fillRect(x(now) - 0.5, 12, 1, CHART_HEIGHT - 28);
    chart.setAttribute("aria-label", fill(words.ground_chart, { first: dayText(language, points[0][2]), last: dayText(language, points.at(-1)[2]), low: km2(low), high: km2(high) }));
  }

  const later = debounce(160, () => { measure(); draw(); });
  state.addEventListener("change", ({ detail }) => {
    if (detail.has("control")) readSeries().catch(() => {});
    if (["from", "to", "control", "freeze"].some((name) => detail.has(name))) later();
  });
  layers.control.once("shown", () => { measure(); readSeries().catch(() => {}); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  return { content: [box], onshow: () => layers.control.about && later() };
}
