/* One incident as a dialog: a headline, the way to others on its spot, and the record below. */
/** @import { MapContext, OpenFeature } from "./types.js" */
import { el } from "./dom.js";
import { dayText, fill } from "./format.js";

/**
 * The days of an incident in words; an end on the same day is not repeated.
 * @param {Pick<MapContext, "words" | "language">} context
 * @param {{ start: string | null, end: string | null }} record
 */
export function whenText({ words, language }, { start, end }) {
  const day = (/** @type {string} */ value) => dayText(language, value.slice(0, 10));
  const until = end && end.slice(0, 10) !== start?.slice(0, 10) ? " – " + day(end) : "";
  return (start ? day(start) : words.unknown) + until;
}

/**
 * @param {MapContext} context
 * @param {() => void} onClose
 */
export function makeDialog(context, onClose) {
  const { words } = context;
  const title = el("h2", { id: "incident-title" });
  const body = el("div", { class: "incident-body" });
  const close = el("button", {
    type: "button",
    class: "close",
    "aria-label": words.close,
    text: "×",
    onclick: shut,
  });
  const steps = el("div", { class: "incident-steps" });
  const node = el(
    "section",
    {
      class: "incident-box",
      role: "dialog",
      "aria-labelledby": "incident-title",
      hidden: true,
      onkeydown: (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        shut();
      },
    },
    el("div", { class: "incident-head" }, title, close),
    steps,
    body,
  );
  /** Where focus returns to. @type {HTMLElement | null} */
  let opener = null;

  function shut() {
    node.hidden = true;
    onClose();
    opener?.focus({ preventScroll: true });
  }

  /**
   * @param {string} text
   * @param {() => void} onclick
   * @param {boolean} disabled
   */
  const step = (text, onclick, disabled) =>
    el("button", { type: "button", class: "step", text, disabled, onclick });

  return {
    node,
    /**
     * Show something else than a record; whoever calls sets the focus in it.
     * @param {string} text
     * @param {HTMLElement} content
     * @param {HTMLElement | null} from
     */
    list(text, content, from) {
      if (from) opener = from;
      title.textContent = text;
      steps.replaceChildren();
      body.replaceChildren(content);
      node.hidden = false;
      node.scrollTop = 0;
    },
    /**
     * What the box covers of the map, from the right and from below: on a phone it lies below.
     * @returns {[number, number]}
     */
    covers() {
      const map = context.map.getContainer();
      if (node.offsetWidth < map.offsetWidth * 0.7) return [node.offsetWidth + 40, 60];
      const below = map.getBoundingClientRect().bottom - node.getBoundingClientRect().top;
      return [20, Math.max(60, below + 20)];
    },
    /**
     * @param {OpenFeature} feature
     * @param {object} position which of several at one spot, and how to go to another
     * @param {number} position.at
     * @param {number} position.of
     * @param {(at: number) => void} position.go
     * @param {() => void} position.list shows all of the spot
     * @param {HTMLElement | null} position.from
     * @param {HTMLElement} content
     */
    show(feature, { at, of, go, list, from }, content) {
      if (from) opener = from;
      const { redacted, place, region } = feature.properties;
      const own = "headline" in feature ? feature.headline : "";
      title.textContent = own || (redacted.place ? "" : place) || region.name || words.incident;
      steps.replaceChildren();
      if (of > 1) {
        steps.append(
          step(words.previous, () => go(at - 1), at === 0),
          el("span", { text: fill(words.here, { i: at + 1, n: of }) }),
          step(words.next, () => go(at + 1), at === of - 1),
          step(words.spot_list, list, false),
        );
      }
      body.replaceChildren(content);
      node.hidden = false;
      node.scrollTop = 0;
      close.focus({ preventScroll: true });
    },
  };
}
