/* Incidents as dots written straight into canvas pixels, from binary columns sorted by day.
   No WebGL, worker or tile server: up to about a million marks, a step of time is an index range. */
import { readJson } from "./dom.js";

const WORLD = 2 ** 31;
const UNKNOWN = 0xffff;
const SETTLEMENT = 2;
const LONG = 0x80;
const DISC_LIMIT = 4000;
const PARTIAL_MS = 400;

const rgba = (hex, alpha = 255) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;
};

/* The pixels around its middle that a shape covers at a size: those of its ring, and those inside it. */
export function footprint(points, radius, ring) {
  const pen = document.createElement("canvas").getContext("2d"), path = new Path2D();
  for (const [x, y] of points) path.lineTo(x * radius, y * radius);
  path.closePath();
  pen.lineJoin = "round"; // what is nearer to an edge than the ring is wide
  pen.lineWidth = 2 * ring;
  const reach = Math.ceil(radius * Math.max(...points.flat().map(Math.abs))), edge = [], inner = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      if (pen.isPointInPath(path, dx, dy)) (pen.isPointInStroke(path, dx, dy) ? edge : inner).push([dx, dy]);
    }
  }
  return { reach, edge, inner };
}

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

/* Ask for every file of a listing at once; the promises of their months, newest first. */
export async function fetchMonths(url) {
  const listing = await readJson(url), columns = Object.entries(listing.columns);
  return listing.months.map(async (month) => {
    const answer = await fetch(month.url);
    if (!answer.ok) throw new Error(`${answer.status} ${month.url}`);
    return new Month(await answer.arrayBuffer(), month.rows, columns);
  });
}

export function makeIncidents(options, context) {
  const families = options.families.map(([code, colour, shape]) => ({ code, colour: rgba(colour), hex: colour, shape }));
  const familyOfBit = context.spec.weapons.map(([code]) => families.findIndex((f) => f.code === code.split(".")[0]));
  const unknownFamily = families.findIndex((family) => family.code === "unknown");
  const ring = rgba(options.ring), kept = new Map();

  /* What each family covers at a size, as steps from one pixel to another in a canvas so wide. */
  function stamps(radius, ratio, width) {
    const key = `${radius}/${ratio}/${width}`;
    if (!kept.has(key)) {
      const steps = (pixels) => Int32Array.from(pixels, ([dx, dy]) => dy * width + dx);
      kept.clear();
      kept.set(key, families.map(({ shape }) => {
        const { reach, edge, inner } = footprint(options.shapes[shape], radius, 1.1 * ratio);
        return { reach, edge: steps(edge), inner: steps(inner) };
      }));
    }
    return kept.get(key);
  }

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
      this.back = document.createElement("canvas");
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
    /* Take files that are on their way; what has come so far is drawn now and then. */
    async load(files) {
      const months = (this.months = []);
      let next = 0;
      this.loaded = false;
      await Promise.all(
        files.map(async (file) => {
          months.push(await file);
          if (performance.now() < next) return;
          next = performance.now() + PARTIAL_MS;
          this.soon();
        }),
      );
      months.sort((a, b) => b.first[0] - a.first[0]);
      this.loaded = true;
      this.soon();
    },
    setWindow(first, last) {
      this.window = [first, last];
      this._rematch();
    },
    setFilter(filter) {
      this.filter = filter;
      this._rematch();
    },
    _rematch() {
      for (const month of this.months) month.matching = null;
      this.soon();
    },
    soon() {
      if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
    },
    /* The rows of a month that the window and the filters let through; kept until one of them moves. */
    matching(month) {
      if (month.matching) return month.matching;
      const [first, last] = this.window, { weapons, sectors, statuses, killed } = this.filter;
      const { first: begin, last: end, weapons: used, sectors: hit, status, killed: dead } = month;
      const rows = new Uint32Array(month.lower(last + 1));
      let count = 0;
      for (let row = 0; row < rows.length; row++) {
        if (end[row] < first) continue;
        if (status[row] & LONG && (begin[row] < first || end[row] > last)) continue;
        if (weapons && !(used[row] & weapons)) continue;
        if (sectors && !(hit[row] & sectors)) continue;
        if (statuses && !statuses.has(status[row] & ~LONG)) continue;
        if (killed !== null && (dead[row] === UNKNOWN || dead[row] < killed)) continue;
        rows[count++] = row;
      }
      return (month.matching = rows.subarray(0, count));
    },
    /* The first weapon a record names gives its colour. */
    family(mask) {
      return mask ? familyOfBit[31 - Math.clz32(mask & -mask)] : unknownFamily;
    },
    draw() {
      const map = this._map, canvas = this.canvas;
      // Switched off, or in a frame without room: ready all the same.
      if (!map || !canvas || !map.getSize().x || !map.getSize().y) return void (this.loaded && this.fire("drawn"));
      const started = performance.now();
      const size = map.getSize(), ratio = Math.min(2, devicePixelRatio || 1), pad = 0.2;
      const width = Math.ceil(size.x * (1 + 2 * pad) * ratio), height = Math.ceil(size.y * (1 + 2 * pad) * ratio);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = this.back.width = width;
        canvas.height = this.back.height = height;
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
      this.isDense = found.hasCells || (found.count > options.denseFrom && this.zoom < options.detailZoom);
      if (this.isDense) this._density(found, view);
      else this._dots(found, view);
      this.back.getContext("2d").putImageData(this.image, 0, 0);
      this.pen.drawImage(this.back, 0, 0);
      this.drawn = found.count;
      this.drawMs = performance.now() - started;
      this.fire("drawn");
    },
    /* Where the matching marks fall, in canvas px; `rows` and `parts` lead back to their columns. */
    _visible({ scale, x: left, y: top, width, height }) {
      const chosen = this.months.map((month) => this.matching(month));
      const most = chosen.reduce((sum, rows) => sum + rows.length, 0);
      if (!this.scratch || this.scratch[0].length < most) this.scratch = [new Int32Array(most), new Int32Array(most), new Uint32Array(most)];
      const [xs, ys, rows] = this.scratch, parts = [];
      let count = 0;
      for (let at = 0; at < chosen.length; at++) {
        const month = this.months[at], { x, y } = month, from = count;
        for (const row of chosen[at]) {
          const px = (x[row] * scale - left) | 0, py = (y[row] * scale - top) | 0;
          if (px < 0 || py < 0 || px >= width || py >= height) continue;
          xs[count] = px; ys[count] = py; rows[count++] = row;
        }
        parts.push([month, from, count]);
      }
      const hasCells = parts.some(([month, from, to]) => month.n && to > from);
      return { count, xs, ys, rows, parts, hasCells };
    },
    _dots({ xs, ys, rows, parts }, { width, height, ratio }) {
      const radius = (this.zoom < 7 ? 3.4 : this.zoom < 10 ? 4 : 5) * ratio;
      const looks = stamps(radius, ratio, width), pixels = this.pixels, discs = [];
      for (const [month, from, to] of parts) {
        for (let i = from; i < to; i++) {
          const x = xs[i], y = ys[i], row = rows[i], number = this.family(month.weapons[row]), family = families[number];
          if (month.precision[row] === SETTLEMENT && discs.length < DISC_LIMIT) discs.push([x, y, month.error_m[row], family.hex]);
          const { reach, edge, inner } = looks[number];
          if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
          const at = y * width + x, colour = family.colour;
          for (let j = 0; j < edge.length; j++) pixels[at + edge[j]] = ring;
          for (let j = 0; j < inner.length; j++) pixels[at + inner[j]] = colour;
        }
      }
      this._discs(discs, ratio);
    },
    /* A place known to its settlement is a soft disc of its error, not only a point. */
    _discs(discs, ratio) {
      const metresPerPx = (latitude) => (156543.03 * Math.cos((latitude * Math.PI) / 180)) / 2 ** this.zoom;
      const local = metresPerPx(this._map.getCenter().lat);
      this.pen.globalAlpha = 0.2;
      for (const [x, y, error, colour] of discs) {
        const radius = Math.max(6, Math.min(400, (error === UNKNOWN ? 5000 : error) / local)) * ratio;
        this.pen.fillStyle = colour;
        this.pen.beginPath();
        this.pen.arc(x, y, radius, 0, 2 * Math.PI);
        this.pen.fill();
      }
      this.pen.globalAlpha = 1;
    },
    /* Some hundred thousand marks, or cells that stand for many: `n` counts what each stands for. */
    _density({ xs, ys, rows, parts, hasCells }, { width, height, ratio }) {
      const cell = Math.ceil(options.densityPx * (hasCells ? 2 ** (this.zoom - Math.round(this.zoom)) : 1) * ratio), across = Math.ceil(width / cell), down = Math.ceil(height / cell);
      const counts = new Uint32Array(across * down);
      let most = 1;
      for (const [{ n }, from, to] of parts) {
        for (let i = from; i < to; i++) {
          const at = ((ys[i] / cell) | 0) * across + ((xs[i] / cell) | 0);
          if ((counts[at] += n ? n[rows[i]] : 1) > most) most = counts[at];
        }
      }
      this.most = most;
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
      for (const month of this.months) {
        if (month.n) continue; // cells are nobody's record
        for (const row of this.matching(month)) {
          const far = Math.hypot(month.x[row] * scale - at.x, month.y[row] * scale - at.y);
          if (far <= radius) found.push([far, month.number[row], month.x[row], month.y[row]]);
        }
      }
      if (!found.length) return [];
      found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
      const [, , x, y] = found[0];
      return found.filter((one) => one[2] === x && one[3] === y).map((one) => one[1]);
    },
    /* The number of the mark nearest the centre, alone in a list; empty where there is none. */
    nearest() {
      const scale = (256 * 2 ** this._map.getZoom()) / WORLD, at = this._map.project(this._map.getCenter()).divideBy(scale);
      let least = Infinity, found = [];
      for (const month of this.months) {
        if (month.n) continue;
        for (const row of this.matching(month)) {
          const far = (month.x[row] - at.x) ** 2 + (month.y[row] - at.y) ** 2;
          if (far >= least) continue;
          least = far;
          found = [month.number[row]];
        }
      }
      return found;
    },
  });
  Layer.include(L.Evented.prototype);
  return new Layer();
}
