/* The incidents at one place as a list, the newest first. */
/** @import { IncidentFeature, IncidentPage, MapContext, OpenFeature } from "./types.js" */
import { el } from "./dom.js";
import { whenText } from "./incident.js";
import { messageOf, readJson } from "./request.js";

const PAGE_ROWS = 100;
/** Marks of one spot differ by less than this, in degrees. */
const REACH = 3e-7;

/**
 * @param {MapContext} context
 * @param {number[]} numbers the incidents of the spot
 * @param {OpenFeature} first one of them
 * @param {(numbers: number[], feature: IncidentFeature | null, at: number) => void} open
 */
export function makeSpotList(context, numbers, first, open) {
  const { state, words } = context;
  const list = el("ol", { class: "incidents" });
  const status = el("p", { class: "note", role: "status" });
  const step = { type: "button", class: "step" };
  const more = el("button", { ...step, text: words.show_more, onclick: () => read() });
  /** In the order of the list; whoever has no record here comes last. */
  const order = new Set();
  let offset = 0;

  /**
   * @param {number} number
   * @param {IncidentFeature | null} feature
   */
  function addRow(number, feature) {
    const at = order.size;
    order.add(number);
    const rest = () => numbers.filter((other) => !order.has(other));
    const onclick = () => open([...order, ...rest()], feature, at);
    const text = feature?.headline ?? `${words.incident} ${number}`;
    const when = feature && whenText(context, feature.properties);
    const button = el(
      "button",
      { type: "button", class: "incident", onclick },
      el("span", { class: "incident-headline", text }),
      when && el("span", { class: "incident-when", text: when }),
    );
    list.append(el("li", {}, button));
  }

  /** Read the next records. A page without them lists their numbers. */
  async function read() {
    const [lon, lat] = first.geometry?.coordinates ?? [];
    const box = [lon - REACH, lat - REACH, lon + REACH, lat + REACH];
    const bbox = box.map((degrees) => degrees.toFixed(7)).join();
    const page = `headline=true&limit=${PAGE_ROWS}&offset=${offset}`;
    const before = list.childElementCount;
    try {
      const address = `/api/collections/incidents/items?${state.query({ bbox })}&${page}`;
      /** @type {IncidentPage} */
      const answer = await readJson(address);
      offset += PAGE_ROWS;
      for (const feature of answer.features) {
        const { number } = feature.properties;
        if (numbers.includes(number) && !order.has(number)) addRow(number, feature);
      }
      more.hidden = offset >= answer.numberMatched;
    } catch (wrong) {
      status.textContent = messageOf(wrong);
      more.hidden = true;
    }
    if (more.hidden) for (const number of numbers) if (!order.has(number)) addRow(number, null);
    list.children[before]?.querySelector("button")?.focus({ preventScroll: before === 0 });
  }

  return { node: el("div", {}, list, status, more), read };
}
