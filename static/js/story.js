/* A story's page: the map beside the text moves to the View of the step that is read. */
/** @import { LayerContext, MapContext, MapLayers, StorySpec, StoryStep } from "./types.js" */
/** @import { Summary } from "./types.js" */
import { fetchMonths } from "./columns.js";
import { ControlLayer } from "./control.js";
import { byId, el, jsonBlock } from "./dom.js";
import { dayNumber } from "./format.js";
import { filterOf, IncidentLayer } from "./incidents.js";
import { captionText, makeLegend } from "./legend.js";
import { makeMap } from "./mapview.js";
import { NameLayer } from "./names.js";
import { tiles } from "./pictures.js";
import { RegionLayer } from "./regions.js";
import { makeNewest, readJson, wasAborted } from "./request.js";
import { State } from "./state.js";

const MARGIN_PX = 16;
const FLIGHT_S = 1.2;
/* A step is read while it crosses this height of the window; on a phone the map is above it. */
const BESIDE = "-45% 0px -54% 0px";
const BELOW = "-75% 0px -24% 0px";

/** @type {StorySpec} */
const spec = jsonBlock("spec");
const hasCanvas = Boolean(document.createElement("canvas").getContext?.("2d"));
const narrow = matchMedia("(max-width: 60rem)");
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

/** The View of the step; the address of the page stays that of the story. */
class StepState extends State {
  /** @override */
  write() {}
}

/** @returns {MapContext} */
function makeContext() {
  const map = makeMap({ ...spec, id: "story-map" });
  map.fitBounds(L.latLngBounds(spec.options.bounds ?? []), { animate: false });
  const state = new StepState(spec.view);
  /** @type {Record<string, L.Renderer>} */
  const renderers = {};
  const control = spec.layers.find((layer) => layer.factory === "control");
  /** @type {LayerContext} */
  const context = {
    spec,
    words: spec.strings,
    state,
    map,
    settle: () => {},
    fail: (wrong) => console.error(wrong),
    language: spec.view.lang,
    mode: { isPlaying: false, isMeasuring: false },
    staleDays: control?.options.staleDays ?? Infinity,
    controlDays: (slug = state.get("control")) =>
      spec.controls.find((source) => source.slug === slug)?.days ?? [],
    renderer: (pane) => (renderers[pane] ??= L.svg({ pane })),
  };
  return { ...context, layers: makeLayers(context) };
}

/** @param {LayerContext} context */
function makeLayers(context) {
  const layers = /** @type {MapLayers} */ ({});
  for (const layer of spec.layers) {
    if (layer.factory === "tiles") tiles(spec, layer.options).addTo(context.map);
    if (layer.factory === "regions") layers.regions = new RegionLayer(layer.options, context);
    if (layer.factory === "control") layers.control = new ControlLayer(layer.options, context);
    if (layer.factory === "incidents") layers.incidents = new IncidentLayer(layer.options, spec);
    if (layer.factory === "names") layers.names = new NameLayer(layer.options, context, layers);
  }
  for (const layer of Object.values(layers)) layer?.addTo(context.map);
  return layers;
}

/** The page scrolls over the map: only its buttons zoom it, and a finger moves the text. */
function leaveScrolling(/** @type {L.Map} */ map) {
  map.scrollWheelZoom.disable();
  map.keyboard.disable();
  map.getContainer().removeAttribute("tabindex");
  if (matchMedia("(pointer: coarse)").matches) map.dragging.disable();
}

/**
 * @param {L.Map} map
 * @param {StoryStep} step
 * @param {boolean} isFirst
 */
function move(map, { options }, isFirst) {
  const bounds = L.latLngBounds(options.bounds ?? []);
  const padding = /** @type {L.PointTuple} */ ([MARGIN_PX, MARGIN_PX]);
  map.invalidateSize({ animate: false });
  if (isFirst || isStill.matches) map.fitBounds(bounds, { padding, animate: false });
  else map.flyToBounds(bounds, { padding, duration: FLIGHT_S });
}

/**
 * @param {L.LayerGroup} group
 * @param {StoryStep} step
 */
function showNotes(group, { notes }) {
  group.clearLayers();
  for (const { text, at, side } of notes) {
    const icon = L.divIcon({
      className: `map-note side-${side}`,
      html: el("span", { text }),
      iconSize: [0, 0],
    });
    const options = { pane: "spot", interactive: false, keyboard: false, icon };
    L.marker([at[1], at[0]], options).addTo(group);
  }
}

function start() {
  byId("stage").hidden = false;
  const context = makeContext();
  const { map, layers, state } = context;
  const notes = L.layerGroup().addTo(map);
  const legend = makeLegend(context);
  const newest = makeNewest();
  const root = document.documentElement;
  let level = "";
  let loadedUrl = "";
  let current = -1;
  /** @type {Promise<typeof import("./drawnarea.js")> | null} */
  let edges = null;
  leaveScrolling(map);
  map.on("movestart", () => map.getContainer().classList.add("moving"));
  map.on("moveend", () => map.getContainer().classList.remove("moving"));
  layers.control.on("shown", () => {
    byId("caption").textContent = captionText(context, layers.control.about);
    legend.showControl();
  });
  layers.control.on("beside", () => legend.showControl());
  layers.incidents.on("drawn", () => legend.showIncidents());

  /** Shapes of the step's regions, and their figures. */
  async function showFigures(/** @type {AbortSignal} */ signal) {
    if (level !== (state.get("level") || "1")) {
      level = state.get("level") || "1";
      layers.regions.clearLayers();
      layers.regions.regions.clear();
      await layers.regions.load();
    }
    /** @type {Summary} */
    const summary = await readJson(`/api/summary?${state.query()}`, signal);
    layers.regions.show(summary);
    const regions = state.list("region");
    layers.regions.mark(regions.length === 1 ? regions[0] : "");
    byId("headline").textContent = summary.headline ?? "";
    legend.showRegions();
  }

  async function showMarks() {
    layers.incidents.setFilter(filterOf(spec, state));
    layers.incidents.setSize(state.get("size_by") || "none");
    layers.incidents.setWindow(dayNumber(state.get("from")), dayNumber(state.get("to")));
    const { columnsUrl } = spec;
    if (columnsUrl === loadedUrl) return;
    loadedUrl = columnsUrl;
    const files = hasCanvas ? await fetchMonths(columnsUrl) : [];
    if (columnsUrl !== loadedUrl) return;
    layers.incidents.setColour(state.get("colour_by") || "weapon");
    await layers.incidents.load(files);
  }

  /** Few steps have a drawn area: the script for its edge comes with the first one. */
  async function showEdge() {
    if (state.get("within")) edges ??= import("./drawnarea.js");
    (await edges)?.showArea(context, legend);
  }

  async function showControl(/** @type {number} */ place) {
    const [day, fixed] = [state.get("to"), state.get("freeze")];
    layers.control.drawnKey = ""; // the same day may be known otherwise
    await layers.control.showDay(day);
    if (current !== place) return; // it would take the place of a later step's request
    await layers.control.showBeside({ day, other: "", fixed, changes: null });
  }

  /** Show a step, by its place in the story. */
  async function show(/** @type {number} */ place) {
    const step = spec.steps[place];
    if (!step || place === current) return;
    const isFirst = current < 0;
    current = place;
    Object.assign(spec, step);
    state.view = { ...step.view };
    move(map, step, isFirst);
    showNotes(notes, step);
    try {
      await Promise.all([showFigures(newest()), showMarks(), showControl(place), showEdge()]);
      if (current === place) root.dataset.step = String(place + 1);
    } catch (wrong) {
      if (!wasAborted(wrong)) console.error(wrong);
      loadedUrl = "";
    }
    root.dataset.ready = "1";
  }

  watchSteps((place) => show(place));
  show(spec.steps.findIndex(Boolean));
}

/** Call back with the place of the step that is read, and mark that step. */
function watchSteps(/** @type {(place: number) => void} */ call) {
  const steps = [...document.querySelectorAll(".step")];
  const read = (/** @type {IntersectionObserverEntry[]} */ entries) => {
    // A fast scroll brings several entries of a step at once; its last says where it is now.
    const newest = new Map(entries.map((entry) => [entry.target, entry]));
    const entry = [...newest.values()].findLast(({ isIntersecting }) => isIntersecting);
    if (!entry) return;
    for (const step of steps) step.classList.toggle("current", step === entry.target);
    call(steps.indexOf(entry.target));
  };
  let watcher = new IntersectionObserver(read);
  const watch = () => {
    watcher.disconnect();
    watcher = new IntersectionObserver(read, { rootMargin: narrow.matches ? BELOW : BESIDE });
    for (const step of steps) watcher.observe(step);
  };
  narrow.addEventListener("change", watch);
  watch();
}

start();
