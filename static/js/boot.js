/* Builds the page from its JSON block: the map, its layers and what stands around it. */
import { makeControl } from "./control.js";
import { dayNumber, debounce, fill, makeScale, readJson } from "./dom.js";
import { makeFilters } from "./filters.js";
import { makeGround } from "./ground.js";
import { fromHash, toHash } from "./hash.js";
import { fetchMonths, makeIncidents } from "./incidents.js";
import { makeKnown } from "./known.js";
import { captionText, makeLegend } from "./legend.js";
import { makeList } from "./list.js";
import { makeOpening } from "./opening.js";
import { makeOverview } from "./overview.js";
import { makePeriod } from "./period.js";
import { listenForPrint } from "./print.js";
import { makeRegions } from "./regions.js";
import { makeRuler } from "./ruler.js";
import { makeSearch } from "./search.js";
import { makeShare } from "./share.js";
import { makeSpot } from "./spot.js";
import { State } from "./state.js";
import { makeTabs } from "./tabs.js";
import { makeWaves } from "./waves.js";

const PANES = [["basemap", 200], ["regions", 350], ["control", 360], ["changes", 370], ["labels", 380], ["front", 390], ["incidents", 450], ["badges", 460], ["spot", 470]];
const HEAD_START_MS = 150, FIT_SNAP = 0.25, FIT_MARGIN_PX = 12, SETTLE_MS = 1500, SAVED_ZOOM = 7;
let isSettled = false;

const spec = JSON.parse(document.getElementById("spec").textContent);
const words = spec.strings, language = spec.view.lang;
/* Without a canvas the marks come as pictures from the server. */
const hasCanvas = Boolean(document.createElement("canvas").getContext?.("2d"));
/* The columns travel while the map is built. */
const listing = hasCanvas && !spec.archive ? fetchMonths(spec.columnsUrl) : Promise.resolve([]);
const makeMarks = spec.archive ? (await import("./archived.js")).makeArchived : makeIncidents;
await Promise.race([listing.catch(() => {}), new Promise((go) => setTimeout(go, HEAD_START_MS))]);
const state = new State(spec.view);
state.follow();
const map = makeMap();
const renderers = {};
const context = {
  spec, words, language, state, map, fail, layers: {}, credits: null,
  settle: () => (isSettled = true),
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
  makeScale(language).addTo(made);
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

/* A saved page has its tiles to a certain zoom; names are not worth enlarging. */
const picture = (url, pane) => L.tileLayer(url, { pane, maxZoom: spec.isSaved && pane === "labels" ? SAVED_ZOOM + 1 : 18, maxNativeZoom: spec.isSaved ? SAVED_ZOOM : 16, attribution: "" });

/* The marks as server tiles, for a browser that cannot draw them; the same questions have other answers. */
function pictured() {
  const layer = picture(`/tiles/incidents/{z}/{x}/{y}{r}.png?${state.query()}`, "incidents");
  // Redrawn by setUrl, Leaflet would ask for tiles of a zoom that lies between two.
  const redraw = () => { layer.setUrl(`/tiles/incidents/{z}/{x}/{y}{r}.png?${state.query()}`, true); if (layer._map) layer.remove().addTo(map); };
  return Object.assign(layer, { load: async () => { layer.loaded = true; layer.fire("drawn"); }, setWindow: redraw, setFilter: redraw, drawn: null });
}

function makeLayers() {
  const { layers } = context, factories = {
    tiles: (options) => picture(options.url, options.pane),
    regions: (options) => (layers.regions = makeRegions(options, context)),
    control: (options) => (layers.control = makeControl(options, context)),
    incidents: (options) => (layers.incidents = hasCanvas ? makeMarks(options, context) : pictured()),
  };
  for (const layer of spec.layers) if (Object.hasOwn(factories, layer.factory)) factories[layer.factory](layer.options).addTo(map);
}

/* What stands around the map, in the order in which the page's Python objects name it. */
function makeParts() {
  const parts = {}, tabs = [], panel = document.getElementById("panel");
  const tab = (name, part) => part && tabs.push({ name, ...part }) && part;
  const factories = {
    period: (options) => makePeriod(document.getElementById("period"), options, context),
    overview: () => tab("summary", makeOverview(context)),
    list: () => (context.list = tab("incidents", makeList(context))),
    filters: () => tab("filters", makeFilters(context)),
    ground: () => tab("ground", makeGround(context)),
    waves: () => tab("waves", makeWaves(context)),
    search: () => makeSearch(map, context).addTo(map),
    ruler: () => makeRuler(map, context).addTo(map),
    share: () => document.getElementById("share").append(makeShare(context)),
    legend: () => null,
  };
  for (const { factory, options } of spec.parts) if (Object.hasOwn(factories, factory)) parts[factory] = factories[factory](options);
  if (tabs.length) context.tabs = makeTabs(panel, context, tabs);
  parts.filters?.show(); // how many are set stands on a tab, which is there only now
  parts.legend = makeLegend(map, context);
  context.chooseRegion = parts.overview && ((key) => { parts.overview.choose(key); context.tabs.open("summary"); });
  return parts;
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

/* Where marks lie to the line and in which region is the server's to say: it sends the columns of those meant. */
const PLACED = ["line_km", "side", "region"], GROUND = ["control", "freeze"];
const asksTheGround = () => Boolean(state.get("line_km") || state.get("side"));

function reload() {
  if (!hasCanvas) return;
  const [path, query] = spec.columnsUrl.split("?"), params = new URLSearchParams(query);
  for (const name of [...PLACED, ...GROUND]) {
    params.delete(name);
    if (state.get(name) && (name === "region" || asksTheGround())) params.set(name, state.get(name));
  }
  fetchMonths(`${path}?${params}`).then((files) => context.layers.incidents.load(files)).catch(fail);
}

let asking = null;
async function showSummary(parts) {
  asking?.abort();
  asking = new AbortController();
  try {
    const summary = await readJson(`/api/summary?${state.query()}`, asking.signal);
    context.credits = summary.credits;
    context.layers.regions.show(summary);
    parts.overview?.show(summary);
    parts.period?.say(summary);
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
  const later = debounce(120, () => showSummary(parts)), { layers } = context;
  state.addEventListener("change", ({ detail }) => {
    const has = (name) => detail.has(name);
    if (["from", "to", "control"].some(has)) showDay();
    if (has("control")) parts.period?.showCoverage();
    if (PLACED.some(has) || (asksTheGround() && GROUND.some(has))) reload();
    layers.incidents.setFilter(filterOf());
    later();
  });
  layers.control.on("shown", () => {
    document.getElementById("caption").textContent = captionText(context, layers.control.about);
    parts.legend.showControl();
  });
  layers.control.on("beside", () => parts.legend.showControl());
  layers.incidents.on("drawn", () => {
    parts.legend.showIncidents();
    if (layers.incidents.loaded && !document.documentElement.dataset.ready) {
      document.documentElement.dataset.ready = "1";
      document.documentElement.dataset.readyMs = String(Math.round(performance.now()));
    }
  });
  const [zoom, lat, lng] = fromHash("at").split("/").map(Number);
  isSettled = fromHash("at") !== "" && [zoom, lat, lng].every(Number.isFinite);
  if (isSettled) setView([lat, lng], zoom);
  map.on("moveend", () => {
    const centre = map.getCenter();
    toHash({ at: `${map.getZoom()}/${centre.lat.toFixed(4)}/${centre.lng.toFixed(4)}` });
  });
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
  makeLayers();
  context.spot = makeSpot(map, context);
  const parts = makeParts();
  makeOpening(context);
  makeKnown(document.getElementById("known"), context);
  fit();
  for (const event of ["pointerdown", "wheel", "keydown"]) map.getContainer().addEventListener(event, context.settle, { passive: true });
  setTimeout(context.settle, SETTLE_MS);
  new ResizeObserver(fit).observe(map.getContainer());
  listen(parts);
  context.layers.incidents.setFilter(filterOf());
  showDay();
  context.layers.regions.load().then(() => showSummary(parts)).catch(fail);
  listing.then((files) => context.layers.incidents.load(files)).catch(fail);
  tellHeight();
  listenForPrint();
  window.strikemap = context;
}

start();
