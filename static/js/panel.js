/* Totals, filters and the list of incidents: what a reader of the map can also read and operate. */
import { countText, dayText, el, fill, number, readJson } from "./dom.js";
import { makeGround } from "./ground.js";

const LISTED = 40;
const IN_PLACE = new Set(["weapon", "sector", "status", "metric"]);

export function makePanel(place, context) {
  const { state, spec, words, language } = context;
  const totals = el("div", { class: "totals", "aria-live": "polite" });
  const list = el("ol", { class: "incidents" });
  const more = el("p", { class: "note" });
  let isWithheld = false;
  const shown = el("section", { "aria-labelledby": "totals-title" });
  choice(shown, "dataset", words.dataset, spec.datasets);
  choice(shown, "metric", words.metric, metricPairs());
  if (spec.levels.length > 1) choice(shown, "level", words.level, spec.levels.map((level) => [String(level), words[`level_${level}`]]));
  shown.append(el("h2", { id: "totals-title", text: words.totals }), totals);
  place.append(
    shown,
    filters(),
    makeGround(context) ?? "",
    el("section", { "aria-labelledby": "list-title" }, el("h2", { id: "list-title", text: words.list }), list, more),
  );

  function filters() {
    const used = ["weapon", "sector", "status"].some((name) => state.get(name));
    const box = el("details", { class: "filters", open: used }, el("summary", {}, el("h2", { text: words.filters })));
    choice(box, "weapon", words.weapon, [["", words.all], ...indented(spec.weapons)]);
    choice(box, "sector", words.sector, [["", words.all], ...spec.sectors]);
    choice(box, "status", words.status, [["", words.all], ...spec.statuses]);
    return box;
  }

  function metricPairs() {
    const names = ["incidents", "killed", "injured", "damaged", "destroyed"];
    if (spec.hasPopulation) names.push("killed_per_100k");
    return names.map((name) => [name, words[name]]);
  }

  function indented(pairs) {
    return pairs.map(([code, label]) => [code, (code.includes(".") ? "– " : "") + label]);
  }

  function choice(box, name, label, pairs) {
    const select = el("select", { name, onchange: () => (IN_PLACE.has(name) ? state.set({ [name]: select.value }) : state.go(name === "level" ? { level: select.value, region: "" } : { [name]: select.value, from: "", to: "" })) });
    const chosen = state.get(name) || (name === "metric" ? "incidents" : name === "level" ? "1" : name === "dataset" ? spec.shownDatasets.join(",") : "");
    for (const [value, text] of pairs) select.append(el("option", { value, text, selected: value === chosen }));
    if (![...select.options].some((option) => option.value === chosen)) select.append(el("option", { value: chosen, text: chosen, selected: true }));
    box.append(el("label", { class: "choice" }, el("span", { text: label }), select));
  }

  function figure(label, text, note) {
    return el("div", { class: "figure" }, el("span", { class: "figure-label", text: label }), el("strong", { text }), note ? el("span", { class: "note", text: note }) : null);
  }

  function showTotals(summary) {
    totals.replaceChildren();
    const sum = summary.totals, covered = summary.coverage;
    isWithheld = !covered.datasets.length && covered.withheld.terms > 0;
    if (isWithheld) {
      more.textContent = words.not_shared;
      totals.append(el("p", { text: fill(words.withheld_all, { n: number(language, covered.withheld.terms) }) }));
      return;
    }
    if (!sum) {
      totals.append(el("p", { text: words.several_datasets }));
      for (const row of summary.rows) totals.append(figure(row.name, number(language, row.incidents), words.incidents));
    } else {
      const known = (count) => (sum.incidents ? fill(words.known_of, { known: number(language, count.known), of: number(language, count.of) }) : "");
      totals.append(
        figure(words.incidents, number(language, sum.incidents)),
        figure(words.killed, sum.incidents ? countText(words, language, sum.killed) : "–", known(sum.killed)),
        figure(words.injured, sum.incidents ? countText(words, language, sum.injured) : "–", known(sum.injured)),
        figure(words.damaged, number(language, sum.damaged)),
      );
    }
    const withheld = covered.withheld.terms + covered.withheld.embargo;
    const notes = [["not_on_map", summary.not_on_map ?? 0], ["undated", covered.undated], ["spanning", covered.spanning], ["withheld", withheld]];
    for (const [name, n] of notes) if (n) totals.append(el("p", { class: "note", text: fill(words[name], { n: number(language, n) }) }));
    totals.append(el("p", { class: "note credits", text: `${words.credits}: ${summary.credits.join(" · ") || "–"}` }));
  }

  function item(feature) {
    const told = feature.properties, dot = feature.geometry ? "●" : "▨";
    const day = told.start ? dayText(language, told.start.slice(0, 10)) : words.unknown;
    const until = told.end && told.end.slice(0, 10) !== told.start?.slice(0, 10) ? " – " + dayText(language, told.end.slice(0, 10)) : "";
    const where = [told.place, told.region.name || told.region.admin1].filter(Boolean);
    const harm = [];
    if (told.killed) harm.push(`${words.killed}: ${countText(words, language, told.killed)}`);
    if (told.injured) harm.push(`${words.injured}: ${countText(words, language, told.injured)}`);
    return el("li", {}, el("button", { type: "button", class: "incident", onclick: (event) => context.open([told.number], feature, event.currentTarget) },
      el("span", { class: "incident-when", text: day + until }),
      el("span", { class: "incident-where", text: `${dot} ${[...new Set(where)].join(", ") || words.region_none}` }),
      harm.length ? el("span", { class: "incident-harm", text: harm.join(" · ") }) : null));
  }

  let running = null;
  return {
    showTotals,
    showList: async () => {
      running?.abort();
      running = new AbortController();
      try {
        const found = await readJson(`/api/collections/incidents/items?${state.query()}&limit=${LISTED}`, running.signal);
        list.replaceChildren(...found.features.map(item));
        more.textContent = !found.numberMatched ? (isWithheld ? words.not_shared : words.list_empty) : found.numberMatched > found.numberReturned
          ? fill(words.list_more, { shown: number(language, found.numberReturned), n: number(language, found.numberMatched) }) : "";
      } catch (wrong) {
        if (wrong.name !== "AbortError") more.textContent = fill(words.error, { why: wrong.message });
      }
    },
  };
}
