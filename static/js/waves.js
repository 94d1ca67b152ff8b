/* Waves: what was launched and stopped in the period, report by report and in sum. */
import { countText, dayText, debounce, el, fill, number, readJson } from "./dom.js";

const LISTED = 20, MOST = 1000, LATER_MS = 250;

export function makeWaves(context) {
  const { state, spec, words, language } = context;
  if (!spec.waves) return null;
  const content = [el("div", { "aria-live": "polite" }), el("div")], [sums, list] = content;
  const label = (code) => spec.weapons.find(([one]) => one === code)?.[1] ?? code;
  const told = (count) => countText(words, language, count);
  const more = el("button", { type: "button", class: "step", text: words.show_more, onclick: () => { listed = Math.min(MOST, listed + 4 * LISTED); read(); } });
  let listed = LISTED;
  const isKnown = (count) => count.low !== null || count.best !== null || count.high !== null;

  function table(found) {
    const names = ["launched", "intercepted", "lost"].filter((name) => name !== "lost" || found.by_weapon.some((row) => isKnown(row.lost)));
    const rows = found.by_weapon.map((row) => el("tr", {}, el("th", { scope: "row", text: row.weapon ? label(row.weapon) : words.not_stated }), ...names.map((name) => el("td", { class: "n", text: told(row[name]) }))));
    return el("table", {}, el("caption", { text: words.waves_sum }),
      el("thead", {}, el("tr", {}, el("th", { scope: "col", text: words.weapon }), ...names.map((name) => el("th", { scope: "col", class: "n", text: name === "lost" ? words.lost_ones : words[name] })))),
      el("tbody", {}, ...rows));
  }

  function report(wave) {
    const day = (value) => dayText(language, value.slice(0, 10)), from = day(wave.start), to = day(wave.end);
    const lines = wave.volleys.map((one) => {
      const parts = [fill(words.wave_figures, { model: one.model, launched: told(one.launched), intercepted: told(one.intercepted) })];
      if (isKnown(one.hits)) parts.push(fill(words.wave_impacts, { hits: told(one.hits) }));
      return el("li", { text: parts.join(", ") });
    });
    return el("li", { class: "wave" }, el("strong", { text: from === to ? from : `${from} – ${to}` }), el("span", { class: "note", text: ` ${wave.target ?? ""}` }), el("ul", {}, ...lines),
      !wave.mapped && !wave.volleys.some((one) => isKnown(one.hits)) ? null : el("p", { class: "note", text: fill(words.wave_mapped, { n: wave.mapped === null ? words.unknown : number(language, wave.mapped) }) }),
      wave.counted ? null : el("p", { class: "note", text: words.wave_counted_not }));
  }

  let asking = null;

  /* Only the newest question may answer: an older one is called off. */
  async function read() {
    if (sums.closest("[hidden]")) return;
    const query = new URLSearchParams({ theatre: state.get("theatre"), lang: language, limit: listed, dataset: spec.waves });
    for (const name of ["from", "to", "as_of", "weapon", "synthetic"]) if (state.get(name)) query.set(name, state.get(name));
    if (spec.shownDatasets.length === 1) query.set("incidents", spec.shownDatasets[0]);
    asking?.abort();
    const mine = (asking = new AbortController());
    try {
      const found = await readJson(`/api/waves?${query}`, mine.signal);
      const isEmpty = !found.by_weapon.length;
      sums.replaceChildren(isEmpty ? el("p", { text: words.waves_none }) : table(found), el("p", { class: "note", text: `${words.waves_note} ${words.credits}: ${found.credits.join(" · ")}` }));
      list.replaceChildren(...(found.waves.length ? [el("h3", { text: `${words.waves_list}: ${number(language, found.numberReturned)} / ${number(language, found.numberMatched)}` }), el("ol", { class: "waves" }, ...found.waves.map(report)), found.numberReturned < Math.min(MOST, found.numberMatched) ? more : ""] : []));
    } catch (wrong) {
      if (mine.signal.aborted) return;
      sums.replaceChildren(el("p", { class: "note", text: wrong.message }));
    }
  }
  const later = debounce(LATER_MS, read);
  state.addEventListener("change", later);
  return { content, onshow: later };
}
