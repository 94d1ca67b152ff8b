/* Incidents as dots written straight into canvas pixels, from binary columns sorted by day.
   No WebGL, worker or tile server: up to about a million marks, a step of time is an index range. */
import { readJson } from "./dom.js";

const WORLD = 2 ** 31;
const UNKNOWN = 0xffff;
const SETTLEMENT = 2;
const LONG = 0x80;
const DENSE_FROM = 60000;
const DETAIL_ZOOM = 9;
const DISC_LIMIT = 4000;

const rgba = (hex, alpha = 255) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
};

/* One month: typed arrays over one buffer, in the order that the server documents. */
class Month {
  constructor(buffer, rows, columns) {
    this.rows = rows;
    const types = { u4: Uint32Array, u2: Uint16Array, u1: Uint8Array };
    let at = 0;
    for (const [name, kind] of columns) {
      this[name] = new types[kind](buffer, at, rows);
      at += rows * types[kind].BYTES_PER_ELEMENT;
    }
  }

  /* The first row whose first day is not before a day. */
  lower(day) {
    let low = 0, high = this.rows;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.first[middle] < day) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function makeIncidents(options, context) {
  const families = options.families.map(([code, colour]) => ({ code, colour: rgba(colour), hex: colour }));
  const familyOfBit = context.spec.weapons.map(([code]) => families.findIndex((f) => f.code === code.split(".")[0]));
  const unknownFamily = families.findIndex((family) => family.code === "unknown");
  const ring = rgba(options.ring);

  const Layer = L.Layer.extend({
    initialize() {
      this.months = [];
      this.window = [0, 0];
      this.filter = { weapons: 0, sectors: 0, statuses: null, killed: null };
      this.drawn = 0;
    },
    onAdd(map) {
      const canvas = (this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-animated"));
      canvas.setAttribute("aria-hidden", "true");
      map.getPane("incidents").appendChild(canvas);
      this.pen = canvas.getContext("2d");
      this.off = document.createElement("canvas");
      map.on("moveend resize zoomend", this.draw, this);
      map.on("zoomanim", this._animate, this);
      this.draw();
    },
    onRemove(map) {
      map.off("moveend resize zoomend", this.draw, this);
      map.off("zoomanim", this._animate, this);
      this.canvas.remove();
      this.canvas = null;
    },
    async load(url) {
      const listing = await readJson(url);
      const order = Object.entries(listing.columns);
      await Promise.all(
        listing.months.map(async (month) => {
          const answer = await fetch(month.url);
          if (!answer.ok) throw new Error(`${answer.status} ${month.url}`);
          this.months.push(new Month(await answer.arrayBuffer(), month.rows, order));
          this.soon();
        }),
      );
      this.months.sort((a, b) => b.first[0] - a.first[0]);
      this.loaded = true;
      this.draw();
    },
    setWindow(first, last) {
      this.window = [first, last];
      this.soon();
    },
    setFilter(filter) {
      this.filter = filter;
      this.soon();
    },
    soon() {
      if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
    },
    /* Call `visit(month, row)` for every mark that the window and the filters let through. */
    each(visit) {
      const [first, last] = this.window, { weapons, sectors, statuses, killed } = this.filter;
      for (const month of this.months) {
        const end = month.lower(last + 1);
        for (let row = 0; row < end; row++) {
          const from = month.first[row], to = month.last[row];
          if (to < first) continue;
          if (month.status[row] & LONG && (from < first || to > last)) continue;
          if (weapons && !(month.weapons[row] & weapons)) continue;
          if (sectors && !(month.sectors[row] & sectors)) continue;
          if (statuses && !statuses.has(month.status[row] & ~LONG)) continue;
          if (killed !== null && (month.killed[row] === UNKNOWN || month.killed[row] < killed)) continue;
          visit(month, row);
        }
      }
    },
    family(mask) {
      for (let bit = 0; mask; bit++, mask >>>= 1) if (mask & 1) return familyOfBit[bit];
      return unknownFamily;
    },
    draw() {
      const map = this._map, canvas = this.canvas;
      if (!map || !canvas) return;
      const started = performance.now();
      const size = map.getSize(), ratio = Math.min(2, devicePixelRatio || 1), pad = 0.2;
      const width = Math.ceil(size.x * (1 + 2 * pad) * ratio), height = Math.ceil(size.y * (1 + 2 * pad) * ratio);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = this.off.width = width;
        canvas.height = this.off.height = height;
        canvas.style.width = width / ratio + "px";
        canvas.style.height = height / ratio + "px";
        this.image = new ImageData(width, height);
        this.pixels = new Uint32Array(this.image.data.buffer);
      }
      this.pixels.fill(0);
      this.pen.clearRect(0, 0, width, height);
      const corner = map.containerPointToLayerPoint([-size.x * pad, -size.y * pad]).round();
      L.DomUtil.setPosition(canvas, corner);
      this.zoom = map.getZoom();
      this.anchor = map.layerPointToLatLng(corner);
      const scale = (256 * 2 ** this.zoom * ratio) / WORLD, origin = map.getPixelOrigin().add(corner);
      const view = { scale, x: origin.x * ratio, y: origin.y * ratio, width, height, ratio };
      const found = this._visible(view);
      if (found.count > DENSE_FROM && this.zoom < DETAIL_ZOOM) this._density(found, view);
      else this._dots(found, view);
      this.off.getContext("2d").putImageData(this.image, 0, 0);
      this.pen.drawImage(this.off, 0, 0);
      this.drawn = found.count;
      this.isDense = found.count > DENSE_FROM && this.zoom < DETAIL_ZOOM;
      this.drawMs = performance.now() - started;
      this.fire("drawn");
    },
    _visible({ scale, x, y, width, height }) {
      let capacity = 1 << 14, count = 0;
      let xs = new Int32Array(capacity), ys = new Int32Array(capacity), kinds = new Uint8Array(capacity);
      const discs = [];
      this.each((month, row) => {
        const px = (month.x[row] * scale - x) | 0, py = (month.y[row] * scale - y) | 0;
        if (px < 0 || py < 0 || px >= width || py >= height) return;
        if (count === capacity) {
          capacity *= 2;
          const grow = (old, Type) => { const wide = new Type(capacity); wide.set(old); return wide; };
          xs = grow(xs, Int32Array); ys = grow(ys, Int32Array); kinds = grow(kinds, Uint8Array);
        }
        xs[count] = px; ys[count] = py; kinds[count] = this.family(month.weapons[row]);
        if (month.precision[row] === SETTLEMENT && discs.length < DISC_LIMIT) discs.push([px, py, month.error_m[row], kinds[count]]);
        count++;
      });
      return { count, xs, ys, kinds, discs };
    },
    _dots({ count, xs, ys, kinds, discs }, { width, height, ratio }) {
      this._discs(discs, ratio);
      const radius = (this.zoom < 7 ? 3.4 : this.zoom < 10 ? 4 : 5) * ratio;
      const reach = Math.ceil(radius), inner = [], edge = [];
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          const far = Math.hypot(dx, dy);
          if (far <= radius) (far > radius - 1.1 * ratio ? edge : inner).push(dy * width + dx);
        }
      }
      const pixels = this.pixels, colours = families.map((family) => family.colour);
      for (let i = 0; i < count; i++) {
        const x = xs[i], y = ys[i];
        if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
        const at = y * width + x, colour = colours[kinds[i]];
        for (let j = 0; j < edge.length; j++) pixels[at + edge[j]] = ring;
        for (let j = 0; j < inner.length; j++) pixels[at + inner[j]] = colour;
      }
    },
    /* A place known to its settlement is a soft disc of its error, not only a point. */
    _discs(discs, ratio) {
      const metresPerPx = (latitude) => (156543.03 * Math.cos((latitude * Math.PI) / 180)) / 2 ** this.zoom;
      const local = metresPerPx(this._map.getCenter().lat);
      this.pen.globalAlpha = 0.2;
      for (const [x, y, error, kind] of discs) {
        const radius = Math.max(6, Math.min(400, (error === UNKNOWN ? 5000 : error) / local)) * ratio;
        this.pen.fillStyle = families[kind].hex;
        this.pen.beginPath();
        this.pen.arc(x, y, radius, 0, 2 * Math.PI);
        this.pen.fill();
      }
      this.pen.globalAlpha = 1;
    },
    _density({ count, xs, ys }, { width, height, ratio }) {
      const cell = Math.round(3 * ratio), across = Math.ceil(width / cell), down = Math.ceil(height / cell);
      const counts = new Uint32Array(across * down);
      let most = 1;
      for (let i = 0; i < count; i++) {
        const at = ((ys[i] / cell) | 0) * across + ((xs[i] / cell) | 0);
        if (++counts[at] > most) most = counts[at];
      }
      const stops = options.density, top = Math.log(most + 1);
      for (let cy = 0; cy < down; cy++) {
        for (let cx = 0; cx < across; cx++) {
          const n = counts[cy * across + cx];
          if (!n) continue;
          const level = (Math.log(n + 1) / top) * (stops.length - 1), low = Math.min(level | 0, stops.length - 2), part = level - low;
          const [r, g, b] = [0, 1, 2].map((i) => Math.round(stops[low][i] + (stops[low + 1][i] - stops[low][i]) * part));
          const colour = ((220 << 24) | (b << 16) | (g << 8) | r) >>> 0;
          for (let y = cy * cell; y < Math.min((cy + 1) * cell, height); y++) {
            this.pixels.fill(colour, y * width + cx * cell, y * width + Math.min((cx + 1) * cell, width));
          }
        }
      }
    },
    _animate(event) {
      const place = this._map._latLngToNewLayerPoint(this.anchor, event.zoom, event.center);
      L.DomUtil.setTransform(this.canvas, place, this._map.getZoomScale(event.zoom, this.zoom));
    },
    /* Numbers of the incidents under a point, nearest first; all at one spot come together. */
    pick(latlng, radius) {
      const zoom = this._map.getZoom(), scale = (256 * 2 ** zoom) / WORLD, at = this._map.project(latlng, zoom);
      const found = [];
      this.each((month, row) => {
        const far = Math.hypot(month.x[row] * scale - at.x, month.y[row] * scale - at.y);
        if (far <= radius) found.push([far, month.number[row], month.x[row], month.y[row]]);
      });
      if (!found.length) return [];
      found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
      const [, , x, y] = found[0];
      return found.filter((one) => one[2] === x && one[3] === y).map((one) => one[1]);
    },
    nearest() {
      return this.pick(this._map.getCenter(), Infinity).slice(0, 1);
    },
  });
  Layer.include(L.Evented.prototype);
  return new Layer();
}
