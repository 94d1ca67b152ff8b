/* Filters, each choice with how many incidents it would leave. */
/** @import { Facets, FilterTab, Label, MapContext, PageParts } from "./types.js" */
import { debounce, el, isHidden } from "./dom.js";
import { fill, number } from "./format.js";
import { messageOf, readJson, wasAborted } from "./request.js";

const KILLED = ["1", "5", "10", "50"];
const DISTANCES = ["10", "30", "100"];
const LIST_NAMES = /** @type {const} */ (["weapon", "sector", "status", "kind"]);
const NAMES = [...LIST_NAMES, "min_killed", "region", "line_km", "side", "bbox", "within"];
const LATER_MS = 200;
const LINE_MS = 600;

/**
 * @param {MapContext} context
 * @param {PageParts} parts
 * @returns {FilterTab}
 */
export function makeFilters({ state, spec, words, language }, parts) {
  const n = (/** @type {number} */ value) => number(language, value);
  /** @type {(text: string, onclick: () => void) => HTMLElement} */
  const button = (text, onclick) => el("button", { type: "button", class: "step", text, onclick });
  const status = el("p", { class: "note", "aria-live": "polite" });
  const clear = button(words.clear_filters, () => {
    const none = Object.fromEntries(NAMES.map((name) => [name, ""]));
    if (state.get("bbox") || state.get("within")) state.go(none);
    else state.set(none);
  });
  const groups = {
    weapon: group("weapon", spec.weapons),
    sector: group("sector", spec.sectors),
    status: group("status", spec.statuses),
    kind: group("kind", spec.kinds),
  };
  /** @type {Label[]} */
  const least = KILLED.map((count) => [count, count]);
  const selects = [
    select("min_killed", words.killed_least, [["", words.any], ...least]),
    select("region", words.region, [["", words.all], ...spec.regions]),
  ];
  if (spec.controls.length) {
    /** @type {Label[]} */
    const distances = DISTANCES.map((km) => [km, fill(words.within_km, { n: km })]);
    /** @type {Label[]} */
    const parties = spec.theatre.parties.map(({ code, name }) => [code, name]);
    const nobody = /** @type {Label} */ (["not_stated", words.nobody_states]);
    selects.push(
      select("line_km", words.line_km, [["", words.any_distance], ...distances]),
      select("side", words.side, [["", words.all], ...parties, nobody]),
    );
  }
  /* A box comes with the address only; the tab says so, and can take it away. */
  const boxText = el("span", { class: "note" });
  const everywhere = button(words.all_places, () => state.go({ bbox: "" }));
  const boxLine = el("p", { class: "filters-head" }, boxText, everywhere);
  const area = button(`${words.drawn_area} ×`, () => state.go({ within: "" }));
  area.title = words.drawn_area_remove;
  const areaLine = el("p", { class: "filters-head" }, area);
  const head = el("p", { class: "filters-head" }, status, clear);

  /**
   * @param {string} name
   * @param {Label[]} labels
   */
  function group(name, labels) {
    const rows = labels.map(([code, text]) => {
      const check = el("input", { type: "checkbox", value: code, onchange: () => apply() });
      const count = el("span", { class: "count" });
      const label = el("label", {}, check, el("span", { text }), count);
      return {
        code,
        check,
        count,
        row: el("li", { class: code.includes(".") ? "member" : "" }, label),
      };
    });
    const apply = () => {
      const checked = rows.filter((row) => row.check.checked);
      state.set({ [name]: checked.map((row) => row.code).join() });
    };
    const list = el("ul", {}, ...rows.map(({ row }) => row));
    const legend = el("legend", { text: words[name] });
    return { rows, box: el("fieldset", { class: "facet", "data-facet": name }, legend, list) };
  }

  /**
   * @param {string} name
   * @param {string} title
   * @param {Label[]} labels
   */
  function select(name, title, labels) {
    const options = labels.map(([value, text]) => ({ text, node: el("option", { value, text }) }));
    const nodes = options.map(({ node }) => node);
    const onchange = () => state.set({ [name]: node.value });
    const node = el("select", { name, onchange }, ...nodes);
    const label = el("label", { class: "choice" }, el("span", { text: title }), node);
    return { name, node, options, label };
  }

  /** @param {Facets} counts */
  function showGroups(counts) {
    for (const name of LIST_NAMES) {
      const { box, rows } = groups[name];
      const set = state.list(name);
      const facet = counts[name];
      for (const { code, check, count, row } of rows) {
        check.checked = set.includes(code);
        if (facet === undefined) continue;
        count.textContent = facet ? n(facet[code] ?? 0) : "";
        row.hidden = facet !== null && !facet[code] && !check.checked;
      }
      /* Battles are off unless chosen; where there are none, kinds are no choice. */
      const choices = rows.filter(({ row }) => !row.hidden).length;
      box.hidden = choices < (name === "kind" ? 2 : 1) && !set.length;
    }
  }

  /** @param {Facets} counts */
  function showSelects(counts) {
    for (const { name, node, options } of selects) {
      const value = state.get(name);
      const facet = counts[name];
      if (!options.some((option) => option.node.value === value)) {
        const added = el("option", { value, text: value });
        options.push({ text: value, node: added });
        node.append(added);
      }
      node.value = value;
      if (!facet || typeof facet === "string") continue;
      for (const { text, node: option } of options) {
        const count = facet[option.value];
        if (option.value && count !== undefined)
          option.textContent = fill(words.count_in, { label: text, n: n(count) });
      }
    }
  }

  /** Show what is set; a choice that nothing falls under is hidden unless it is set. */
  function show(/** @type {Facets} */ counts = {}) {
    showGroups(counts);
    showSelects(counts);
    const box = state.list("bbox").map((side) => n(Number(side)));
    boxLine.hidden = !box.length;
    areaLine.hidden = !state.get("within");
    const sides = { box: `${box[0]} – ${box[2]}, ${box[1]} – ${box[3]}` };
    boxText.textContent = box.length ? fill(words.figure_area, sides) : "";
    const count = NAMES.filter((name) => state.get(name)).length;
    status.textContent = count ? fill(words.filters_set, { n: count }) : "";
    clear.hidden = head.hidden = !count;
    parts.tabs?.setCount("filters", count);
  }

  /** The newest question's signal: counts by distance are called off with the others. */
  let controller = new AbortController();
  /** @param {() => Promise<void>} ask */
  async function guarded(ask) {
    if (isHidden(head.parentElement ?? head)) return;
    try {
      await ask();
    } catch (wrong) {
      if (!wasAborted(wrong)) status.textContent = fill(words.error, { why: messageOf(wrong) });
    }
  }
  const count = () =>
    guarded(async () => {
      controller.abort();
      controller = new AbortController();
      /** @type {Facets} */
      const facets = await readJson(`/api/facets?${state.query()}`, controller.signal);
      show(facets);
      parts.overview?.showDatasetCounts(facets.datasets ?? {});
      if (facets.dataset && spec.shownDatasets.length > 1) {
        head.hidden = false;
        status.textContent += " " + fill(words.facets_of, { dataset: facets.dataset });
      }
    });
  /* Distances are joined with each day's line: asked for apart, and only when somebody looks. */
  const countByLine = () =>
    guarded(async () => {
      if (!spec.controls.length || !state.get("control")) return;
      const address = `/api/facets?${state.query()}&only=line_km`;
      /** @type {Facets} */
      const { line_km: counts } = await readJson(address, controller.signal);
      show({ line_km: counts ?? {} });
    });
  const later = debounce(LATER_MS, count);
  const muchLater = debounce(LINE_MS, countByLine);
  const refresh = () => {
    later();
    muchLater();
  };
  state.onChange(() => {
    show();
    refresh();
  });
  show();
  const labels = selects.map(({ label }) => label);
  const boxes = Object.values(groups).map(({ box }) => box);
  return { content: [head, boxLine, areaLine, ...labels, ...boxes], show, onshow: refresh };
}
