/* Since when what the map shows is known: always in sight, and the way to a past day. */
/** @import { MapContext } from "./types.js" */
import { el } from "./dom.js";
import { dayText } from "./format.js";

/**
 * @param {HTMLElement} place
 * @param {MapContext} context
 */
export function showAsOf(place, { spec, state, words, language }) {
  const { asOf } = spec;
  const instant = asOf ? `${dayText(language, asOf.slice(0, 10))}, ${asOf.slice(11, 16)} UTC` : "–";
  const sentence = `${words.as_known_on} ${instant}`;
  if (spec.isSaved) {
    place.append(el("span", { text: sentence }));
    return;
  }
  const day = spec.asOfDay ?? "";
  const input = el("input", {
    type: "date",
    value: spec.view.as_of ? day : "",
    max: day > spec.yesterday ? day : spec.yesterday,
    onchange: () => state.go({ as_of: input.value }),
  });
  const isPast = Boolean(spec.view.as_of);
  const past = isPast ? `${words.as_known_on} ${dayText(language, day)}` : words.as_known_now;
  const label = el("label", {}, words.as_known_on + " ", input);
  const title = el("summary", { text: past, title: isPast ? sentence : null });
  // In a frame it stands among what unfolds.
  const isFolded = place.closest("details") !== null;
  place.append(isFolded ? label : el("details", { class: "past-day" }, title, label));
  if (isPast) {
    const now = () => state.go({ as_of: "" });
    place.append(
      el("button", { type: "button", class: "step", text: words.show_now, onclick: now }),
    );
  }
  const paper = asOf ? `${sentence} · ${spec.head}` : "–";
  place.append(el("span", { class: "on-paper", text: paper }));
}
