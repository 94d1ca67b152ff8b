/* The legend: classes with their numbers, patterns, marks, and the switches of the layers. */
import { dayText, el, fill, number } from "./dom.js";
import { fromHash, toHash } from "./hash.js";
import { dotSwatch, lineSwatch, patternUrl, rampSwatch, swatch as framed } from "./patterns.js";

const NAMES = ["regions", "control", "incidents"];
const isOff = (name) => fromHash("off").split(",").includes(name);

export function makeLegend(map, context) {
  const { words, language, spec, state, layers } = context;
  const option = (factory) => spec.layers.find((layer) => layer.factory === factory).options;
  const regions = option("regions"), control = option("control"), incidents = option("incidents");
  const swatch = (fill, look) => framed(fill, { stroke: regions.edge, ...look });
  const rows = { regions: el("ul"), control: el("ul"), incidents: el("ul") };
  const panel = document.querySelector("#pane-summary"), isBeside = panel && matchMedia("(min-width: 60rem)").matches;
  const box = el("details", { class: isBeside ? "legend beside" : "legend", open: isBeside }, el("summary", { text: words.legend }));
  const row = (mark, text) => el("li", {}, mark, el("span", { text }));

  function showLayer(name) {
    if (isOff(name)) map.removeLayer(layers[name]);
    else map.addLayer(layers[name]);
  }

  for (const name of NAMES) {
    const check = el("input", { type: "checkbox", checked: !isOff(name), onchange: () => { toHash({ off: NAMES.filter((one) => (one === name ? !check.checked : isOff(one))).join(",") }); showLayer(name); } });
    showLayer(name);
    box.append(el("label", { class: "layer" }, check, el("span", { text: words["layer_" + name] })), rows[name]);
  }

  function showRegions() {
    const metric = state.get("metric") || "incidents", limits = layers.regions.limits(), n = (value) => number(language, value);
    const items = limits.map((low, i) => {
      const high = limits[i + 1];
      const single = high !== undefined && Number.isInteger(high) && high - 1 === low;
      const text = high === undefined ? fill(words.class_from, { from: n(low) }) : single ? n(low) : fill(words.class_range, { from: n(low), to: n(Number.isInteger(high) ? high - 1 : high) });
      return row(swatch(regions.ramps[limits.length][i], { opacity: regions.opacity }), text);
    });
    if (["killed", "injured", "killed_per_100k"].includes(metric)) items.push(row(swatch(patternUrl(regions.noFigure.kind, regions.noFigure.colour), { opacity: 1 }), words.no_figure));
    items.push(row(swatch("none"), words[layers.regions.none()]));
    if (layers.regions.hasBadges) items.push(row(el("span", { class: "badge swatch-badge", text: "n", "aria-hidden": "true" }), words.badge_legend));
    const lack = layers.regions.lacks();
    if (lack) items.splice(0, items.length, lack === "not_shared" ? row(swatch(patternUrl(regions.noFigure.kind, regions.noFigure.colour), { opacity: 1 }), words.not_shared) : el("li", {}, el("span", { text: words[lack] })));
    rows.regions.replaceChildren(el("li", { class: "legend-title", text: words[metric] }), ...items);
  }

  function showControl() {
    const about = layers.control.about, items = [];
    if (about?.validOn) {
      for (const party of control.parties) {
        if (party.pattern && about.controllers.includes(party.code)) items.push(row(swatch(patternUrl(party.pattern.kind, party.pattern.colour), { opacity: 0.8 }), fill(words.ground_of, { party: party.name })));
      }
      if (about.hasClaims) items.push(row(swatch(patternUrl(control.claimed.kind, control.claimed.colour)), words.claimed));
      if (about.hasCited) items.push(row(swatch(patternUrl(control.cited.kind, control.cited.colour)), words.cited));
      if (about.length_km) items.push(row(lineSwatch(control.line, control.casing), `${words.front_line}: ${fill(words.line_length, { km: number(language, Math.round(about.length_km)), tolerance: number(language, about.border_tolerance_km) })}`));
    }
    if (about?.isStale && about.length_km) items.push(row(lineSwatch(control.line, control.casing, control.dashes.stale), fill(words.stale_line, { n: context.staleDays })));
    const { other, fixed, changed } = layers.control.beside, party = control.parties.find((one) => one.code === spec.controller)?.name ?? "";
    for (const kind of changed ?? []) items.push(row(swatch(patternUrl(control[kind].kind, control[kind].colour), { stroke: control[kind].colour }), fill(words[kind + "_ground"], { party })));
    if (other) items.push(row(lineSwatch(control.other, control.casing, control.dashes.other), fill(words.overlay_line, { source: spec.controls.find((one) => one.slug === other.source).name, date: dayText(language, other.validOn) })));
    if (fixed) items.push(row(lineSwatch(control.fixed, control.casing, control.dashes.fixed), fill(words.frozen_line, { date: dayText(language, fixed) })));
    rows.control.replaceChildren(...items);
  }

  function showIncidents() {
    const used = incidents.families.filter(([code]) => spec.usedFamilies.includes(code));
    const mark = ([, colour, shape], soft) => dotSwatch(colour, incidents.shapes[shape], incidents.ring, soft);
    if (layers.incidents.isDense) {
      const cell = fill(words.density_cell, { px: incidents.densityPx, most: number(language, layers.incidents.most) });
      rows.incidents.replaceChildren(row(rampSwatch(incidents.density, regions.edge), `${words.density}; ${cell}`));
      return;
    }
    const items = used.map((one) => row(mark(one), spec.weapons.find(([code]) => code === one[0])[1]));
    if (spec.hasSettlements) items.push(row(mark(incidents.families.find(([code]) => code === "unknown"), true), words.dot_settlement));
    rows.incidents.replaceChildren(...items);
  }

  if (isBeside) panel.firstElementChild.after(box);
  else {
    const holder = L.control({ position: "bottomleft" });
    holder.onAdd = () => {
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    holder.addTo(map);
  }
  /* A chosen region's figures and charts come first; the legend makes room. */
  context.foldLegend = (isFolded) => isBeside && (box.open = !isFolded);
  context.foldLegend(Boolean(fromHash("region")));
  return { showRegions, showControl, showIncidents };
}

/* The line under the map that is always in sight: whose control, of which day, how old, what it covers. */
export function captionText(context, about) {
  const { words, language, spec } = context, source = spec.controls.find((one) => one.slug === about?.source);
  if (!source) return spec.theatre.note;
  if (!about.validOn) return `${fill(words.control_none, { source: source.name })}. ${spec.theatre.note}`;
  const age = about.ageDays ? fill(about.ageDays === 1 ? words.control_age_one : words.control_age, { n: number(language, about.ageDays) }) : words.control_today;
  const parts = about.includes.map((part) => words["includes_" + part]).join(", ");
  const stale = about.ageDays > context.staleDays ? ` (${fill(words.control_stale, { n: context.staleDays })})` : "";
  const covers = about.includes.length > 1 ? `; ${fill(words.includes, { parts })}` : "";
  const credit = source.credit === source.name ? "" : ` © ${source.credit}.`;
  return `${words.layer_control}: ${fill(words.control_of, { source: source.name, date: dayText(language, about.validOn) })}, ${age}${stale}${covers}.${credit} ${spec.theatre.note}`;
}
