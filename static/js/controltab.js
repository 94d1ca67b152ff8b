/* Who held the ground: source, area and change, area over time, and what a fixed line divides. */
/** @import { ChangedAreas, FrozenLine, GroundAreas, GroundChanges } from "./types.js" */
/** @import { GroundSeries, Label, MapContext, Tab } from "./types.js" */
import { choice, sourceChoice } from "./choice.js";
import { debounce, el, isHidden } from "./dom.js";
import { dayText, fill, number } from "./format.js";
import { fromHash, toHash } from "./hash.js";
import { makeNewest, messageOf, readJson, wasAborted } from "./request.js";

const MOST_REGIONS = 5;

/**
 * @param {MapContext} context
 * @returns {Tab | null}
 */
export function makeControlTab(context) {
  const { state, spec, words, language, layers, controlDays, staleDays } = context;
  if (!spec.controls.length) return null;
  const { parties } = spec.theatre;
  const nameOf = (/** @type {string} */ party) =>
    parties.find(({ code }) => code === party)?.name ?? party;
  const km2 = (/** @type {number} */ value) => number(language, value, 0);
  const day = (/** @type {string} */ value) => dayText(language, value);
  const facts = el("div", { class: "facts", "aria-live": "polite" });
  /** @type {Promise<ReturnType<typeof import("./areachart.js").makeAreaChart>> | null} */
  let chart = null;
  /** @type {GroundSeries["points"]} */
  let series = [];
  let other = fromHash("with");

  const step = { type: "button", class: "step" };
  const changesCheck = el("input", {
    type: "checkbox",
    checked: fromHash("changes") === "1",
    onchange: () => {
      toHash({ changes: changesCheck.checked ? "1" : "" });
      measure();
    },
  });
  const freeze = el("button", {
    ...step,
    text: words.freeze,
    onclick: () => state.set({ freeze: state.get("freeze") ? "" : state.get("to") }),
  });
  const compare = el("a", { text: words.compare });
  const sources = spec.controls.map(({ slug, name }) => /** @type {Label} */ ([slug, name]));
  const others = /** @type {Label[]} */ ([["", words.none], ...sources]);
  const otherChoice = choice("with", words.overlay, others, other, (_, slug) => {
    other = slug;
    toHash({ with: slug });
    showBeside(null);
  });
  const box = el(
    "section",
    { class: "ground", "aria-labelledby": "ground-title" },
    el("h2", { id: "ground-title", text: words.ground }),
    sourceChoice(context),
    sources.length > 1 ? otherChoice : null,
    facts,
    el("label", { class: "layer" }, changesCheck, el("span", { text: words.show_changes })),
    el("p", { class: "ground-actions" }, freeze, compare),
  );

  const query = (/** @type {Record<string, string>} */ own = {}) =>
    new URLSearchParams({
      theatre: state.get("theatre"),
      lang: language,
      control: state.get("control"),
      ...own,
      ...state.pick("as_of", "synthetic", "level"),
    });

  async function readSeries() {
    const source = state.get("control");
    /** @type {GroundSeries} */
    const { points } = await readJson(`/api/control/series?${query()}`);
    if (source === state.get("control")) series = points;
    draw();
  }

  const newest = makeNewest();
  /** Read the area of the last day, what changed in the period, and what a fixed line divides. */
  async function measure() {
    const fixed = state.get("freeze");
    if (isHidden(box) && !changesCheck.checked && !other && !fixed) return;
    const [from, to] = [state.get("from"), state.get("to")];
    freeze.textContent = fixed ? words.unfreeze : words.freeze;
    compare.href = `/compare?${query({ from, to })}`;
    try {
      const changes = await showFacts(newest(), to, fixed);
      await showBeside((changesCheck.checked && changes?.areas) || null);
    } catch (wrong) {
      if (!wasAborted(wrong)) facts.replaceChildren(note(messageOf(wrong)));
    }
  }

  /**
   * @param {AbortSignal} signal
   * @param {string} to
   * @param {string} fixed
   */
  async function showFacts(signal, to, fixed) {
    /**
     * @template Answer
     * @param {string} name
     * @param {Record<string, string>} own
     * @returns {Promise<Answer>}
     */
    const read = (name, own) => readJson(`/api/control/${name}?${query(own)}`, signal);
    const hasSnapshot = Boolean(layers.control.about?.validOn);
    const from = hasSnapshot ? comparedDay() : undefined;
    const geometry = String(changesCheck.checked);
    /** @type {[GroundAreas | null, GroundChanges | null, FrozenLine | null]} */
    const [areas, changes, frozen] = await Promise.all([
      hasSnapshot ? read("areas", { date: to }) : null,
      from ? read("changes", { from, to, geometry }) : null,
      fixed ? read("frozen", { freeze: fixed, to, ...state.pick("dataset") }) : null,
    ]);
    facts.replaceChildren(
      ...(areas ? [areaLine(areas)] : []),
      ...(changes ? changeLines(changes) : []),
      ...(frozen ? frozenLines(frozen) : []),
    );
    return changes;
  }

  /** The day to compare with: the period's first, or the source's first one inside it. */
  function comparedDay() {
    const from = state.get("from");
    const days = controlDays();
    if (days.length && days[0] <= from) return from;
    return days.find((snapshot) => snapshot > from && snapshot <= state.get("to"));
  }

  const note = (/** @type {string} */ text) => el("p", { class: "note", text });

  /** @param {GroundAreas} areas */
  function areaLine({ controller, total_km2: total }) {
    const party = nameOf(controller);
    if (total === null) return note(fill(words.ground_unknown, { party }));
    const text = fill(words.ground_km2, { km2: km2(total), party });
    return el("p", { class: "ground-total", text });
  }

  /** @param {{ gained_km2: number, lost_km2: number }} change */
  const areaTexts = ({ gained_km2: gained, lost_km2: lost }) => ({
    gained: number(language, gained, 1),
    lost: number(language, lost, 1),
  });

  /** @param {GroundChanges} changes */
  function changeLines(changes) {
    const from = day(changes.from.valid_on);
    const to = day(changes.to.valid_on);
    if (from === to) return [note(fill(words.ground_same, { from, to }))];
    const regions = changes.regions.slice(0, MOST_REGIONS);
    const rows = [{ name: words.ground_whole, ...changes }, ...regions].map((row) => {
      const { gained, lost } = areaTexts(row);
      return [row.name, gained, lost];
    });
    const titles = [words.region, words.ground_gained, words.ground_lost];
    return [table(fill(words.ground_between, { from, to }), titles, rows)];
  }

  /**
   * @param {string} caption
   * @param {string[]} titles
   * @param {string[][]} rows each begins with its name
   */
  function table(caption, titles, rows) {
    const head = titles.map((text) => el("th", { scope: "col", text }));
    const body = rows.map(([name, ...cells]) => {
      const title = el("th", { scope: "row", text: name });
      return el("tr", {}, title, ...cells.map((text) => el("td", { text })));
    });
    return el(
      "table",
      { class: "sides" },
      caption ? el("caption", { text: caption }) : null,
      el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...body),
    );
  }

  /** @param {FrozenLine} frozen */
  function frozenLines({ control_since: change, freeze: date, sides }) {
    const since = change && { date: day(date), ...areaTexts(change) };
    const rows = sides.map(({ side, km2: area, since: { incidents } }) => [
      side === "not_stated" ? words.nobody_states : nameOf(side),
      km2(area),
      number(language, incidents),
    ]);
    const titles = [words.frozen_party, words.km2, words.frozen_incidents];
    const sums = table("", titles, rows);
    return since ? [note(fill(words.frozen_since, since)), sums] : [sums];
  }

  const showBeside = (/** @type {ChangedAreas | null} */ changes) =>
    layers.control.showBeside({
      day: state.get("to"),
      other: other === state.get("control") ? "" : other,
      fixed: state.get("freeze"),
      changes,
    });

  /** The chart comes when somebody first looks at this tab. */
  async function draw() {
    if (isHidden(box)) return;
    chart ??= import("./areachart.js").then(({ makeAreaChart }) => {
      const area = makeAreaChart(words, language, staleDays);
      facts.after(area.node);
      return area;
    });
    (await chart).show(series, state.get("to"));
  }

  const later = debounce(160, () => {
    measure();
    draw();
  });
  const refreshSeries = () => readSeries().catch(() => {});
  state.onChange((changed) => {
    if (changed.has("control")) refreshSeries();
    if (["from", "to", "control", "freeze"].some((name) => changed.has(name))) later();
  });
  layers.control.once("shown", () => {
    measure();
    refreshSeries();
  });
  const onshow = () => {
    if (layers.control.about) later();
  };
  return { content: [box], onshow };
}
