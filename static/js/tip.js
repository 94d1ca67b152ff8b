/* A tip beside the mark under the pointer: what happened and when, and how many lie on its spot. */
/** @import { IncidentFeature, MapContext } from "./types.js" */
import { debounce, el } from "./dom.js";
import { fill } from "./format.js";
import { whenText } from "./incident.js";
import { makeNewest, readJson } from "./request.js";

const PICK_PX = 8;
const REST_MS = 80;
const MOST_KEPT = 200;

/** @param {MapContext} context */
export function makeTip(context) {
  const { map, mode, layers, state, words } = context;
  const tip = L.tooltip({ className: "tip", direction: "top", offset: [0, -6], opacity: 1 });
  const newest = makeNewest();
  /** @type {Map<string, IncidentFeature>} */
  const records = new Map();
  let spot = "";

  function hide() {
    if (spot) tip.remove();
    spot = "";
    map.getContainer().classList.remove("on-mark");
  }

  /** @param {number} number */
  async function read(number) {
    const address = `/api/collections/incidents/items/${number}?${state.query()}`;
    const record = records.get(address);
    if (record) return record;
    /** @type {IncidentFeature} */
    const feature = await readJson(address, newest());
    if (records.size >= MOST_KEPT) records.clear();
    records.set(address, feature);
    return feature;
  }

  /** @type {L.Point | null} */
  let pointer = null;
  const rest = debounce(REST_MS, async () => {
    const isOff = mode.isMeasuring || mode.isPlaying || layers.incidents.isDense;
    const at = pointer && !isOff && map.hasLayer(layers.incidents) ? pointer : null;
    const numbers = at ? layers.incidents.pick(map.containerPointToLatLng(at), PICK_PX) : [];
    if (!numbers.length) {
      hide();
      return;
    }
    map.getContainer().classList.add("on-mark");
    const key = numbers.join();
    if (key === spot) return;
    spot = key;
    try {
      const feature = await read(numbers[0]);
      if (spot !== key || !feature.geometry) return;
      const [lon, lat] = feature.geometry.coordinates;
      const more = fill(words.tip_more, { n: numbers.length - 1 });
      tip.setContent(
        el(
          "div",
          {},
          el("strong", { text: feature.headline ?? words.incident }),
          el("span", { text: whenText(context, feature.properties) }),
          ...(numbers.length > 1 ? [el("span", { text: more })] : []),
        ),
      );
      tip.setLatLng([lat, lon]).addTo(map);
    } catch {
      hide(); // a click says what is wrong
    }
  });

  map.on("mousemove", ({ containerPoint }) => {
    pointer = containerPoint;
    rest();
  });
  map.on("movestart", hide).on("moveend", rest);
  const leave = () => {
    pointer = null;
    hide();
  };
  map.on("click", leave);
  map.getContainer().addEventListener("pointerleave", leave);
}
