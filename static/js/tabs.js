/* The panel's tabs (WAI-ARIA tabs: arrows move, Home and End jump), and on a phone the sheet they
   stand on. */
/** @import { Tab, Tabs, Words } from "./types.js" */
import { el } from "./dom.js";
import { fromHash, toHash } from "./hash.js";

const HEIGHTS = ["low", "half", "whole"];
const DRAG_PX = 30;

/**
 * @param {HTMLElement} panel
 * @param {Words} words
 * @param {(Tab & { name: string })[]} tabs
 * @returns {Tabs}
 */
export function makeTabs(panel, words, tabs) {
  const title = (/** @type {string} */ name) => words[`tab_${name}`];
  const buttons = tabs.map(({ name }) =>
    el("button", {
      type: "button",
      role: "tab",
      id: `tab-${name}`,
      class: "tab",
      "aria-controls": `pane-${name}`,
      text: title(name),
      onclick: () => open(name),
    }),
  );
  const panes = tabs.map(({ name, content }) => {
    const id = `pane-${name}`;
    const label = { "aria-labelledby": `tab-${name}`, tabindex: 0 };
    return el("div", { role: "tabpanel", id, class: "pane", ...label }, ...content);
  });
  const more = el("button", {
    type: "button",
    class: "sheet-more",
    "aria-expanded": "false",
    "aria-label": words.sheet_grow,
    onclick: () => grow(panel.dataset.height === "whole" ? -2 : 1),
  });
  const list = { role: "tablist", class: "tabs", "aria-label": words.tabs, onkeydown: move };
  const bar = el("div", { class: "tab-bar" }, el("div", list, ...buttons), more);
  panel.append(bar, ...panes);
  panel.dataset.height = "low";

  function choose(/** @type {string} */ name) {
    tabs.forEach((tab, i) => {
      const isChosen = tab.name === name;
      buttons[i].setAttribute("aria-selected", String(isChosen));
      buttons[i].tabIndex = isChosen ? 0 : -1;
      panes[i].hidden = !isChosen;
      if (isChosen) tab.onshow();
    });
    toHash({ tab: name === tabs[0].name ? "" : name });
  }

  function open(/** @type {string} */ name) {
    choose(name);
    if (panel.dataset.height === "low") grow(1);
  }

  function move(/** @type {KeyboardEvent} */ event) {
    const at = buttons.findIndex((button) => button === document.activeElement);
    const last = buttons.length - 1;
    const next = at === last ? 0 : at + 1;
    /** @type {Record<string, number>} */
    const goals = { ArrowRight: next, ArrowLeft: at ? at - 1 : last, Home: 0, End: last };
    const to = goals[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    choose(tabs[to].name);
    buttons[to].focus();
  }

  const height = () => HEIGHTS.indexOf(panel.dataset.height ?? "low");
  function grow(/** @type {number} */ steps) {
    const at = Math.max(0, Math.min(HEIGHTS.length - 1, height() + steps));
    panel.dataset.height = HEIGHTS[at];
    more.setAttribute("aria-expanded", String(at > 0));
    const isWhole = at === HEIGHTS.length - 1;
    more.setAttribute("aria-label", isWhole ? words.sheet_shrink : words.sheet_grow);
  }

  /** @type {number | null} */
  let dragFrom = null;
  bar.addEventListener("pointerdown", (event) => (dragFrom = event.clientY));
  bar.addEventListener("pointerup", (event) => {
    const far = dragFrom === null ? 0 : event.clientY - dragFrom;
    if (Math.abs(far) > DRAG_PX) grow(far < 0 ? 1 : -1);
    dragFrom = null;
  });

  const wish = fromHash("tab");
  choose(tabs.some(({ name }) => name === wish) ? wish : tabs[0].name);
  return {
    open,
    setCount(name, count) {
      const at = tabs.findIndex((tab) => tab.name === name);
      if (at >= 0) buttons[at].textContent = title(name) + (count ? ` (${count})` : "");
    },
    lower() {
      const before = HEIGHTS[height()];
      grow(-HEIGHTS.length);
      return before === "low" ? null : before;
    },
    raise: (name) => grow(HEIGHTS.indexOf(name) - height()),
  };
}
