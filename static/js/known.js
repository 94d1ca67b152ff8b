/* Since when what the map shows is known: always in sight, and the way to a past day. */
import { dayText, el } from "./dom.js";

export function makeKnown(place, context) {
  const { spec, state, words } = context, instant = spec.asOf ? `${spec.asOf.slice(0, 16).replace("T", " ")} UTC` : "–";
  if (spec.isSaved) {
    const [from, to] = ["from", "to"].map((name) => dayText(context.language, state.get(name)));
    place.append(el("span", { text: `${from} – ${to} · ${words.as_known_on} ${instant}` }));
    return;
  }
  const input = el("input", { type: "date", value: spec.view.as_of ? spec.asOfDay : "", max: spec.asOfDay > spec.yesterday ? spec.asOfDay : spec.yesterday, onchange: () => state.go({ as_of: input.value }) });
  place.append(el("label", {}, words.as_known_on + " ", input));
  if (spec.view.as_of) place.append(el("span", { class: "instant", text: instant }), el("button", { type: "button", class: "step", text: words.show_now, onclick: () => state.go({ as_of: "" }) }));
  else place.append(el("span", { class: "now", text: words.as_known_now }));
  place.append(el("span", { class: "on-paper", text: spec.asOf ? `${instant} · ${spec.head}` : "–" }));
}
