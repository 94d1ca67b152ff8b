/* Builds the page from its JSON block: the map, its layers and what stands around it. */
/** @import { LayerContext, MapContext, MapLayers, MarksLayer } from "./types.js" */
/** @import { Highlight, IncidentOptions, Legend, OpenIncident } from "./types.js" */
/** @import { PageParts, PageSpec, Summary, Tab } from "./types.js" */
import { showAsOf } from "./asof.js";
import { fetchMonths } from "./columns.js";
import { ControlLayer } from "./control.js";
import { makeControlTab } from "./controltab.js";
import { byId, debounce, jsonBlock } from "./dom.js";
import { makeFilters } from "./filters.js";
import { dayNumber, fill } from "./format.js";
import { makeHighlight } from "./highlight.js";
import { filterOf, IncidentLayer } from "./incidents.js";
import { captionText, makeLegend } from "./legend.js";
import { makeList } from "./list.js";
import { makeMap, makeSettling } from "./mapview.js";
import { NameLayer } from "./names.js";
import { makeOpening } from "./openincident.js";
import { makeTip } from "./tip.js";
import { makeOverview } from "./overview.js";
import { makePeriod } from "./period.js";
import { namePictures, TiledMarks, tiles } from "./pictures.js";
import { listenForPrint } from "./print.js";
import { RegionLayer } from "./regions.js";
import { makeNewest, messageOf, readJson, wasAborted } from "./request.js";
import { makeRuler } from "./ruler.js";
import { makeSearch } from "./search.js";
import { makeShare } from "./share.js";
import { State } from "./state.js";
import { makeTabs } from "./tabs.js";
import { makeTools } from "./tools.js";
import { makeWaves } from "./waves.js";

const HEAD_START_MS = 150;
/** The map of a frame against all around it: three fifths are map. */
const LEAST_SHARE = 1.5;
/* Where marks lie to the line, in which region and of which kind is for the server to say. */
const PLACE_NAMES = ["line_km", "side", "region", "kind"];
const LINE_NAMES = ["control", "freeze"];
/* What changes the look of marks and regions only. */
const LOOK_NAMES = ["colour_by", "size_by", "palette"];

/** @type {PageSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
/* Without a canvas the marks come as pictures from the server. */
const hasCanvas = Boolean(document.createElement("canvas").getContext?.("2d"));
/* The columns travel while the map is built. */
const listing = hasCanvas && !spec.archive ? fetchMonths(spec.columnsUrl) : Promise.resolve([]);
const archived = spec.archive ? await import("./archived.js") : null;
const headStart = new Promise((go) => setTimeout(go, HEAD_START_MS));
await Promise.race([listing.catch(() => {}), headStart]);
start();

function fail(/** @type {unknown} */ wrong) {
  byId("status").textContent = fill(words.error, { why: messageOf(wrong) });
  console.error(wrong);
}

/**
 * @param {L.Map} map
 * @param {() => void} settle
 * @returns {LayerContext}
 */
function makeContext(map, settle) {
  const state = new State(spec.view, spec.embed);
  /** @type {Record<string, L.Renderer>} */
  const renderers = {};
  const control = spec.layers.find((layer) => layer.factory === "control");
  return {
    spec,
    words,
    state,
    map,
    settle,
    fail,
    language: spec.view.lang,
    mode: { isPlaying: false, isMeasuring: false },
    staleDays: control?.options.staleDays ?? Infinity,
    controlDays: (slug = state.get("control")) =>
      spec.controls.find((source) => source.slug === slug)?.days ?? [],
    renderer: (pane) => (renderers[pane] ??= L.svg({ pane })),
  };
}

/** @param {LayerContext} context */
function makeLayers(context) {
  const layers = /** @type {MapLayers} */ ({});
  for (const layer of spec.layers) {
    switch (layer.factory) {
      case "tiles":
        tiles(spec, layer.options).addTo(context.map);
        break;
      case "regions":
        layers.regions = new RegionLayer(layer.options, context).addTo(context.map);
        break;
      case "control":
        layers.control = new ControlLayer(layer.options, context).addTo(context.map);
        break;
      case "incidents":
        layers.incidents = makeMarks(layer.options, context).addTo(context.map);
        break;
      case "names":
        layers.names = hasCanvas ? new NameLayer(layer.options, context, layers) : null;
        (layers.names ?? namePictures(layer.options)).addTo(context.map);
    }
  }
  return layers;
}

/**
 * @param {IncidentOptions} options
 * @param {LayerContext} context
 * @returns {MarksLayer}
 */
function makeMarks(options, context) {
  if (archived) return new archived.ArchivedLayer(options, context);
  return hasCanvas ? new IncidentLayer(options, spec) : new TiledMarks(context);
}

/**
 * What stands around the map, in the order in which the page's Python objects name it.
 * @param {MapContext} context
 * @param {Highlight} highlight
 * @param {OpenIncident} open
 * @param {() => Summary | null} summary
 */
function makeParts(context, highlight, open, summary) {
  const { map } = context;
  /** @type {PageParts} */
  const parts = {};
  /** @type {(Tab & { name: string })[]} */
  const tabs = [];
  /** @type {(name: string, tab: Tab | null) => void} */
  const addTab = (name, tab) => {
    if (tab) tabs.push({ name, ...tab });
  };
  for (const part of spec.parts) {
    switch (part.factory) {
      case "period":
        parts.period = makePeriod(byId("period"), part.options, context);
        break;
      case "overview":
        parts.overview = makeOverview(context, (isFolded) => parts.legend?.fold(isFolded));
        addTab("summary", parts.overview);
        break;
      case "list":
        parts.list = makeList(context, highlight, open);
        addTab("incidents", parts.list);
        break;
      case "filters":
        parts.filters = makeFilters(context, parts);
        addTab("filters", parts.filters);
        break;
      case "ground":
        addTab("ground", makeControlTab(context));
        break;
      case "waves":
        addTab("waves", makeWaves(context));
        break;
      case "search":
        makeSearch(context).addTo(map);
        break;
      case "ruler":
        makeRuler(context).addTo(map);
        break;
      case "tools":
        makeTools(context).addTo(map);
        break;
      case "share":
        byId("share").append(makeShare(context, () => summary()?.credits));
    }
  }
  if (tabs.length) parts.tabs = makeTabs(byId("panel"), words, tabs);
  parts.filters?.show(); // how many are set stands on a tab, which is there only now
  parts.legend = makeLegend(context);
  return parts;
}

/** Tell whether the marks depend on where the line is. */
const isByLine = (/** @type {State} */ state) =>
  Boolean(state.get("line_km") || state.get("side")) || state.get("colour_by") === "side";

let reloads = 0;

/** Ask the server for the columns of the marks that place and line leave, with their classes. */
async function reload(/** @type {MapContext} */ { state, layers }) {
  const colour = state.get("colour_by");
  if (!hasCanvas) return layers.incidents.setColour(colour);
  const turn = ++reloads;
  const [path, query] = spec.columnsUrl.split("?");
  const params = new URLSearchParams(query);
  for (const name of [...PLACE_NAMES, ...LINE_NAMES, "colour_by"]) {
    params.delete(name);
    const value = state.get(name);
    const isAlways = ["region", "kind", "colour_by"].includes(name);
    if (value && (isAlways || isByLine(state))) params.set(name, value);
  }
  const files = await fetchMonths(`${path}?${params}`);
  // Until all is here the marks stay: a map without marks would say that there are none.
  await Promise.all(files);
  if (turn !== reloads) return;
  layers.incidents.setColour(colour || "weapon");
  await layers.incidents.load(files);
}

function showDay(/** @type {MapContext} */ { state, layers }) {
  layers.incidents.setWindow(dayNumber(state.get("from")), dayNumber(state.get("to")));
  layers.control.showDay(state.get("to")).catch(fail);
}

/**
 * @param {MapContext} context
 * @param {PageParts} parts
 * @param {() => void} showSummary
 */
function listen(context, parts, showSummary) {
  const { state, layers } = context;
  const later = debounce(120, showSummary);
  state.onChange((changed) => {
    const has = (/** @type {string} */ name) => changed.has(name);
    if (["from", "to", "control"].some(has)) showDay(context);
    if (has("control")) parts.period?.showCoverage();
    const isOther = PLACE_NAMES.some(has) || (isByLine(state) && LINE_NAMES.some(has));
    if (isOther || has("colour_by")) reload(context).catch(fail);
    layers.incidents.setSize(state.get("size_by") || "none");
    if (has("palette")) {
      layers.regions.restyle();
      parts.legend?.showRegions();
    }
    if ([...changed].every((name) => LOOK_NAMES.includes(name))) return;
    layers.incidents.setFilter(filterOf(spec, state));
    later();
  });
  layers.control.on("shown", () => {
    byId("caption").textContent = captionText(context, layers.control.about);
    parts.legend?.showControl();
  });
  layers.control.on("beside", () => parts.legend?.showControl());
  layers.incidents.on("drawn", () => {
    parts.legend?.showIncidents();
    const { dataset } = document.documentElement;
    if (!layers.incidents.loaded || dataset.ready) return;
    dataset.ready = "1";
    dataset.readyMs = String(Math.round(performance.now()));
  });
}

/** Few instances offer ground of other services: the script for it comes only there. */
function offerGround(/** @type {MapContext} */ context, /** @type {Legend} */ legend) {
  const services = spec.layers.filter((layer) => layer.factory === "service");
  if (!services.length) return;
  const script = import("./services.js");
  script.then(({ offerServices }) => offerServices(context, legend, services)).catch(fail);
}

/** Few Views have a drawn area: the script for its edge comes only there. */
function outlineArea(/** @type {MapContext} */ context, /** @type {Legend} */ legend) {
  if (!context.state.get("within")) return;
  import("./drawnarea.js").then(({ showArea }) => showArea(context, legend)).catch(fail);
}

/** An embed tells its host how high it would like to be; nothing else leaves the frame. */
function postHeight() {
  if (window.parent === window) return;
  const post = () => {
    const { clientWidth, clientHeight } = document.documentElement;
    const around = clientHeight - byId(spec.id).offsetHeight;
    const map = Math.max(320, clientWidth * 0.62, around * LEAST_SHARE);
    const height = Math.round(map + around);
    window.parent.postMessage({ type: "strikemap:height", height }, "*");
  };
  new ResizeObserver(post).observe(document.documentElement);
}

/** A frame has no panel: its headline stands above the map. */
function showHeadline(/** @type {Summary} */ { headline }) {
  const place = document.getElementById("headline");
  if (!place) return;
  place.textContent = headline ?? "";
  place.hidden = !headline;
  // While days pass it may need a line less: the map keeps its size all the same.
  place.style.minHeight = `${place.getBoundingClientRect().height}px`;
}

function start() {
  const map = makeMap(spec);
  const view = makeSettling(map, spec);
  const base = makeContext(map, view.settle);
  const { state } = base;
  state.follow();
  const context = { ...base, layers: makeLayers(base) };
  const { layers } = context;
  const highlight = makeHighlight(context);
  /** @type {Summary | null} */
  let latest = null;
  /** @type {OpenIncident} */
  const open = (...incident) => opening(...incident);
  const parts = makeParts(context, highlight, open, () => latest);

  const newest = makeNewest();
  async function showSummary() {
    try {
      /** @type {Summary} */
      const summary = await readJson(`/api/summary?${state.query()}`, newest());
      latest = summary;
      layers.regions.show(summary);
      parts.overview?.show(summary);
      showHeadline(summary);
      parts.period?.showSummary(summary);
      parts.legend?.showRegions();
    } catch (wrong) {
      if (!wasAborted(wrong)) fail(wrong);
    }
  }

  const chooseRegion =
    parts.overview &&
    ((/** @type {string} */ key) => {
      parts.overview?.chooseRegion(key);
      parts.tabs?.open("summary");
    });
  const opening = makeOpening(context, highlight, parts, chooseRegion);
  if (!spec.isSaved) makeTip(context);
  window.strikemap = { ...context, open, chooseRegion };
  const asOf = document.getElementById("known");
  if (asOf) showAsOf(asOf, context);
  view.start();
  listen(context, parts, showSummary);
  layers.incidents.setFilter(filterOf(spec, state));
  showDay(context);
  if (parts.legend) {
    offerGround(context, parts.legend);
    outlineArea(context, parts.legend);
  }
  byId("caption").hidden = !spec.controls.length && !spec.theatre.note;
  layers.regions.load().then(showSummary).catch(fail);
  listing.then((files) => layers.incidents.load(files)).catch(fail);
  postHeight();
  listenForPrint();
}
