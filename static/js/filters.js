/* Filters, each choice with how many incidents it would leave. */
import { debounce, el, fill, number, readJson } from "./dom.js";

const KILLED = ["1", "5", "10", "50"], DISTANCES = ["10", "30", "100"];
const LISTS = ["weapon", "sector", "status"], NAMES = [...LISTS, "min_killed", "region", "line_km", "side", "bbox"];
const LATER_MS = 200, LINE_MS = 600;

export function makeFilters(context) {
  const { state, spec, words, language } = context;
  const n = (value) => number(language, value);
  const known = el("p", { class: "note", "aria-live": "polite" });
  const clear = el("button", { type: "button", class: "step", text: words.clear_filters, onclick: () => (state.get("bbox") ? state.go : state.set).call(state, Object.fromEntries(NAMES.map((name) => [name, ""]))) });
  const groups = { weapon: group("weapon", spec.weapons), sector: group("sector", spec.sectors), status: group("status", spec.statuses) };
  const selects = {
    min_killed: select("min_killed", words.killed_least, [["", words.any], ...KILLED.map((least) => [least, least])]),
    region: select("region", words.region, [["", words.all], ...spec.regions]),
  };
  if (spec.controls.length) {
    selects.line_km = select("line_km", words.line_km, [["", words.any_distance], ...DISTANCES.map((km) => [km, fill(words.within_km, { n: km })])]);
    selects.side = select("side", words.side, [["", words.all], ...spec.theatre.parties.map((one) => [one.code, one.name]), ["not_stated", words.nobody_states]]);
  }
  /* A box comes with the address only; here it is told, and can be taken away. */
  const boxed = el("p", { class: "filters-head" }, el("span", { class: "note" }), el("button", { type: "button", class: "step", text: words.all_places, onclick: () => state.go({ bbox: "" }) }));
  const head = el("p", { class: "filters-head" }, known, clear);
  const content = [head, boxed, ...Object.values(selects).map((one) => one.label), ...Object.values(groups).map((one) => one.box)];

  const listed = (name) => String(state.get(name) || "").split(",").filter(Boolean);

  function group(name, pairs) {
    const rows = pairs.map(([code, text]) => {
      const check = el("input", { type: "checkbox", value: code, onchange: () => take(name) }), count = el("span", { class: "count" });
      return { code, check, count, row: el("li", { class: code.includes(".") ? "member" : "" }, el("label", {}, check, el("span", { text }), count)) };
    });
    const box = el("fieldset", { class: "facet", "data-facet": name }, el("legend", { text: words[name] }), el("ul", {}, ...rows.map((one) => one.row)));
    return { box, rows };
  }

  function select(name, text, pairs) {
    const options = pairs.map(([value, label]) => ({ value, label, node: el("option", { value, text: label }) }));
    const made = el("select", { name, onchange: () => state.set({ [name]: made.value }) }, ...options.map((one) => one.node));
    return { made, options, label: el("label", { class: "choice" }, el("span", { text }), made) };
  }

  function take(name) {
    state.set({ [name]: groups[name].rows.filter((one) => one.check.checked).map((one) => one.code).join(",") });
  }

  /* Show what is set; a choice that nothing falls under is hidden unless it is set. */
  function show(counts = {}) {
    for (const name of LISTS) {
      const set = listed(name), found = counts[name];
      for (const one of groups[name].rows) {
        one.check.checked = set.includes(one.code);
        if (found === undefined) continue;
        one.count.textContent = found ? n(found[one.code] ?? 0) : "";
        one.row.hidden = Boolean(found) && !found[one.code] && !one.check.checked;
      }
      groups[name].box.hidden = groups[name].rows.every((one) => one.row.hidden);
    }
    for (const [name, { made, options }] of Object.entries(selects)) {
      const value = state.get(name) ?? "", found = counts[name];
      if (!options.some((one) => one.value === value)) made.append(options[options.push({ value, label: value, node: el("option", { value, text: value }) }) - 1].node);
      made.value = value;
      for (const one of options) if (one.value && found?.[one.value] !== undefined) one.node.textContent = fill(words.count_in, { label: one.label, n: n(found[one.value]) });
    }
    const box = (state.get("bbox") || "").split(",").filter(Boolean).map((side) => n(+side));
    boxed.hidden = !box.length;
    boxed.firstChild.textContent = box.length ? fill(words.figure_area, { box: `${box[0]} – ${box[2]}, ${box[1]} – ${box[3]}` }) : "";
    const set = NAMES.filter((name) => state.get(name)).length;
    known.textContent = set ? fill(words.filters_set, { n: set }) : "";
    clear.hidden = head.hidden = !set;
    context.tabs?.tell("filters", set);
  }

  let asking = null;
  const isSeen = () => !content[2].closest("[hidden]");
  async function count() {
    if (!isSeen()) return;
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const found = await readJson(`/api/facets?${state.query()}`, signal);
      show(found);
      context.tellDatasets?.(found.datasets);
      if (found.dataset && spec.shownDatasets.length > 1) {
        head.hidden = false;
        known.textContent += " " + fill(words.facets_of, { dataset: found.dataset });
      }
    } catch (wrong) {
      if (wrong.name !== "AbortError") known.textContent = fill(words.error, { why: wrong.message });
    }
  }
  /* Distances are joined with each day's line: asked for apart, and only when somebody looks. */
  async function countLine() {
    if (!isSeen() || !selects.line_km || !state.get("control")) return;
    try {
      const found = await readJson(`/api/facets?${state.query()}&only=line_km`, asking?.signal);
      show({ line_km: found.line_km ?? {} });
    } catch (wrong) {
      if (wrong.name !== "AbortError") known.textContent = fill(words.error, { why: wrong.message });
    }
  }
  const later = debounce(LATER_MS, count), muchLater = debounce(LINE_MS, countLine);
  state.addEventListener("change", () => { show(); later(); muchLater(); });
  show();
  return { content, show, onshow: () => { later(); muchLater(); } };
}
