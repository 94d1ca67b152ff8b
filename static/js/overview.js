/* The summary: figures, what was hit, by what and when; of the whole View, or of one region that was chosen. */
import { countBars, dayChart } from "./bars.js";
import { countText, debounce, el, fill, number, readJson } from "./dom.js";
import { fromHash, toHash } from "./hash.js";

const LATER_MS = 350;
const IN_PLACE = ["metric"];

export function makeOverview(context) {
  const { state, spec, words, language } = context;
  const head = el("div", { class: "region-head" }), totals = el("div", { class: "totals", "aria-live": "polite" });
  const notes = el("div", { class: "totals-notes" }), charts = el("div", { class: "charts" }), said = el("details", { class: "said" }, el("summary", {}, el("h2", { text: words.in_words })), el("div"));
  const chosen = el("section", { "aria-labelledby": "totals-title" }, head, totals, notes);
  const settings = el("section", { class: "settings" });
  if (!spec.isSaved) choice("dataset", words.dataset, spec.datasets);
  choice("metric", words.metric, metricPairs());
  if (spec.levels.length > 1 && !spec.isSaved) choice("level", words.level, spec.levels.map((level) => [String(level), words[`level_${level}`]]));
  let region = fromHash("region"), latest = null, asking = null;
  const n = (value) => number(language, value);

  function metricPairs() {
    const names = ["incidents", "killed", "injured", "damaged", "destroyed"];
    if (spec.hasPopulation) names.push("killed_per_100k");
    return names.map((name) => [name, words[name]]);
  }

  function choice(name, label, pairs) {
    const anew = (value) => state.go(name === "level" ? { level: value, region: "" } : { [name]: value, from: "", to: "" });
    const select = el("select", { name, onchange: () => (IN_PLACE.includes(name) ? state.set({ [name]: select.value }) : anew(select.value)) });
    const now = state.get(name) || { metric: "incidents", level: "1", dataset: spec.shownDatasets.join(",") }[name];
    for (const [value, text] of pairs) select.append(el("option", { value, text, selected: value === now }));
    if (![...select.options].some((option) => option.value === now)) select.append(el("option", { value: now, text: now, selected: true }));
    if (name === "dataset") context.tellDatasets = (counts = {}) => { for (const option of select.options) if (counts[option.value] !== undefined) option.text = fill(words.count_in, { label: (pairs.find(([value]) => value === option.value) ?? [0, option.value])[1], n: n(counts[option.value]) }); };
    settings.append(el("label", { class: "choice" }, el("span", { text: label }), select));
  }

  function figure(label, text, note) {
    return el("div", { class: "figure" }, el("span", { class: "figure-label", text: label }), el("strong", { text }), note ? el("span", { class: "note", text: note }) : null);
  }

  function figures(sum) {
    const known = (count) => (sum.incidents ? fill(words.known_of, { known: n(count.known), of: n(count.of) }) : "");
    return [
      figure(words.incidents, n(sum.incidents)),
      figure(words.damaged, n(sum.damaged)),
      figure(words.killed, sum.incidents ? countText(words, language, sum.killed) : "–", known(sum.killed)),
      figure(words.injured, sum.incidents ? countText(words, language, sum.injured) : "–", known(sum.injured)),
    ];
  }

  const note = (text) => el("p", { class: "note", text });

  function heading(row) {
    const title = el("h2", { id: "totals-title", text: row ? row.name : words.totals });
    head.replaceChildren(title);
    if (!row) return;
    const isOnly = state.get("region") === row.key;
    head.append(
      el("button", { type: "button", class: "close", "aria-label": words.back_to_all, title: words.back_to_all, text: "×", onclick: () => choose("") }),
      el("p", { class: "region-actions" },
        spec.isSaved ? "" : el("button", { type: "button", class: "step", text: isOnly ? words.all_regions : words.only_region, onclick: () => state.set({ region: isOnly ? "" : row.key }) }),
        el("button", { type: "button", class: "step", text: words.zoom_to, onclick: () => context.layers.regions.zoomTo(row.key) })),
    );
  }

  function showWhole(summary) {
    const sum = summary.totals, covered = summary.coverage;
    heading(null);
    if (!covered.datasets.length && covered.withheld.terms > 0) {
      totals.replaceChildren(el("p", { text: fill(words.withheld_all, { n: n(covered.withheld.terms) }) }));
    } else if (!sum) {
      totals.replaceChildren(el("p", { text: words.several_datasets }), ...summary.rows.map((row) => figure(row.name, n(row.incidents), words.incidents)));
    } else totals.replaceChildren(...figures(sum));
    const withheld = covered.datasets.length ? covered.withheld.terms + covered.withheld.embargo : covered.withheld.embargo;
    const gaps = [["not_on_map", summary.not_on_map], ["figure_elsewhere", summary.elsewhere?.incidents], ["undated", covered.undated], ["spanning", covered.spanning], ["withheld", withheld]];
    notes.replaceChildren(...gaps.filter(([, count]) => count).map(([name, count]) => note(fill(words[name], { n: n(count) }))));
    if (summary.credits.length) notes.append(note(`${words.credits}: ${summary.credits.join(" · ")}`));
  }

  function showRegion(summary, row) {
    heading(row);
    totals.replaceChildren(...figures(row));
    const inside = summary.unmarked[row.key];
    notes.replaceChildren();
    if (inside) notes.append(note(fill(words.of_region, { n: n(inside) })));
    if (row.killed_per_100k !== undefined && row.killed_per_100k !== null) notes.append(note(fill(words.rate_line, { rate: n(row.killed_per_100k), population: n(row.population), year: row.population_year ?? "–" })));
    if (summary.credits.length) notes.append(note(`${words.credits}: ${summary.credits.join(" · ")}`));
  }

  function show(summary) {
    latest = summary;
    const row = summary.by === "region" ? summary.rows.find((one) => one.key === region) : null;
    if (row) showRegion(summary, row);
    else showWhole(summary);
    context.layers.regions.mark(row ? row.key : "");
    said.lastChild.replaceChildren(...(summary.text ?? []).map((text) => el("p", { text })));
    later();
  }

  const label = (pairs, code) => pairs.find(([one]) => one === code)?.[1] ?? code;

  /* What takes a scan on the server is asked for when the reader rests. */
  async function drawCharts() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking, sum = latest.totals && (latest.rows.find((one) => one.key === region) ?? latest.totals);
    if (!sum || !sum.incidents || chosen.closest("[hidden]")) return charts.replaceChildren();
    const query = state.query(region ? { region } : {});
    try {
      const [weapons, days] = await Promise.all(["weapon", "day"].map((by) => readJson(`/api/summary?${query}&by=${by}`, signal)));
      const damage = Object.entries(sum.damage).map(([code, one]) => [label(spec.sectors, code), one.damaged]);
      charts.replaceChildren(...[
        countBars(words.damage_by_sector, damage, language),
        countBars(words.by_weapon, weapons.rows.map((row) => [row.name, row.incidents]), language, words.by_weapon_note),
        days.coverage.datasets.length ? dayChart(days.rows, state.get("from"), state.get("to"), context) : null,
      ].filter(Boolean));
    } catch (wrong) {
      if (wrong.name !== "AbortError") charts.replaceChildren(note(wrong.message));
    }
  }
  const later = debounce(LATER_MS, drawCharts);

  function choose(key) {
    region = key;
    toHash({ region });
    context.foldLegend(Boolean(region));
    if (latest) show(latest);
  }

  heading(null);
  return { content: [chosen, settings, charts, said], show, choose, onshow: () => latest && later() };
}
