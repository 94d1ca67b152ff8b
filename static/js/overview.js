/* The summary: figures, what was hit, by what and when; of the View or of one chosen region. */
/** @import { CountSum, Label, MapContext, OverviewTab } from "./types.js" */
/** @import { Sum, Summary, SummaryRow } from "./types.js" */
import { countBars, dayChart } from "./bars.js";
import { choice } from "./choice.js";
import { makeDatasets } from "./datasets.js";
import { debounce, el, isHidden } from "./dom.js";
import { countText, fill, labelOf, number } from "./format.js";
import { fromHash, toHash } from "./hash.js";
import { makeNewest, messageOf, readJson, wasAborted } from "./request.js";

const LATER_MS = 350;

/**
 * @param {MapContext} context
 * @param {(isFolded: boolean) => void} foldLegend
 * @returns {OverviewTab}
 */
export function makeOverview(context, foldLegend) {
  const { state, spec, words, language, layers } = context;
  const n = (/** @type {number} */ value) => number(language, value);
  const head = el("div", { class: "region-head" });
  const headline = el("p", { class: "headline", hidden: true });
  const totals = el("div", { class: "totals", "aria-live": "polite" });
  const notes = el("div", { class: "totals-notes" });
  const charts = el("div", { class: "charts" });
  const sentences = el("div");
  const title = el("summary", {}, el("h2", { text: words.in_words }));
  const inWords = el("details", { class: "said" }, title, sentences);
  const figures = el(
    "section",
    { "aria-labelledby": "totals-title" },
    head,
    headline,
    totals,
    notes,
  );
  const settings = el("section", { class: "settings" });
  let region = fromHash("region");
  /** @type {Summary | null} */
  let latest = null;
  const newest = makeNewest();

  const datasets = makeDatasets(context, (slugs) => change("dataset", slugs));
  const levels = spec.levels.map(
    (level) => /** @type {Label} */ ([`${level}`, words[`level_${level}`]]),
  );
  const level = choice("level", words.level, levels, state.get("level") || "1", change);
  if (!spec.isSaved) settings.append(datasets.node);
  if (spec.levels.length > 1 && !spec.isSaved) settings.append(level);

  /** @type {(name: string, value: string) => void} */
  function change(name, value) {
    if (name === "level") state.go({ level: value, region: "" });
    else state.go({ [name]: value, from: "", to: "", control: "" });
  }

  /**
   * @param {string} label
   * @param {string} text
   * @param {string} [note]
   */
  function figure(label, text, note) {
    const below = note ? el("span", { class: "note", text: note }) : null;
    const name = el("span", { class: "figure-label", text: label });
    return el("div", { class: "figure" }, name, el("strong", { text }), below);
  }

  /** @param {Sum} sum */
  function figuresOf({ incidents, killed, injured, damaged }) {
    const toll = (/** @type {string} */ label, /** @type {CountSum} */ count, more = "") => {
      if (!incidents) return figure(label, "–");
      // eslint-disable-next-line id-denylist -- a slot of the text
      const share = fill(words.known_of, { known: n(count.known), of: n(count.of) });
      return figure(label, countText(words, language, count), more ? `${share}; ${more}` : share);
    };
    const soldiers = killed.by_kind.military;
    const apart = soldiers.best || soldiers.low ? countText(words, language, soldiers) : "";
    return [
      figure(words.incidents, n(incidents)),
      figure(words.damaged, n(damaged)),
      toll(words.killed, killed, apart && fill(words.killed_military, { n: apart })),
      toll(words.injured, injured),
    ];
  }

  /** The figures of several datasets, each in a line of its own. @param {SummaryRow[]} rows */
  function sideBySide(rows) {
    const heads = [words.dataset, words.incidents, words.killed, words.injured];
    const cells = rows.map((row) => [
      n(row.incidents),
      ...[row.killed, row.injured].map((count) =>
        row.incidents ? countText(words, language, count) : "–",
      ),
    ]);
    return el(
      "div",
      { class: "wide" },
      el(
        "table",
        { class: "sides" },
        el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
        el(
          "tbody",
          {},
          ...rows.map(({ name }, at) =>
            el(
              "tr",
              {},
              el("th", { scope: "row", text: name }),
              ...cells[at].map((text) => el("td", { text })),
            ),
          ),
        ),
      ),
    );
  }

  const note = (/** @type {string} */ text) => el("p", { class: "note", text });

  /** @param {SummaryRow | null} row */
  function showHead(row) {
    head.replaceChildren(el("h2", { id: "totals-title", text: row ? row.name : words.totals }));
    if (!row) return;
    const isOnly = state.get("region") === row.key;
    const step = { type: "button", class: "step" };
    const only = el("button", {
      ...step,
      text: isOnly ? words.all_regions : words.only_region,
      onclick: () => state.set({ region: isOnly ? "" : row.key }),
    });
    const zoom = () => layers.regions.zoomTo(row.key);
    const zoomTo = el("button", { ...step, text: words.zoom_to, onclick: zoom });
    const close = el("button", {
      type: "button",
      class: "close",
      text: "×",
      onclick: () => chooseRegion(""),
      "aria-label": words.back_to_all,
      title: words.back_to_all,
    });
    head.append(close, el("p", { class: "region-actions" }, spec.isSaved ? null : only, zoomTo));
  }

  /** @param {Summary} summary */
  function showWhole(summary) {
    const { coverage, credits, elsewhere, rows, totals: sum } = summary;
    const { not_on_map: unplaced, smallest_cell: smallest } = summary;
    const { contradictory, datasets: covered, withheld, undated, spanning } = coverage;
    showHead(null);
    if (!covered.length && withheld.terms > 0) {
      const text = fill(words.withheld_all, { n: n(withheld.terms) });
      totals.replaceChildren(el("p", { text }));
    } else if (!sum && withheld.small_cells && covered.length === 1) totals.replaceChildren();
    else if (!sum)
      totals.replaceChildren(el("p", { text: words.several_datasets }), sideBySide(rows));
    else totals.replaceChildren(...figuresOf(sum));
    /** @type {[text: string, count: number | undefined][]} */
    const gaps = [
      [words.not_on_map, unplaced],
      [words.figure_elsewhere, elsewhere?.incidents],
      [words.undated, undated],
      [words.spanning, spanning],
      [words.contradictory, contradictory],
      [words.withheld, (covered.length ? withheld.terms : 0) + withheld.embargo],
      [words.small_cells.replace("{k}", n(smallest ?? 0)), withheld.small_cells],
    ];
    const lines = gaps.flatMap(([text, count]) =>
      count ? [note(fill(text, { n: n(count) }))] : [],
    );
    notes.replaceChildren(...lines);
    showCredits(credits);
  }

  /**
   * @param {Summary} summary
   * @param {SummaryRow} row
   */
  function showRegion({ credits, unmarked }, row) {
    showHead(row);
    totals.replaceChildren(...figuresOf(row));
    notes.replaceChildren();
    const inside = unmarked[row.key];
    if (inside) notes.append(note(fill(words.of_region, { n: n(inside) })));
    const { killed_per_100k: rate, population, population_year: year } = row;
    if (typeof rate === "number") {
      const values = { rate: n(rate), population: n(population ?? 0), year: year ?? "–" };
      notes.append(note(fill(words.rate_line, values)));
    }
    showCredits(credits);
  }

  function showCredits(/** @type {string[]} */ credits) {
    if (credits.length) notes.append(note(`${words.credits}: ${credits.join(" · ")}`));
  }

  /** @param {Summary} summary */
  function show(summary) {
    latest = summary;
    const rows = summary.by === "region" ? summary.rows : [];
    const row = rows.find(({ key }) => key === region);
    headline.textContent = summary.headline ?? "";
    headline.hidden = Boolean(row) || !summary.headline;
    if (row) showRegion(summary, row);
    else showWhole(summary);
    layers.regions.mark(row ? row.key : "");
    sentences.replaceChildren(...(summary.text ?? []).map((text) => el("p", { text })));
    later();
  }

  /** What takes a scan on the server is asked for when the reader rests. */
  async function drawCharts() {
    const signal = newest();
    const sum = latest?.totals && (latest.rows.find(({ key }) => key === region) ?? latest.totals);
    if (!sum?.incidents || isHidden(figures)) {
      charts.replaceChildren();
      return;
    }
    const query = state.query(region ? { region } : {});
    /** @type {(by: string) => Promise<Summary>} */
    const sumsBy = (by) => readJson(`/api/summary?${query}&by=${by}`, signal);
    try {
      const [weapons, days] = await Promise.all([sumsBy("weapon"), sumsBy("day")]);
      /** @type {[string, number, string][]} */
      const damage = Object.entries(sum.damage).map(([code, { damaged }]) => [
        labelOf(spec.sectors, code),
        damaged,
        code,
      ]);
      /** @type {[string, number, string][]} */
      const byWeapon = weapons.rows.map(({ key, name, incidents }) => [name, incidents, key]);
      const sections = [
        countBars(words.damage_by_sector, damage, language),
        countBars(words.by_weapon, byWeapon, language, words.by_weapon_note),
        days.coverage.datasets.length ? dayChart(days.rows, context) : null,
      ];
      charts.replaceChildren(...sections.filter((section) => section !== null));
    } catch (wrong) {
      if (!wasAborted(wrong)) charts.replaceChildren(note(messageOf(wrong)));
    }
  }
  const later = debounce(LATER_MS, drawCharts);

  /** @param {string} key */
  function chooseRegion(key) {
    region = key;
    toHash({ region });
    foldLegend(Boolean(region));
    if (latest) show(latest);
  }

  showHead(null);
  const onshow = () => {
    if (latest) later();
  };
  const content = [figures, settings, charts, inWords];
  return { content, show, chooseRegion, showDatasetCounts: datasets.showCounts, onshow };
}
