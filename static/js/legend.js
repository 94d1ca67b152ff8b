/* The legend: classes with their numbers, patterns, marks, and the switches of the layers. */
/** @import { IncidentOptions, Label, Legend, MapContext, PageSpec, Pattern } from "./types.js" */
/** @import { ShownControl } from "./types.js" */
import { choice, sourceChoice } from "./choice.js";
import { el } from "./dom.js";
import { dayText, fill, number } from "./format.js";
import { fromHash, toHash } from "./hash.js";
import { areaSwatch, dotSwatch, lineSwatch, patternUrl, rampSwatch } from "./patterns.js";

const NAMES = /** @type {const} */ (["regions", "control", "incidents"]);
const METRICS = ["incidents", "killed", "injured", "damaged", "destroyed"];
const COLOURS = ["weapon", "sector", "status", "dataset", "side"];
const SIZES = ["none", "killed", "injured"];
const SIZE_PX = 4.4;
const isOff = (/** @type {string} */ name) => fromHash("off").split(",").includes(name);
const hatch = (/** @type {Pattern} */ { kind, colour }) => patternUrl(kind, colour);

/** @param {Node} swatch @param {string} text */
const row = (swatch, text) => el("li", {}, swatch, el("span", { text }));

/** A mark whose place is known to a settlement. */
const softSwatch = (/** @type {IncidentOptions} */ { shapes, ring, unknown }) =>
  dotSwatch(unknown, shapes.circle, ring, 3.5, true);

/** The options of the incidents' layer. */
function marksOf(/** @type {PageSpec} */ spec) {
  const layer = spec.layers.find(({ factory }) => factory === "incidents");
  return /** @type {IncidentOptions} */ (layer?.options);
}

/**
 * @param {MapContext} context
 * @returns {Legend}
 */
export function makeLegend(context) {
  const { map, words, language, spec, state, layers } = context;
  const { look: regions } = layers.regions;
  const { look: control } = layers.control;
  const marks = marksOf(spec);
  const n = (/** @type {number} */ value) => number(language, value);
  const lists = { regions: el("ul"), control: el("ul"), incidents: el("ul") };
  const summaryPane = document.querySelector("#pane-summary");
  const isBeside = summaryPane !== null && matchMedia("(min-width: 60rem)").matches;
  const title = el("summary", { text: words.legend });
  const className = isBeside ? "legend beside" : "legend";
  const box = el("details", { class: className, open: isBeside }, title);
  const area = (/** @type {string} */ colour, /** @type {number} */ opacity = 1) =>
    areaSwatch(colour, regions.edge, opacity);

  for (const name of NAMES) {
    const show = () => {
      if (isOff(name)) map.removeLayer(layers[name]);
      else map.addLayer(layers[name]);
    };
    const onchange = () => {
      const off = NAMES.filter((other) => (other === name ? !check.checked : isOff(other)));
      toHash({ off: off.join() });
      show();
    };
    const check = el("input", { type: "checkbox", checked: !isOff(name), onchange });
    show();
    const text = el("span", { text: words["layer_" + name] });
    const choices = { regions: metricChoice, control: sourceChoices, incidents: lookChoices }[
      name
    ]();
    box.append(el("label", { class: "layer" }, check, text), ...choices, lists[name]);
  }

  /** @type {(name: string, text: string, codes: string[]) => HTMLElement} */
  function choose(name, text, codes) {
    const nameOf = (/** @type {string} */ code) =>
      name === "palette" ? words["palette_" + code] : words[code === "none" ? "size_none" : code];
    const labels = codes.map((code) => /** @type {Label} */ ([code, nameOf(code)]));
    const set = (/** @type {string} */ _, /** @type {string} */ code) =>
      state.set({ [name]: code === codes[0] ? "" : code });
    return choice(name, text, labels, state.get(name) || codes[0], set);
  }

  function metricChoice() {
    const rates = spec.hasPopulation ? ["killed_per_100k"] : [];
    return [
      choose("metric", words.metric, [...METRICS, ...rates]),
      choose("palette", words.palette, Object.keys(regions.ramps)),
    ];
  }

  function sourceChoices() {
    const isOffered = summaryPane && !spec.isSaved && spec.controls.length > 1;
    return isOffered ? [sourceChoice(context)] : [];
  }

  /* A saved page has its marks in one choice of classes. */
  function lookChoices() {
    const colours = COLOURS.filter(
      (by) => by !== "side" || spec.controls.some(({ sharesPoints }) => sharesPoints),
    );
    return [
      ...(spec.isSaved ? [] : [choose("colour_by", words.colour_by, colours)]),
      choose("size_by", words.size_by, SIZES),
    ];
  }

  /** @type {(low: number, high: number | undefined) => string} */
  function classText(low, high) {
    if (high === undefined) return fill(words.class_from, { from: n(low) });
    if (!Number.isInteger(high)) return fill(words.class_range, { from: n(low), to: n(high) });
    return high - 1 === low ? n(low) : fill(words.class_range, { from: n(low), to: n(high - 1) });
  }

  function regionRows() {
    const limits = layers.regions.limits();
    const lack = layers.regions.lacks();
    if (lack === "not_shared") return [row(area(hatch(regions.noFigure)), words.not_shared)];
    if (lack) return [el("li", {}, el("span", { text: words[lack] }))];
    const ramp = layers.regions.ramp();
    const isOne = state.list("region").length === 1;
    const items = limits.map((low, i) =>
      row(area(ramp[i], regions.opacity), classText(low, limits[i + 1])),
    );
    if (["killed", "injured", "killed_per_100k"].includes(state.get("metric")))
      items.push(row(area(hatch(regions.noFigure)), words.no_figure));
    if (layers.regions.hasSmallCells)
      items.push(row(area(hatch(regions.noFigure)), words.not_shared));
    else if (!isOne) items.push(row(area("none"), words[layers.regions.none()]));
    if (layers.regions.hasBadges) {
      const badge = { class: "badge swatch-badge", text: "n", "aria-hidden": "true" };
      items.push(row(el("span", badge), words.badge_legend));
    }
    return items;
  }

  /** @param {ShownControl} about */
  function snapshotRows(about) {
    if (!about.validOn) return [];
    const items = control.parties.flatMap(({ code, name, pattern }) =>
      pattern && about.controllers.includes(code)
        ? [row(area(hatch(pattern), 0.8), fill(words.ground_of, { party: name }))]
        : [],
    );
    if (about.hasClaims) items.push(row(area(hatch(control.claimed)), words.claimed));
    if (about.hasCited) items.push(row(area(hatch(control.cited)), words.cited));
    if (!about.length_km) return items;
    const km = n(Math.round(about.length_km));
    const length = fill(words.line_length, { km, tolerance: n(about.border_tolerance_km) });
    const { line, casing, dashes } = control;
    items.push(row(lineSwatch(line, casing), `${words.front_line}: ${length}`));
    const old = fill(words.stale_line, { n: context.staleDays });
    if (about.isStale)
      items.push(row(lineSwatch(line, casing, dashes.stale, control.staleWidth), old));
    return items;
  }

  function besideRows() {
    const { casing, dashes, parties } = control;
    const { other, fixed, changed } = layers.control.beside;
    const party = parties.find(({ code }) => code === spec.controller)?.name ?? "";
    const items = (changed ?? []).map((kind) => {
      const pattern = control[kind];
      const text = fill(words[kind + "_ground"], { party });
      return row(areaSwatch(hatch(pattern), pattern.colour), text);
    });
    if (other?.validOn) {
      const source = spec.controls.find(({ slug }) => slug === other.source)?.name;
      const text = fill(words.overlay_line, { source, date: dayText(language, other.validOn) });
      items.push(row(lineSwatch(control.other, casing, dashes.other), text));
    }
    if (fixed) {
      const text = fill(words.frozen_line, { date: dayText(language, fixed) });
      items.push(row(lineSwatch(control.fixed, casing, dashes.fixed), text));
    }
    return items;
  }

  function incidentRows() {
    if (layers.incidents.isDense) {
      const cell = fill(words.density_cell, {
        px: marks.densityPx,
        most: n(layers.incidents.most),
      });
      return [row(rampSwatch(marks.density, regions.edge), `${words.density}; ${cell}`)];
    }
    const { looks, scene } = layers.incidents;
    const { colourBy, sizeBy } = looks;
    const used = layers.incidents.used();
    const dot = (/** @type {string} */ colour, /** @type {string} */ shape, radius = SIZE_PX) =>
      dotSwatch(colour, marks.shapes[shape], marks.ring, radius);
    const items = [...printedLine("colour_by", colourBy, "weapon")];
    const source = spec.controls.find(({ slug }) => slug === state.get("control"))?.name;
    if (colourBy === "side" && source)
      items.push(el("li", { text: fill(words.by_source, { text: words.side, source }) }));
    spec.looks[colourBy].forEach(([, label, colour, shape], place) => {
      if (!used || used.classes.has(place)) items.push(row(dot(colour, shape), label));
    });
    if (sizeBy !== "none") {
      items.push(...printedLine("size_by", sizeBy, "none"));
      marks.sizes.forEach(([least, factor], i) => {
        if (used && !used.steps.has(i + 1)) return;
        const text = classText(least, marks.sizes[i + 1]?.[0]);
        items.push(row(dot(marks.paper, "circle", SIZE_PX * factor), text));
      });
      if (!used || used.steps.has(0))
        items.push(row(dot(marks.paper, "circle"), words.size_unknown));
    }
    if (spec.hasSettlements) items.push(row(softSwatch(marks), words.dot_settlement));
    if (scene?.spots.length) {
      const badge = { class: "swatch-spot", text: "n", "aria-hidden": "true" };
      items.push(row(el("span", badge), words.spot_badge));
    }
    return items;
  }

  /**
   * What a choice says on paper, which has no choices.
   * @param {string} name
   * @param {string} code
   * @param {string} otherwise
   */
  function printedLine(name, code, otherwise) {
    if (code === otherwise) return [];
    return [el("li", { class: "legend-title", text: `${words[name]}: ${words[code]}` })];
  }

  if (isBeside) summaryPane.querySelector(".settings")?.after(box);
  else {
    const holder = new L.Control({ position: "bottomleft" });
    holder.onAdd = () => {
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    holder.addTo(map);
  }
  /* A chosen region's figures and charts come first; the legend makes room. */
  const fold = (/** @type {boolean} */ isFolded) => {
    if (isBeside) box.open = !isFolded;
  };
  fold(Boolean(fromHash("region")));
  return {
    fold,
    add: (node) => box.append(node),
    showRegions() {
      const metric = words[state.get("metric") || "incidents"];
      const head = el("li", { class: "legend-title", text: metric });
      lists.regions.replaceChildren(head, ...regionRows());
    },
    showControl() {
      const { about } = layers.control;
      lists.control.replaceChildren(...(about ? snapshotRows(about) : []), ...besideRows());
    },
    showIncidents: () => lists.incidents.replaceChildren(...incidentRows()),
  };
}

/**
 * The line under the map: whose control it shows, of which day, how old, and what it covers.
 * @param {MapContext} context
 * @param {ShownControl | null} about
 */
export function captionText({ words, language, spec, staleDays }, about) {
  const { note } = spec.theatre;
  const source = spec.controls.find(({ slug }) => slug === about?.source);
  if (!source || !about) return note;
  if (!about.validOn) return `${fill(words.control_none, { source: source.name })}. ${note}`;
  const { ageDays, includes } = about;
  const old = ageDays === 1 ? words.control_age_one : words.control_age;
  const age = ageDays ? fill(old, { n: number(language, ageDays) }) : words.control_today;
  const stale = ageDays > staleDays ? ` (${fill(words.control_stale, { n: staleDays })})` : "";
  const { comma, semicolon } = words;
  const parts = includes.map((part) => words["includes_" + part]).join(comma);
  const covers = includes.length > 1 ? semicolon + fill(words.includes, { parts }) : "";
  const credit = source.credit === source.name ? "" : ` © ${source.credit}.`;
  const snapshot = { source: source.name, date: dayText(language, about.validOn) };
  const text = `${words.layer_control}: ${fill(words.control_of, snapshot)}${comma}${age}`;
  return `${text}${stale}${covers}.${credit} ${note}`;
}
