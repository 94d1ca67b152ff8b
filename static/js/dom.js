/* Elements and canvases of the page. Text reaches it only through textContent. */
/** @import { Child, ElementOptions, Pen } from "./types.js" */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {ElementOptions} [options]
 * @param {...Child} children
 */
export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = String(value);
    else if (name === "class") node.className = String(value);
    else if (typeof value === "function")
      node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/**
 * The element of an id, which the page must have in this kind.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind]
 */
export function byId(id, kind) {
  const node = document.getElementById(id);
  if (!(node instanceof (kind ?? HTMLElement))) throw new Error(`The page lacks #${id}`);
  return /** @type {Kind} */ (node);
}

/** The box that holds the map and what lies on it. */
export const mapBox = () => /** @type {HTMLElement} */ (document.querySelector(".map-box"));

/** What a script block of the page holds, as JSON. */
export const jsonBlock = (/** @type {string} */ id) => JSON.parse(byId(id).textContent ?? "");

/** Tell whether an element is in a tab or box that is not shown. */
export const isHidden = (/** @type {Element} */ node) => node.closest("[hidden]") !== null;

/** @param {HTMLCanvasElement} canvas */
export function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser cannot draw");
  return pen;
}

/**
 * A canvas's pen at the screen's own resolution, cleared; null where nothing can be drawn.
 * @param {HTMLCanvasElement} canvas
 * @returns {Pen | null}
 */
export function sharpPen(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  const pen = width ? canvas.getContext?.("2d") : null;
  if (!pen) return null;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  pen.scale(ratio, ratio);
  return { pen, width, height };
}

/** Call back when the screen turns dark or light. */
export function onColourScheme(/** @type {() => void} */ call) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", call);
}

/**
 * @param {number} waitMs
 * @param {() => void} call
 */
export function debounce(waitMs, call) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, waitMs);
  };
}

const WAIT_MS = 300;
/** How many answers a box waits for. @type {WeakMap<Element, number>} */
const waits = new WeakMap();

/**
 * Wait for what a box will show; where that takes a while, the box says so.
 * @template Answer
 * @param {Element} box
 * @param {Promise<Answer>} answer
 */
export async function waitIn(box, answer) {
  const count = (/** @type {number} */ step) => {
    const n = (waits.get(box) ?? 0) + step;
    waits.set(box, n);
    box.toggleAttribute("data-waiting", n > 0);
    box.setAttribute("aria-busy", String(n > 0));
  };
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    count(1);
  }, WAIT_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    if (isShown) count(-1);
  }
}
