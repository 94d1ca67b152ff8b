/* Builds the page from its JSON block: the map, its layers and what stands around it. */
import { makeControl } from "./control.js";
import { dayNumber, debounce, el, fill, readJson } from "./dom.js";
import { makeDialog } from "./incident.js";
import { fetchMonths, makeIncidents } from "./incidents.js";
import { captionText, makeLegend } from "./legend.js";
import { makePanel } from "./panel.js";
import { makePeriod } from "./period.js";
import { makeRegions } from "./regions.js";
import { State } from "./state.js";

const PANES = [["basemap", 200], ["regions", 350], ["control", 360], ["changes", 370], ["labels", 380], ["front", 390], ["incidents", 450]];
const PICK_PX = 10, HEAD_START_MS = 150, FIT_SNAP = 0.25, FIT_MARGIN_PX = 12, SETTLE_MS = 1500;
let isSettled = false;

const spec = JSON.parse(document.getElementById("spec").textContent);
const words = spec.strings, language = spec.view.lang;
/* The columns travel while the map is built. */
const listing = fetchMonths(spec.columnsUrl);
await Promise.race([listing.catch(() => {}), new Promise((go) => setTimeout(go, HEAD_START_MS))]);
const state = new State(spec.view);
const map = makeMap();
const renderers = {};
const context = {
  spec, words, language, state, map, layers: {},
  staleDays: spec.layers.find((layer) => layer.factory === "control").options.staleDays,
  controlDays: (source = state.get("control")) => spec.controls.find((one) => one.slug === source)?.days ?? [],
  renderer: (pane) => (renderers[pane] ??= L.svg({ pane })),
};

function makeMap() {
  const made = L.map(spec.id, { center: spec.options.center, zoom: spec.options.zoom, zoomControl: false, minZoom: 3, maxZoom: 17, worldCopyJump: false });
  made.attributionControl.setPrefix(false);
  for (const [name, height] of PANES) {
    const pane = made.createPane(name);
    pane.style.zIndex = height;
    if (name !== "regions") pane.style.pointerEvents = "none";
  }
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out, position: "topleft" }).addTo(made);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(made);
  return made;
}

/* Set a view that may lie between two zoom levels; the buttons and the wheel go by whole ones. */
function setView(centre, zoom) {
  map.options.zoomSnap = FIT_SNAP;
  map.setView(centre, zoom, { animate: false });
  map.options.zoomSnap = 1;
}

/* Show the whole theatre, and go on showing it while the page takes its size; not once a reader looks. */
function fit() {
  map.invalidateSize({ animate: false });
  if (isSettled || !spec.options.bounds) return;
  const bounds = L.latLngBounds(spec.options.bounds);
  map.options.zoomSnap = FIT_SNAP;
  setView(bounds.getCenter(), map.getBoundsZoom(bounds, false, L.point(FIT_MARGIN_PX, FIT_MARGIN_PX)));
}

const settle = () => (isSettled = true);

function makeLayers() {
  const factories = {
    tiles: (options) => L.tileLayer(options.url, { pane: options.pane, maxZoom: 18, maxNativeZoom: 16, attribution: "" }),
    regions: (options) => (context.layers.regions = makeRegions(options, context)),
    control: (options) => (context.layers.control = makeControl(options, context)),
    incidents: (options) => (context.layers.incidents = makeIncidents(options, context)),
  };
  for (const layer of spec.layers) if (Object.hasOwn(factories, layer.factory)) factories[layer.factory](layer.options).addTo(map);
}

function fail(wrong) {
  document.getElementById("status").textContent = fill(words.error, { why: wrong.message });
  console.error(wrong);
}

/* Filters in the columns' own bits; a weapon class includes its members. */
function filterOf() {
  const bits = (pairs, chosen) => pairs.reduce((mask, [code], bit) => (chosen.some((one) => code === one || code.split(".")[0] === one) ? mask | (1 << bit) : mask), 0);
  const list = (name) => String(state.get(name) || "").split(",").filter(Boolean);
  const statuses = list("status");
  return {
    weapons: bits(spec.weapons, list("weapon")),
    sectors: bits(spec.sectors, list("sector")),
    statuses: statuses.length ? new Set(statuses.map((one) => spec.statuses.findIndex(([code]) => code === one))) : null,
    killed: state.get("min_killed") === null || state.get("min_killed") === "" ? null : +state.get("min_killed"),
  };
}

/* Where marks lie to the line is the server's to say: it sends the columns of those that are meant. */
const asksTheGround = () => Boolean(state.get("line_km") || state.get("side"));

function reload() {
  const [path, query] = spec.columnsUrl.split("?"), params = new URLSearchParams(query);
  for (const name of ["line_km", "side", "control", "freeze"]) {
    params.delete(name);
    if (asksTheGround() && state.get(name)) params.set(name, state.get(name));
  }
  fetchMonths(`${path}?${params}`).then((files) => context.layers.incidents.load(files)).catch(fail);
}

let asking = null;
async function showSummary(parts) {
  asking?.abort();
  asking = new AbortController();
  try {
    const summary = await readJson(`/api/summary?${state.query()}`, asking.signal);
    context.layers.regions.show(summary);
    parts.panel?.showTotals(summary);
    parts.period.say(summary);
    parts.legend.showRegions();
  } catch (wrong) {
    if (wrong.name !== "AbortError") fail(wrong);
  }
}

function showDay() {
  context.layers.incidents.setWindow(dayNumber(state.get("from")), dayNumber(state.get("to")));
  context.layers.control.showDay(state.get("to")).catch(fail);
}

function listen(parts) {
  const later = debounce(120, () => { showSummary(parts); parts.panel?.showList(); });
  state.addEventListener("change", ({ detail }) => {
    if (detail.has("from") || detail.has("to") || detail.has("control")) showDay();
    if (detail.has("control")) parts.period.showCoverage();
    if (["line_km", "side"].some((name) => detail.has(name)) || (asksTheGround() && ["control", "freeze"].some((name) => detail.has(name)))) reload();
    context.layers.incidents.setFilter(filterOf());
    later();
  });
  context.layers.control.on("shown", () => {
    document.getElementById("caption").textContent = captionText(context, context.layers.control.about);
    parts.legend.showControl();
  });
  context.layers.control.on("beside", () => parts.legend.showControl());
  context.layers.incidents.on("drawn", () => {
    parts.legend.showIncidents();
    if (context.layers.incidents.loaded && !document.documentElement.dataset.ready) {
      document.documentElement.dataset.ready = "1";
      document.documentElement.dataset.readyMs = String(Math.round(performance.now()));
    }
  });
  const view = new URLSearchParams(location.hash.slice(1));
  if (view.has("at")) {
    const [zoom, lat, lng] = view.get("at").split("/").map(Number);
    isSettled = [zoom, lat, lng].every(Number.isFinite);
    if (isSettled) setView([lat, lng], zoom);
  }
  map.on("moveend", () => {
    const centre = map.getCenter();
    try {
      history.replaceState(null, "", `${location.search}#at=${map.getZoom()}/${centre.lat.toFixed(4)}/${centre.lng.toFixed(4)}`);
    } catch {
      /* a sandboxed frame has no history of its own */
    }
  });
}

function makeOpening() {
  const box = makeDialog(context);
  document.querySelector(".map-box").append(box.dialog);
  context.open = async (numbers, feature, from, at = 0) => {
    try {
      const wanted = feature ?? (await readJson(`/api/collections/incidents/items/${numbers[at]}?${state.query()}`));
      box.show(wanted, { at, of: numbers.length, go: (next) => context.open(numbers, null, null, next), from });
      if (feature?.geometry) {
        const [lon, lat] = feature.geometry.coordinates;
        map.panTo([lat, lon]);
      }
    } catch (wrong) {
      fail(wrong);
    }
  };
  map.on("click", ({ latlng }) => {
    const numbers = map.hasLayer(context.layers.incidents) ? context.layers.incidents.pick(latlng, PICK_PX) : [];
    if (numbers.length) context.open(numbers, null, map.getContainer());
  });
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== map.getContainer()) return;
    const numbers = context.layers.incidents.nearest();
    if (numbers.length) context.open(numbers, null, map.getContainer());
  });
}

function makeKnown() {
  const place = document.getElementById("known"), day = spec.asOf ? spec.asOf.slice(0, 10) : "";
  const input = el("input", { type: "date", value: spec.view.as_of ? day : "", max: spec.yesterday, onchange: () => state.go({ as_of: input.value }) });
  place.append(el("label", {}, words.as_known_on + " ", input));
  if (spec.view.as_of) place.append(el("button", { type: "button", class: "step", text: words.show_now, onclick: () => state.go({ as_of: "" }) }));
  else place.append(el("span", { class: "now", text: words.as_known_now }));
  const link = el("a", { class: "permalink", text: words.permalink });
  const pin = () => (link.href = `${location.pathname}?${state.query({ as_of: spec.asOf })}${location.hash}`);
  for (const event of ["pointerdown", "focus"]) link.addEventListener(event, pin);
  pin();
  place.append(link);
}

/* An embed tells its host how high it would like to be; nothing else leaves the frame. */
function tellHeight() {
  if (window.parent === window) return;
  const say = () => {
    const wide = document.documentElement.clientWidth, below = document.getElementById("period").offsetHeight;
    window.parent.postMessage({ type: "strikemap:height", height: Math.max(320, Math.round(wide * 0.62)) + below + 80 }, "*");
  };
  new ResizeObserver(say).observe(document.documentElement);
}

function start() {
  const isWhole = document.documentElement.dataset.page === "whole";
  makeLayers();
  makeOpening();
  const option = (factory) => spec.parts.find((one) => one.factory === factory).options;
  const parts = {
    panel: isWhole ? makePanel(document.getElementById("panel"), context) : null,
    period: makePeriod(document.getElementById("period"), option("period"), context),
    legend: makeLegend(map, context),
  };
  makeKnown();
  fit();
  for (const event of ["pointerdown", "wheel", "keydown"]) map.getContainer().addEventListener(event, settle, { passive: true });
  setTimeout(settle, SETTLE_MS);
  new ResizeObserver(fit).observe(map.getContainer());
  listen(parts);
  context.layers.incidents.setFilter(filterOf());
  showDay();
  context.layers.regions.load().then(() => showSummary(parts)).catch(fail);
  listing.then((files) => context.layers.incidents.load(files)).catch(fail);
  parts.panel?.showList();
  tellHeight();
  window.strikemap = context;
}

start();
