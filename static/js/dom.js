/* Small helpers for building the page. Text reaches it only through textContent. */
export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export function number(language, value) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value);
}

export function dayText(language, day) {
  const format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
  return format.format(new Date(day + "T00:00:00Z"));
}

const DAY_MS = 864e5;
export const dayNumber = (day) => Math.round(Date.parse(day + "T00:00:00Z") / DAY_MS);
export const dayOf = (n) => new Date(n * DAY_MS).toISOString().slice(0, 10);

/* A count as people read it: unknown is never 0, an open end is "at least". */
export function countText(words, language, count) {
  const n = (value) => number(language, value);
  if (!count || (count.low === null && count.best === null && count.high === null)) return words.unknown;
  const low = count.low ?? count.best;
  if (count.high === null || count.high === undefined) return fill(words.at_least, { n: n(low ?? 0) });
  if (low === count.high) return n(low);
  return fill(words.range, { low: n(low ?? 0), high: n(count.high) });
}

/* A length in the language's own units and numbers: 500 m, 1,5 км. */
export function lengthText(language, metres) {
  const isShort = metres < 1000, unit = isShort ? "meter" : "kilometer";
  const format = new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: isShort ? 0 : 1 });
  return format.format(isShort ? metres : metres / 1000);
}

/* Leaflet's scale with its length in the reader's language. */
export function makeScale(language) {
  const scale = L.control.scale({ imperial: false, position: "bottomright" });
  scale._updateMetric = function (most) {
    const metres = this._getRoundNum(most);
    this._updateScale(this._mScale, lengthText(language, metres), metres / most);
  };
  return scale;
}

/* A canvas's pen at the screen's own resolution, cleared; null where nothing can be drawn. */
export function penOf(canvas) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight, pen = width ? canvas.getContext?.("2d") : null;
  if (!pen) return null;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  pen.scale(ratio, ratio);
  return { pen, width, height };
}

export function debounce(wait, call) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), wait);
  };
}

export async function readJson(url, signal) {
  const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail || `${answer.status} ${url}`);
  }
  return answer.json();
}
