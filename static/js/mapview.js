/* The Leaflet map: its panes, what it shows first, and its place in the address. */
/** @import { PageSpec } from "./types.js" */
import { fromHash, toHash } from "./hash.js";
import { lengthText } from "./format.js";

const PANES = {
  basemap: 200,
  regions: 350,
  control: 360,
  changes: 370,
  front: 390,
  incidents: 450,
  labels: 455,
  badges: 460,
  spot: 470,
};
const FIT_SNAP = 0.25;
const FIT_MARGIN_PX = 12;
const SETTLE_MS = 1500;

/** @param {PageSpec} spec */
export function makeMap({ id, options, strings: words, view }) {
  const map = L.map(id, {
    center: options.center,
    zoom: options.zoom,
    zoomControl: false,
    minZoom: 3,
    maxZoom: 17,
    worldCopyJump: false,
  });
  map.attributionControl.setPrefix(false);
  for (const [name, height] of Object.entries(PANES)) {
    const pane = map.createPane(name);
    pane.style.zIndex = String(height);
    if (name !== "regions") pane.style.pointerEvents = "none";
  }
  const titles = { zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out };
  L.control.zoom({ ...titles, position: "topleft" }).addTo(map);
  makeScale(view.lang).addTo(map);
  return map;
}

/** Leaflet's scale with its length in the reader's language. */
function makeScale(/** @type {string} */ language) {
  const scale = L.control.scale({ imperial: false, position: "bottomright" });
  scale._updateMetric = function (most) {
    const metres = this._getRoundNum(most);
    this._updateScale(this._mScale, lengthText(language, metres), metres / most);
  };
  return scale;
}

/**
 * Show the whole theatre, and go on showing it while the page takes its size, until the map is
 * settled: until a reader looks, or the address names a place.
 * @param {L.Map} map
 * @param {PageSpec} spec
 */
export function makeSettling(map, spec) {
  const container = map.getContainer();
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };

  /* Set a view that may lie between two zoom levels; the buttons and the wheel go by whole ones. */
  function setView(/** @type {L.LatLngExpression} */ centre, /** @type {number} */ zoom) {
    map.options.zoomSnap = FIT_SNAP;
    map.setView(centre, zoom, { animate: false });
    map.options.zoomSnap = 1;
  }

  function fit() {
    map.invalidateSize({ animate: false });
    if (isSettled || !spec.options.bounds) return;
    const bounds = L.latLngBounds(spec.options.bounds);
    map.options.zoomSnap = FIT_SNAP;
    const margin = L.point(FIT_MARGIN_PX, FIT_MARGIN_PX);
    setView(bounds.getCenter(), map.getBoundsZoom(bounds, false, margin));
  }

  /** Fit the map from now on, then follow the address and be followed by it. */
  function start() {
    fit();
    for (const event of ["pointerdown", "wheel", "keydown"])
      container.addEventListener(event, settle, { passive: true });
    setTimeout(settle, SETTLE_MS);
    new ResizeObserver(fit).observe(container);
    const at = fromHash("at");
    const [zoom, lat, lng] = at.split("/").map(Number);
    isSettled = at !== "" && [zoom, lat, lng].every(Number.isFinite);
    if (isSettled) setView([lat, lng], zoom);
    map.on("moveend", () => {
      const centre = map.getCenter();
      toHash({ at: `${map.getZoom()}/${centre.lat.toFixed(4)}/${centre.lng.toFixed(4)}` });
    });
  }

  return { settle, start };
}
