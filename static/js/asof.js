/* Since when what the map shows is known: always in sight, and the way to a past day. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";
import { dayText } from "./format.js";

/**
 * @param {HTMLElement} place
 * @param {MapContext} context
 */
export function showAsOf(place, { spec, state, words, language }) {
  const instant = spec.asOf ? `${spec.asOf.slice(0, 16).replace("T", " ")} UTC` : "–";
  if (spec.isSaved) {
    const [from, to] = ["from", "to"].map((name) => dayText(language, state.get(name)));
    place.append(el("span", { text: `${from} – ${to} · ${words.as_known_on} ${instant}` }));
    return;
  }
  const day = spec.asOfDay ?? "";
  const input = el("input", {
    type: "date",
    value: spec.view.as_of ? day : "",
    max: day > spec.yesterday ? day : spec.yesterday,
    onchange: () => state.go({ as_of: input.value }),
  });
  place.append(el("label", {}, words.as_known_on + " ", input));
  if (spec.view.as_of) {
    const now = () => state.go({ as_of: "" });
    place.append(
      el("span", { class: "instant", text: instant }),
      el("button", { type: "button", class: "step", text: words.show_now, onclick: now }),
    );
  } else place.append(el("span", { class: "now", text: words.as_known_now }));
  const paper = spec.asOf ? `${instant} · ${spec.head}` : "–";
  place.append(el("span", { class: "on-paper", text: paper }));
}
