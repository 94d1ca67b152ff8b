/* Covering parts of a record's pictures: drawn with a pointer, or set by numbers in percent. */
/** @import { CoveredPart, EditedPicture, EditedPictures, EditSpec } from "./types.js" */
/** @import { SuggestedParts } from "./types.js" */
import { byId, el, jsonBlock } from "./dom.js";
import { fill } from "./format.js";
import { ask, showStatus } from "./workpage.js";

/** @typedef {{ x: number, y: number }} Point */

/** @type {EditSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const address = `/api/incidents/${encodeURIComponent(spec.id)}/attachments`;
const reasonInput = byId("reason", HTMLInputElement);
/** The numbers of a part, and the side of its box that each sets. */
const SIDES = /** @type {const} */ ({ x: "left", y: "top", width: "width", height: "height" });
const NUMBERS = /** @type {(keyof CoveredPart)[]} */ (Object.keys(SIDES));
/** The part that a person without a pointer begins with: the middle of the picture. */
const MIDDLE = { x: 0.4, y: 0.4, width: 0.2, height: 0.2 };
/** A part that is smaller than this share of a side is a click, not a drawing. */
const SMALLEST = 0.005;

const share = (/** @type {number} */ number) =>
  Math.round(Math.min(Math.max(number, 0), 1) * 1e4) / 1e4;

/** List the pictures of the record; nothing where there is none. */
export async function loadPictures() {
  /** @type {EditedPictures | null} */
  const answer = await ask("GET", address);
  if (!answer) return;
  const boxes = answer.pictures.map((picture) => pictureForm(picture));
  const none = el("p", { class: "note", text: words.edit_cover_none });
  byId("pictures").replaceChildren(...(boxes.length ? boxes : [none]));
  byId("covers").hidden = false;
}

/** @param {EditedPicture} picture */
function pictureForm(picture) {
  const name = picture.caption || picture.name;
  const frame = el("div", { class: "to-cover" });
  const list = el("div", {});
  let parts = picture.covers;
  let revision = picture.revision;

  const boxes = () => [...frame.querySelectorAll("span")];
  const place = () => boxes().forEach((box, n) => placeBox(box, parts[n]));
  const render = () => {
    frame.replaceChildren(
      el("img", { src: picture.original, alt: name, draggable: "false" }),
      ...parts.map((_part, n) => el("span", { text: n + 1, "aria-hidden": "true" })),
    );
    list.replaceChildren(...parts.map((part, n) => partFields(part, n, place, () => remove(n))));
    place();
  };
  const remove = (/** @type {number} */ n) => {
    parts = parts.filter((_part, other) => other !== n);
    render();
    add.focus();
  };
  const append = (/** @type {CoveredPart} */ part) => {
    parts = [...parts, part];
    render();
  };
  const add = el("button", {
    type: "button",
    text: words.edit_cover_add,
    onclick: () => {
      append({ ...MIDDLE });
      /** @type {HTMLInputElement | null} */ (
        list.querySelector("fieldset:last-child input")
      )?.focus();
    },
  });
  const suggest = async () => {
    /** @type {SuggestedParts | null} */
    const answer = await ask("GET", `${address}/${picture.sha256}/faces`);
    if (!answer) return;
    const others = answer.suggestions.filter((part) => !parts.some((other) => covers(other, part)));
    parts = [...parts, ...others];
    render();
    showStatus(fill(words.edit_cover_suggested, { n: others.length }));
  };
  const save = async () => {
    if (!reasonInput.reportValidity()) return;
    const body = { covers: parts, reason: reasonInput.value };
    const match = { "If-Match": `"${revision}"` };
    /** @type {EditedPicture | null} */
    const answer = await ask("PUT", `${address}/${picture.sha256}/covers`, body, match);
    if (!answer) return;
    ({ covers: parts, revision } = answer);
    render();
    showStatus(
      answer.approval ? words.edit_second : fill(words.edit_cover_saved, { n: parts.length }),
    );
  };
  drawing(frame, append);
  render();
  return el(
    "form",
    {
      "aria-label": name,
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        save();
      },
    },
    el("h3", { text: name }),
    frame,
    list,
    el(
      "p",
      { class: "actions" },
      add,
      el("button", { type: "button", text: words.edit_cover_suggest, onclick: suggest }),
      el("button", { text: words.edit_cover_save }),
    ),
  );
}

/** Tell whether a part hides the middle of another: then a suggestion says nothing new. */
function covers(/** @type {CoveredPart} */ part, /** @type {CoveredPart} */ other) {
  const x = other.x + other.width / 2;
  const y = other.y + other.height / 2;
  return x > part.x && x < part.x + part.width && y > part.y && y < part.y + part.height;
}

/**
 * The edges of a part as numbers in percent.
 * @param {CoveredPart} part
 * @param {number} n
 * @param {() => void} changed
 * @param {() => void} remove
 */
function partFields(part, n, changed, remove) {
  const inputs = NUMBERS.map((name) => {
    const input = el("input", {
      type: "number",
      min: 0,
      max: 100,
      step: 0.01,
      required: true,
      value: Math.round(part[name] * 1e4) / 100,
      oninput: () => {
        part[name] = share(input.valueAsNumber / 100 || 0);
        changed();
      },
    });
    return el("label", {}, `${words[`edit_cover_${name}`]} `, input);
  });
  const text = fill(words.edit_cover_remove, { n: n + 1 });
  return el(
    "fieldset",
    { class: "fields" },
    el("legend", { text: fill(words.edit_cover_part, { n: n + 1 }) }),
    ...inputs,
    el("button", { type: "button", text, onclick: remove }),
  );
}

/**
 * @param {HTMLElement} box
 * @param {CoveredPart} part
 */
function placeBox(box, part) {
  for (const name of NUMBERS) box.style[SIDES[name]] = `${part[name] * 100}%`;
}

/**
 * Let a pointer draw a part from corner to corner.
 * @param {HTMLElement} frame
 * @param {(part: CoveredPart) => void} append
 */
function drawing(frame, append) {
  /** @type {Point | null} */
  let start = null;
  const box = el("span", { "aria-hidden": "true" });
  const at = (/** @type {PointerEvent} */ event) => {
    const whole = frame.getBoundingClientRect();
    const x = share((event.clientX - whole.left) / whole.width);
    return { x, y: share((event.clientY - whole.top) / whole.height) };
  };
  const partTo = (/** @type {Point} */ from, /** @type {Point} */ to) => ({
    x: Math.min(from.x, to.x),
    y: Math.min(from.y, to.y),
    width: share(Math.abs(to.x - from.x)),
    height: share(Math.abs(to.y - from.y)),
  });
  frame.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
    start = at(event);
    placeBox(box, partTo(start, at(event)));
    frame.append(box);
  });
  frame.addEventListener("pointermove", (event) => {
    if (start) placeBox(box, partTo(start, at(event)));
  });
  frame.addEventListener("pointerup", (event) => {
    if (!start) return;
    const done = partTo(start, at(event));
    start = null;
    box.remove();
    if (done.width >= SMALLEST && done.height >= SMALLEST) append(done);
  });
  frame.addEventListener("pointercancel", () => {
    start = null;
    box.remove();
  });
}
