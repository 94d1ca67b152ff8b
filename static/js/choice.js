/* A labelled choice of one code among several. */
/** @import { Label } from "./types.js" */
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
