/* The panel's tabs (WAI-ARIA tabs: arrows move, Home and End jump), and on a phone the sheet they stand on. */
import { el } from "./dom.js";
import { fromHash, toHash } from "./hash.js";

const HEIGHTS = ["low", "half", "whole"];
const DRAG_PX = 30;

export function makeTabs(place, context, parts) {
  const { words } = context;
  const shown = parts.filter(Boolean), wanted = fromHash("tab");
  const buttons = shown.map(({ name }) => el("button", {
    type: "button", role: "tab", id: `tab-${name}`, class: "tab", "aria-controls": `pane-${name}`, text: words[`tab_${name}`],
    onclick: () => { choose(name); if (place.dataset.height === "low") grow(1); },
  }));
  const panes = shown.map(({ name, content }) => el("div", { role: "tabpanel", id: `pane-${name}`, class: "pane", "aria-labelledby": `tab-${name}`, tabindex: 0 }, ...content));
  const more = el("button", { type: "button", class: "sheet-more", "aria-expanded": "false", "aria-label": words.sheet_grow, onclick: () => grow(place.dataset.height === "whole" ? -2 : 1) });
  const bar = el("div", { class: "tab-bar" }, el("div", { role: "tablist", class: "tabs", "aria-label": words.tabs, onkeydown: move }, ...buttons), more);
  place.append(bar, ...panes);
  place.dataset.height = "low";

  function choose(name) {
    shown.forEach((part, i) => {
      const isChosen = part.name === name;
      buttons[i].setAttribute("aria-selected", String(isChosen));
      buttons[i].tabIndex = isChosen ? 0 : -1;
      panes[i].hidden = !isChosen;
      if (isChosen) part.onshow?.();
    });
    toHash({ tab: name === shown[0].name ? "" : name });
    tabs.chosen = name;
  }

  function move(event) {
    const at = buttons.indexOf(document.activeElement), last = buttons.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    choose(shown[to].name);
    buttons[to].focus();
  }

  function grow(steps) {
    const at = Math.max(0, Math.min(HEIGHTS.length - 1, HEIGHTS.indexOf(place.dataset.height) + steps));
    place.dataset.height = HEIGHTS[at];
    more.setAttribute("aria-expanded", String(at > 0));
    more.setAttribute("aria-label", at === HEIGHTS.length - 1 ? words.sheet_shrink : words.sheet_grow);
  }

  let from = null;
  bar.addEventListener("pointerdown", (event) => (from = event.clientY));
  bar.addEventListener("pointerup", (event) => {
    const far = from === null ? 0 : event.clientY - from;
    if (Math.abs(far) > DRAG_PX) grow(far < 0 ? 1 : -1);
    from = null;
  });

  /* Say on a tab how much is set behind it. */
  function tell(name, count) {
    const at = shown.findIndex((part) => part.name === name);
    if (at >= 0) buttons[at].textContent = words[`tab_${name}`] + (count ? ` (${count})` : "");
  }

  /* Take the sheet down, and tell how high it stood, so that it can be raised again. */
  function lower() {
    const before = place.dataset.height;
    grow(-HEIGHTS.length);
    return before === "low" ? null : before;
  }
  const raise = (height) => grow(HEIGHTS.indexOf(height) - HEIGHTS.indexOf(place.dataset.height));
  const tabs = { choose, tell, lower, raise, open: (name) => { choose(name); if (place.dataset.height === "low") grow(1); }, chosen: "" };
  choose(shown.some(({ name }) => name === wanted) ? wanted : shown[0].name);
  return tabs;
}
