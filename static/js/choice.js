/* A labelled choice of one code among several. */
/** @import { Label, LayerContext } from "./types.js" */
import { el } from "./dom.js";

/**
 * @param {string} name
 * @param {string} text
 * @param {Label[]} labels
 * @param {string} now the chosen code; one that is not listed is added
 * @param {(name: string, value: string) => void} change
 */
export function choice(name, text, labels, now, change) {
  const select = el("select", { name, onchange: () => change(name, select.value) });
  for (const [value, label] of labels)
    select.append(el("option", { value, text: label, selected: value === now }));
  if (!labels.some(([value]) => value === now))
    select.append(el("option", { value: now, text: now, selected: true }));
  return el("label", { class: "choice" }, el("span", { text }), select);
}

/**
 * Whose control the map shows. The page offers it in more than one place, and each follows.
 * @param {LayerContext} context
 */
export function sourceChoice({ spec, state, words }) {
  const labels = spec.controls.map(({ slug, name }) => /** @type {Label} */ ([slug, name]));
  const now = () => state.get("control");
  const label = choice("control", words.control_source, labels, now(), (_, slug) =>
    state.set({ control: slug }),
  );
  const select = /** @type {HTMLSelectElement} */ (label.querySelector("select"));
  state.onChange(() => (select.value = now()));
  return label;
}
