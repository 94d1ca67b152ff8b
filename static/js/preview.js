/* The map of what an import would change. */
/** @import { Feature, Geometry } from "geojson" */
/** @import { ImportSpec, Preview, PreviewProperties } from "./types.js" */
import { byId, el } from "./dom.js";
import { fill, number } from "./format.js";

/** @typedef {Feature<Geometry | null, PreviewProperties>} Change */

const FATES = { add: "added", amend: "amended", retract: "vanish" };
/** @type {L.Map | null} */
let map = null;

const colour = (/** @type {string} */ name) =>
  getComputedStyle(byId("preview")).getPropertyValue(`--${name}`).trim();

/**
 * @param {ImportSpec} spec
 * @param {string} theatre
 */
function makeMap({ strings: words }, theatre) {
  const preview = L.map("preview", { zoomControl: false, minZoom: 2, maxZoom: 16 });
  preview.attributionControl.setPrefix(false);
  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(preview);
  const address = `/tiles/basemap/{z}/{x}/{y}.png?theatre=${encodeURIComponent(theatre)}`;
  L.tileLayer(address, { maxZoom: 16, attribution: "" }).addTo(preview);
  return preview;
}

/**
 * @param {ImportSpec} spec
 * @param {PreviewProperties} properties
 */
function popup({ strings: words }, { fate, day, place, source_key: key, controller, status }) {
  const lines = [words["fate_" + FATES[fate]], day, place, key, controller, status];
  return el("div", {}, ...lines.filter(Boolean).map((text) => el("div", { text })));
}

/**
 * @param {ImportSpec} spec
 * @param {string} theatre
 * @param {Preview} preview
 */
export function drawPreview(spec, theatre, preview) {
  const words = spec.strings;
  const n = (/** @type {number | undefined} */ value) => number(spec.lang, value ?? 0);
  map?.remove();
  map = makeMap(spec, theatre);
  const renderer = L.canvas();
  const colours = { add: colour("add"), amend: colour("amend"), retract: colour("retract") };
  const fateColour = (/** @type {Change | undefined} */ change) =>
    colours[/** @type {Change} */ (change).properties.fate];
  const edge = colour("edge-of-marks");
  const placed = preview.features.filter(({ geometry }) => geometry);
  /** @type {L.GeoJSON<PreviewProperties>} */
  const layer = L.geoJSON(/** @type {Feature<Geometry, PreviewProperties>[]} */ (placed), {
    pointToLayer: (change, place) =>
      L.circleMarker(place, {
        renderer,
        radius: 5,
        weight: 1,
        color: edge,
        fillColor: fateColour(change),
        fillOpacity: 0.85,
      }),
    style: (change) => ({ weight: 1, color: fateColour(change), fillOpacity: 0.35 }),
    onEachFeature: (change, shape) => shape.bindPopup(() => popup(spec, change.properties)),
  }).addTo(map);
  const bounds = layer.getBounds();
  const [west, south, east, north] = spec.bounds;
  const whole = L.latLngBounds([south, west], [north, east]);
  const box = bounds.isValid() ? bounds.pad(0.1) : whole;
  map.fitBounds(box, { maxZoom: 11, animate: false });
  const points = placed.filter(({ geometry }) => geometry?.type === "Point").length;
  const counts = { n: n(points), m: n(preview.points) };
  const notes = [];
  if (preview.points) notes.push(fill(words.preview_points, counts));
  if (preview.day) notes.push(fill(words.preview_day, { day: preview.day, n: n(preview.days) }));
  byId("preview-note").textContent = notes.join("; ") || words.preview_none;
}
