/* Which datasets are shown: one, several or all; several are never added up. */
/** @import { LayerContext } from "./types.js" */
import { el } from "./dom.js";
import { fill, labelOf, number } from "./format.js";

/**
 * @param {LayerContext} context
 * @param {(slugs: string) => void} change
 */
export function makeDatasets({ spec, state, words, language }, change) {
  const slugs = spec.datasets.map(([slug]) => slug);
  const marked = new Set(state.list("dataset"));
  if (!marked.size) for (const slug of spec.shownDatasets) marked.add(slug);
  const title = el("summary", {});
  /** @type {Map<string, HTMLElement>} */
  const texts = new Map();
  const boxes = spec.datasets.map(([slug, label]) => {
    const text = el("span", { text: label });
    texts.set(slug, text);
    const box = el("input", {
      type: "checkbox",
      name: "dataset",
      value: slug,
      checked: marked.has(slug),
      onchange: () => pick(box),
    });
    return el("label", { class: "layer" }, box, text);
  });
  const step = { type: "button", class: "step" };
  const all = el("button", {
    ...step,
    text: words.datasets_all,
    hidden: slugs.length < 2,
    onclick: () => change(slugs.join()),
  });
  const show = el("button", {
    ...step,
    text: words.datasets_show,
    disabled: true,
    onclick: () => change(slugs.filter((slug) => marked.has(slug)).join()),
  });

  /** @param {HTMLInputElement} box */
  function pick(box) {
    if (box.checked) marked.add(box.value);
    else marked.delete(box.value);
    show.disabled = !marked.size;
    tell();
  }

  function tell() {
    const names = slugs
      .filter((slug) => marked.has(slug))
      .map((slug) => labelOf(spec.datasets, slug));
    const what = names.length === 1 ? names[0] : fill(words.datasets_of, counts(names.length));
    title.replaceChildren(el("span", { text: words.dataset }), el("strong", { text: what }));
  }

  /** @param {number} count */
  const counts = (count) => ({ n: number(language, count), of: number(language, slugs.length) });

  /** @param {Record<string, number>} incidents */
  function showCounts(incidents) {
    for (const [slug, text] of texts) {
      const count = incidents[slug];
      if (count === undefined) continue;
      const label = labelOf(spec.datasets, slug);
      text.textContent = fill(words.count_in, { label, n: number(language, count) });
    }
  }

  tell();
  const node = el(
    "details",
    { class: "datasets" },
    title,
    el("div", {}, ...boxes, el("p", { class: "region-actions" }, show, all)),
  );
  return { node, showCounts };
}
