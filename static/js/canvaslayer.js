/* A canvas over the map and a margin around it, drawn anew whenever the map has moved. */
/** @import { CanvasFrame } from "./types.js" */
import { penOf } from "./dom.js";

/** Places lie on a world so many px wide. */
export const WORLD = 2 ** 31;
/** The canvas is larger than the map by this share on every side. */
const PAD = 0.2;

export class CanvasLayer extends L.Layer {
  constructor(/** @type {string} */ pane) {
    super();
    this.pane = pane;
    this.zoom = 0;
    this.anchor = L.latLng(0, 0);
    this.frame = 0;
    /** @type {HTMLCanvasElement | null} */
    this.canvas = null;
  }

  draw() {}

  /** @override @param {L.Map} map */
  onAdd(map) {
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated");
    this.canvas.width = 0; // so that its first drawing gives it its size
    this.canvas.setAttribute("aria-hidden", "true");
    map.getPane(this.pane)?.append(this.canvas);
    map.on("moveend resize zoomend", this.draw, this);
    map.on("zoomanim", this.animate, this);
    this.draw();
    return this;
  }

  /** @override @param {L.Map} map */
  onRemove(map) {
    map.off("moveend resize zoomend", this.draw, this);
    map.off("zoomanim", this.animate, this);
    this.canvas?.remove();
    this.canvas = null;
    return this;
  }

  /** Draw with the screen's next frame. */
  soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /**
   * Put the canvas where the map is and clear it; null where it is off, or the map has no size.
   * @returns {CanvasFrame & { pen: CanvasRenderingContext2D } | null}
   */
  placed() {
    const map = this._map;
    const { canvas } = this;
    const size = map?.getSize();
    if (!canvas || !size?.x || !size.y) return null;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [size.x, size.y].map((px) => Math.ceil(px * (1 + 2 * PAD) * ratio));
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = width / ratio + "px";
      canvas.style.height = height / ratio + "px";
    }
    const pen = penOf(canvas);
    pen.clearRect(0, 0, width, height);
    const corner = map.containerPointToLayerPoint([-size.x * PAD, -size.y * PAD]).round();
    L.DomUtil.setPosition(canvas, corner);
    this.zoom = map.getZoom();
    this.anchor = map.layerPointToLatLng(corner);
    const scale = (256 * 2 ** this.zoom * ratio) / WORLD;
    const { x, y } = map.getPixelOrigin().add(corner).multiplyBy(ratio);
    return { scale, x, y, width, height, ratio, pen };
  }

  animate(/** @type {L.ZoomAnimEvent} */ { zoom, center }) {
    if (!this.canvas) return;
    const place = this._map._latLngToNewLayerPoint(this.anchor, zoom, center);
    L.DomUtil.setTransform(this.canvas, place, this._map.getZoomScale(zoom, this.zoom));
  }
}
