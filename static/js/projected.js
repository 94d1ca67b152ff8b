/* Shapes that change many times a second: projected once, written as one path, elements reused. */
/** @import { FlatGeometry } from "./types.js" */

/**
 * Rings, or lines that stay open.
 * @typedef {{ lines: Float64Array[], closes: boolean }} Projected
 */

/** @type {WeakMap<object, Projected>} */
const cache = new WeakMap();

/** @param {number[][]} line */
function project(line) {
  const out = new Float64Array(line.length * 2);
  line.forEach(([lon, lat], i) => {
    const sine = Math.sin((lat * Math.PI) / 180);
    out[2 * i] = (lon + 180) / 360;
    out[2 * i + 1] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  });
  return out;
}

/** @param {FlatGeometry} geometry */
function linesOf({ type, coordinates }) {
  if (type === "MultiPolygon") return coordinates.flat();
  return type === "LineString" ? [coordinates] : coordinates;
}

/**
 * The rings or lines of a feature on the unit square.
 * @param {{ geometry: FlatGeometry }} feature
 */
export function projectedOf({ geometry }) {
  let projected = cache.get(geometry);
  if (!projected) {
    projected = {
      lines: linesOf(geometry).map(project),
      closes: geometry.type.endsWith("Polygon"),
    };
    cache.set(geometry, projected);
  }
  return projected;
}

export class ProjectedPath extends L.Path {
  /** @param {L.PathOptions} options */
  constructor(options) {
    super();
    L.setOptions(this, { interactive: false, ...options });
    /** @type {Projected[]} */
    this.shapes = [];
    this.d = "";
  }

  /**
   * @param {Projected[]} shapes
   * @param {L.PathOptions} [style]
   */
  show(shapes, style) {
    this.shapes = shapes;
    if (style) this.setStyle(style);
    if (this._map) this._reset();
  }

  /* What a renderer calls of a path. */
  _updateBounds() {}

  _reset() {
    this._project();
    this._update();
  }

  /** Points that fall on the px of the one before are not written: most of them, on a small map. */
  _project() {
    const scale = 256 * 2 ** this._map.getZoom();
    const origin = this._map.getPixelOrigin();
    const out = [];
    for (const { lines, closes } of this.shapes) {
      for (const line of lines) {
        let lastX = NaN;
        let lastY = NaN;
        let verb = "M";
        for (let i = 0; i < line.length; i += 2) {
          const x = Math.round(line[i] * scale - origin.x);
          const y = Math.round(line[i + 1] * scale - origin.y);
          if (x === lastX && y === lastY) continue;
          out.push(verb, x, " ", y);
          lastX = x;
          lastY = y;
          verb = "L";
        }
        if (closes) out.push("z");
      }
    }
    this.d = out.join("") || "M0 0";
  }

  _update() {
    if (this._map) this._renderer._setPath(this, this.d);
  }
}
