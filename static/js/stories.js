/* The page on which stories are written: steps in order, each with a preview of its picture. */
/** @import { EditedStory, EditedStep, Problem, StoryList, WorkSpec } from "./types.js" */
import { byId, debounce, el, jsonBlock } from "./dom.js";
import { fill } from "./format.js";
import { noteAt, pointAt } from "./pointing.js";
import { ask, ready, showProblem, showStatus } from "./workpage.js";

const PREVIEW = { width: "960", height: "640" };
const PREVIEW_MS = 600;
/** How often a frame is asked for its map, which its scripts make. */
const POINT_MS = 100;
/** The window whose frame becomes the box of a step, in px. */
const FRAME = { width: 900, height: 600 };
const TILE_PX = 256;

/** @type {WorkSpec} */
const spec = jsonBlock("spec");
const words = spec.strings;
const form = byId("edit", HTMLFormElement);
const choice = byId("story", HTMLSelectElement);
const slugInput = byId("slug", HTMLInputElement);
const titleInput = byId("title", HTMLInputElement);
const langSelect = byId("lang", HTMLSelectElement);
const reasonInput = byId("reason", HTMLInputElement);
const list = byId("steps");
const withdrawButton = byId("withdraw", HTMLButtonElement);
/** The revision that is changed; null for a new story. @type {number | null} */
let revision = null;

/** @typedef {Window & { strikemap?: { map: L.Map } }} MapWindow */
/** @typedef {{ item: HTMLElement, read(): EditedStep, number(place: number): void }} StepForm */
/** @type {StepForm[]} */
let steps = [];

/**
 * The parameters of a map's address. A place that the address remembers becomes the View's box.
 * @param {string} address
 */
export function viewOf(address) {
  const [whole, hash = ""] = address.trim().split("#");
  const params = new URLSearchParams(whole.slice(whole.lastIndexOf("?") + 1));
  const [zoom, lat, lon] = (new URLSearchParams(hash).get("at") ?? "").split("/").map(Number);
  const isPlace = [zoom, lat, lon].every(Number.isFinite);
  if (isPlace && !["bbox", "within", "region"].some((name) => params.has(name)))
    params.set("bbox", boxAround(zoom, lon, lat).join(","));
  params.delete("lang");
  return params.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
}

/**
 * @param {number} zoom
 * @param {number} lon
 * @param {number} lat
 */
function boxAround(zoom, lon, lat) {
  const px = TILE_PX * 2 ** zoom;
  const across = ((FRAME.width / px) * 360) / 2;
  /* A short box: one parallel's scale holds for its whole height. */
  const down = ((FRAME.height / px) * 360 * Math.cos((lat * Math.PI) / 180)) / 2;
  const sides = [lon - across, lat - down, lon + across, lat + down];
  return sides.map((side) => Number(side.toFixed(3)));
}

/** Notes as lines; what does not fit is for the service to name. */
function notesOf(/** @type {string} */ text) {
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.map((line) => {
    const [lon = "", lat = "", side = "", ...rest] = line.split(",").map((part) => part.trim());
    return { lon, lat, side, text: rest.join(", ") };
  });
}

const linesOf = (/** @type {EditedStep["notes"]} */ notes) =>
  notes.map(({ lon, lat, side, text }) => `${lon}, ${lat}, ${side}, ${text}`).join("\n");

/** @param {EditedStep} step @returns {StepForm} */
function makeStep(step) {
  const field = (/** @type {string} */ label, /** @type {HTMLElement} */ input) =>
    el("label", {}, label, el("br"), input);
  const title = el("input", { value: step.title, maxlength: 120, "data-field": "title" });
  const text = el("textarea", { rows: 5, maxlength: 5000, text: step.text, "data-field": "text" });
  const view = el("input", { value: step.view, spellcheck: false, "data-field": "view" });
  const notes = el("textarea", { rows: 2, text: linesOf(step.notes), "data-field": "notes" });
  const picture = el("img", PREVIEW);
  const fault = el("p", { class: "note", role: "status" });
  const heading = el("h2", { tabindex: -1 });
  const read = () => ({
    title: title.value,
    text: text.value,
    view: view.value,
    notes: notesOf(notes.value),
  });

  function preview() {
    const params = new URLSearchParams(viewOf(view.value));
    const own = { lang: spec.lang, title: title.value, notes: notes.value, ...PREVIEW };
    for (const [name, value] of Object.entries(own)) if (value) params.set(name, value);
    fault.textContent = "";
    picture.src = `/figure.png?${params}`;
  }
  picture.addEventListener("load", () => (picture.hidden = false));
  picture.addEventListener("error", async () => {
    picture.hidden = true;
    /** @type {Problem} */
    const problem = await fetch(picture.src)
      .then((answer) => answer.json())
      .catch(() => ({}));
    fault.textContent = problem.detail ?? words.connection_lost;
  });
  const later = debounce(PREVIEW_MS, preview);
  for (const input of [title, view, notes]) input.addEventListener("input", later);
  view.addEventListener("change", () => (view.value = viewOf(view.value)));

  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) =>
    el("button", { type: "button", text: label, onclick });
  const pin = () => {
    const params = new URLSearchParams(viewOf(view.value));
    params.delete("as_of");
    view.value = params.toString();
    preview();
  };
  const item = el(
    "li",
    {},
    heading,
    field(words.story_step_title, title),
    field(words.story_text, text),
    field(words.story_view, view),
    field(words.story_notes, notes),
    el(
      "p",
      {},
      button(words.story_point, () => point(view.value, notes)),
    ),
    el(
      "p",
      { class: "actions" },
      button(words.story_pin, pin),
      button(words.story_up, () => moveStep(own, -1)),
      button(words.story_down, () => moveStep(own, 1)),
      button(words.story_remove, () => removeStep(own)),
    ),
    fault,
    picture,
  );
  /** @type {StepForm} */
  const own = {
    item,
    read,
    number(place) {
      const m = steps.length;
      heading.textContent = fill(words.story_step, { n: place + 1, m });
      picture.alt = fill(words.story_preview, { n: place + 1 });
    },
  };
  preview();
  return own;
}

/**
 * Show a step's map in a frame, and write the place that is pointed at as the start of a note.
 * @param {string} view
 * @param {HTMLTextAreaElement} notes
 */
function point(view, notes) {
  const frame = el("iframe", { title: words.story_point });
  const dialog = el("dialog", { class: "pointing-dialog" });
  dialog.append(el("p", { text: words.story_point_help }), frame);
  const begin = () => {
    const map = /** @type {MapWindow} */ (frame.contentWindow).strikemap?.map;
    if (!map) return setTimeout(begin, POINT_MS);
    return pointAt(map, (at) => {
      dialog.close();
      if (!at) return;
      const before = notes.value.trimEnd();
      notes.value = `${before}${before && "\n"}${noteAt(at)}, `;
      notes.focus();
    });
  };
  frame.addEventListener("load", () => dialog.isConnected && begin());
  frame.src = `/embed?${viewOf(view)}&lang=${spec.lang}&controls=none`;
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function arrange(/** @type {StepForm | undefined} */ next) {
  list.replaceChildren(...steps.map(({ item }) => item));
  steps.forEach((step, place) => step.number(place));
  next?.item.querySelector("h2")?.focus();
}

/** @param {StepForm} step @param {number} by */
function moveStep(step, by) {
  const place = steps.indexOf(step) + by;
  if (place < 0 || place >= steps.length) return;
  steps = steps.filter((other) => other !== step);
  steps.splice(place, 0, step);
  arrange(step);
}

function removeStep(/** @type {StepForm} */ step) {
  const place = steps.indexOf(step);
  steps = steps.filter((other) => other !== step);
  arrange(steps[Math.min(place, steps.length - 1)]);
}

/** Show a story, or the empty form of a new one. */
function show(/** @type {EditedStory | null} */ story) {
  revision = story?.revision ?? null;
  slugInput.value = story?.slug ?? "";
  slugInput.readOnly = story !== null;
  titleInput.value = story?.title ?? "";
  if (story) langSelect.value = story.lang;
  const empty = { title: "", text: "", view: spec.query, notes: [] };
  steps = (story?.steps ?? [empty]).map(makeStep);
  arrange(undefined);
  reasonInput.value = "";
  withdrawButton.disabled = story === null;
  const link = byId("read", HTMLAnchorElement);
  link.textContent = story ? words.story_read : words.stories;
  link.href = story ? `/story/${story.slug}?lang=${spec.lang}` : `/stories?lang=${spec.lang}`;
  document.documentElement.dataset.revision = String(revision ?? "");
}

const addressOf = (/** @type {string} */ slug) => `/api/stories/${encodeURIComponent(slug)}`;

/**
 * The story of a slug as it stands; null after a refusal.
 * @param {string} slug
 * @returns {Promise<EditedStory | null>}
 */
const readStory = (slug) => ask("GET", addressOf(slug));

async function listStories(/** @type {string} */ slug) {
  /** @type {StoryList | null} */
  const answer = await ask("GET", "/api/stories");
  const options = answer?.stories.map((story) =>
    el("option", { value: story.slug, text: `${story.title} (${story.slug})` }),
  );
  choice.replaceChildren(el("option", { value: "", text: words.story_new }), ...(options ?? []));
  choice.value = slug;
}

async function open(/** @type {string} */ slug) {
  showProblem("");
  const story = slug ? await readStory(slug) : null;
  if (story || !slug) show(story);
}

/** @param {string} method @param {string} url @param {object} body @param {string} done */
async function change(method, url, body, done) {
  /** @type {Record<string, string>} */
  const match = revision === null ? {} : { "If-Match": `"${revision}"` };
  /** @type {{ slug: string, revision: number } | null} */
  const saved = await ask(method, url, { ...body, reason: reasonInput.value }, match);
  if (!saved) return;
  const isGone = url.endsWith("/withdraw");
  show(isGone ? null : await readStory(saved.slug));
  await listStories(isGone ? "" : saved.slug);
  showStatus(fill(done, saved));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const story = { title: titleInput.value, lang: langSelect.value };
  const body = { ...story, steps: steps.map((step) => step.read()) };
  change("PUT", addressOf(slugInput.value), body, words.edit_saved);
});
withdrawButton.addEventListener("click", () => {
  if (!reasonInput.reportValidity()) return;
  change("POST", `${addressOf(slugInput.value)}/withdraw`, {}, words.story_withdrawn);
});
byId("add").addEventListener("click", () => {
  const last = steps.at(-1)?.read();
  const step = makeStep({ title: "", text: "", view: last?.view ?? spec.query, notes: [] });
  steps.push(step);
  arrange(step);
});
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  open(choice.value);
});
await ready();
const slug = decodeURIComponent(location.hash.slice(1));
await listStories(slug);
await open(choice.value);
document.documentElement.dataset.ready = "1";
