/* Layers that the server draws: background, names, and marks for a browser without a canvas. */
/** @import { LayerContext, MarkScene, MarksLayer, NameOptions, PageSpec } from "./types.js" */
/** @import { TileOptions } from "./types.js" */

/** A saved page has its tiles up to this zoom, those of streets up to their own. */
const SAVED_ZOOM = 7;

/**
 * @param {PageSpec} spec
 * @param {TileOptions} options
 */
export function tiles({ isSaved, streets }, { url, pane, credit }) {
  const whole = L.tileLayer(url, { ...limits(isSaved, pane), attribution: credit });
  if (!streets || streets.zoom <= SAVED_ZOOM) return whole;
  const [west, south, east, north] = streets.box;
  const bounds = L.latLngBounds([south, west], [north, east]);
  const closer = { minZoom: SAVED_ZOOM + 1, maxZoom: 18, maxNativeZoom: streets.zoom };
  return L.layerGroup([whole, L.tileLayer(url, { pane, bounds, ...closer })]);
}

/**
 * @param {boolean} isSaved
 * @param {string} pane
 */
const limits = (isSaved, pane) => ({
  pane,
  maxZoom: 18,
  maxNativeZoom: isSaved ? SAVED_ZOOM : 16,
  attribution: "",
});

/** Names for a browser without a canvas. @param {NameOptions} options */
export const namePictures = ({ url }) =>
  L.tileLayer(url.replace(".json", ".png"), { pane: "labels", maxZoom: 18, maxNativeZoom: 16 });

const addressOf = (/** @type {LayerContext} */ { state }) =>
  `/tiles/incidents/{z}/{x}/{y}{r}.png?${state.query()}`;

/**
 * Marks as tiles of the server, for a browser that cannot draw them.
 * @implements {MarksLayer}
 */
export class TiledMarks extends L.TileLayer {
  /** @param {LayerContext} context */
  constructor(context) {
    super(addressOf(context), limits(context.spec.isSaved, "incidents"));
    this.context = context;
    this.loaded = false;
    this.isDense = false;
    this.most = 1;
    /** A picture does not say where its marks are. @type {MarkScene | null} */
    this.scene = null;
  }

  get looks() {
    const { state } = this.context;
    return { colourBy: state.get("colour_by") || "weapon", sizeBy: state.get("size_by") || "none" };
  }

  async load() {
    this.loaded = true;
    this.fire("drawn");
  }

  setWindow() {
    this.refresh();
  }

  setFilter() {
    this.refresh();
  }

  setColour() {
    this.refresh();
  }

  setSize() {
    this.refresh();
  }

  /** A picture does not say which classes are in it. */
  used() {
    return null;
  }

  /** Redrawn by setUrl, Leaflet would ask for tiles of a zoom that lies between two. */
  refresh() {
    this.setUrl(addressOf(this.context), true);
    const { map } = this.context;
    if (map.hasLayer(this)) this.remove().addTo(map);
  }

  /** A picture has no records to open. @returns {number[]} */
  pick() {
    return [];
  }

  nearest() {
    return this.pick();
  }

  facts() {
    return null;
  }
}
