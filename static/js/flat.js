/* Shapes that change many times a second: projected once, written as one path each, elements reused. */
const flatten = (lines) => lines.map((line) => {
  const out = new Float64Array(line.length * 2);
  line.forEach(([lon, lat], i) => {
    const sine = Math.sin((lat * Math.PI) / 180);
    out[2 * i] = (lon + 180) / 360;
    out[2 * i + 1] = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  });
  return out;
});

/* The rings or lines of a GeoJSON feature on the unit square; kept with the feature. */
export function flatOf(feature) {
  const { type, coordinates } = feature.geometry;
  feature.flat ??= flatten({ Polygon: coordinates, MultiPolygon: coordinates.flat(), LineString: [coordinates], MultiLineString: coordinates }[type] ?? []);
  return { lines: feature.flat, closes: type.endsWith("Polygon") };
}

export const FlatPath = L.Path.extend({
  options: { interactive: false },
  _updateBounds() {},
  initialize(options) {
    L.setOptions(this, options);
    this.shown = [];
  },
  /* Show some flat shapes, in another style if one is given. */
  show(shown, style) {
    this.shown = shown;
    if (style) this.setStyle(style);
    if (this._map) this._reset();
  },
  _reset() {
    this._project();
    this._update();
  },
  /* Points that fall on the px of the one before are not written: most of them, on a small map. */
  _project() {
    const scale = 256 * 2 ** this._map.getZoom(), { x: left, y: top } = this._map.getPixelOrigin();
    const out = [];
    for (const { lines, closes } of this.shown) {
      for (const line of lines) {
        let lastX = NaN, lastY = NaN, verb = "M";
        for (let i = 0; i < line.length; i += 2) {
          const x = Math.round(line[i] * scale - left), y = Math.round(line[i + 1] * scale - top);
          if (x === lastX && y === lastY) continue;
          out.push(verb, x, " ", y);
          lastX = x;
          lastY = y;
          verb = "L";
        }
        if (closes) out.push("z");
      }
    }
    this._d = out.join("") || "M0 0";
  },
  _update() {
    if (this._map) this._renderer._setPath(this, this._d);
  },
});
