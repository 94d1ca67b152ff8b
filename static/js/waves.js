/* Waves: what was launched and stopped in the period, report by report and in sum. */
/** @import { Count, MapContext, Tab, Wave, Waves } from "./types.js" */
import { debounce, el, isHidden } from "./dom.js";
import { countText, dayText, fill, labelOf, number } from "./format.js";
import { makeNewest, messageOf, readJson } from "./request.js";

const PAGE_WAVES = 20;
const MOST_WAVES = 1000;
const LATER_MS = 250;

/**
 * @param {MapContext} context
 * @returns {Tab | null}
 */
export function makeWaves({ state, spec, words, language }) {
  const dataset = spec.waves;
  if (!dataset) return null;
  const sums = el("div", { "aria-live": "polite" });
  const list = el("div");
  const count = (/** @type {Count} */ value) => countText(words, language, value);
  const isKnown = (/** @type {Count} */ { low, best, high }) =>
    low !== null || best !== null || high !== null;
  let limit = PAGE_WAVES;
  const more = el("button", {
    type: "button",
    class: "step",
    text: words.show_more,
    onclick: () => {
      limit = Math.min(MOST_WAVES, limit + 4 * PAGE_WAVES);
      read();
    },
  });

  /** @param {Waves} answer */
  function table({ by_weapon: rows }) {
    const names = /** @type {const} */ (["launched", "intercepted", "lost"]).filter(
      (name) => name !== "lost" || rows.some(({ lost }) => isKnown(lost)),
    );
    const head = names.map((name) => {
      const text = name === "lost" ? words.lost_ones : words[name];
      return el("th", { scope: "col", class: "n", text });
    });
    const body = rows.map((row) => {
      const text = row.weapon ? labelOf(spec.weapons, row.weapon) : words.not_stated;
      const cells = names.map((name) => el("td", { class: "n", text: count(row[name]) }));
      return el("tr", {}, el("th", { scope: "row", text }), ...cells);
    });
    const corner = el("th", { scope: "col", text: words.weapon });
    return el(
      "table",
      {},
      el("caption", { text: words.waves_sum }),
      el("thead", {}, el("tr", {}, corner, ...head)),
      el("tbody", {}, ...body),
    );
  }

  /** @param {Wave} wave */
  function report({ start, end, target, volleys, mapped, counted: isCounted }) {
    const [from, to] = [start, end].map((instant) => dayText(language, instant.slice(0, 10)));
    const note = (/** @type {string} */ text) => el("p", { class: "note", text });
    const lines = volleys.map(({ model, launched, intercepted, hits }) => {
      const values = { model, launched: count(launched), intercepted: count(intercepted) };
      const figures = fill(words.wave_figures, values);
      const impacts = isKnown(hits) ? fill(words.wave_impacts, { hits: count(hits) }) : null;
      return el("li", { text: [figures, impacts].filter(Boolean).join(", ") });
    });
    const n = mapped === null ? words.unknown : number(language, mapped);
    const hasHits = mapped || volleys.some(({ hits }) => isKnown(hits));
    return el(
      "li",
      { class: "wave" },
      el("strong", { text: from === to ? from : `${from} – ${to}` }),
      el("span", { class: "note", text: ` ${target ?? ""}` }),
      el("ul", {}, ...lines),
      hasHits ? note(fill(words.wave_mapped, { n })) : null,
      isCounted ? null : note(words.wave_counted_not),
    );
  }

  /** @param {Waves} answer */
  function show(answer) {
    const { credits, numberMatched: matched, numberReturned: returned, waves } = answer;
    const source = `${words.waves_note} ${words.credits}: ${credits.join(" · ")}`;
    sums.replaceChildren(
      answer.by_weapon.length ? table(answer) : el("p", { text: words.waves_none }),
      el("p", { class: "note", text: source }),
    );
    const [n, total] = [returned, matched].map((value) => number(language, value));
    list.replaceChildren();
    if (!waves.length) return;
    const title = el("h3", { text: `${words.waves_list}: ${n} / ${total}` });
    list.append(title, el("ol", { class: "waves" }, ...waves.map(report)));
    if (returned < Math.min(MOST_WAVES, matched)) list.append(more);
  }

  const newest = makeNewest();
  async function read() {
    if (isHidden(sums)) return;
    const query = new URLSearchParams({
      theatre: state.get("theatre"),
      lang: language,
      limit: String(limit),
      dataset: dataset ?? "",
      ...state.pick("from", "to", "as_of", "weapon", "synthetic"),
    });
    if (spec.shownDatasets.length === 1) query.set("incidents", spec.shownDatasets[0]);
    const signal = newest();
    try {
      show(await readJson(`/api/waves?${query}`, signal));
    } catch (wrong) {
      // Only the newest question may answer: an older one was called off.
      if (!signal.aborted) sums.replaceChildren(el("p", { class: "note", text: messageOf(wrong) }));
    }
  }
  const later = debounce(LATER_MS, read);
  state.onChange(later);
  return { content: [sums, list], onshow: later };
}
