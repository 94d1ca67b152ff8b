/* Opens incidents: by a click on a mark, by Enter, from a list, from the address. */
/** @import { Highlight, IncidentFeature, MapContext, OpenFeature } from "./types.js" */
/** @import { OpenIncident, PageParts } from "./types.js" */
import { byId, mapBox } from "./dom.js";
import { fill, number as numberText } from "./format.js";
import { fromHash, toHash } from "./hash.js";
import { makeDialog } from "./incident.js";
import { messageOf, readJson } from "./request.js";

const PICK_PX = 10;
const EDGE_PX = 60;

/**
 * @param {MapContext} context
 * @param {Highlight} highlight
 * @param {PageParts} parts
 * @param {((key: string) => void) | undefined} chooseRegion
 */
export function makeOpening(context, highlight, parts, chooseRegion) {
  const { map, mode, state, layers } = context;
  const container = map.getContainer();
  /** How high a phone's sheet stood before the dialog opened. @type {string | null} */
  let sheet = null;
  const dialog = makeDialog(context, () => {
    if (sheet) parts.tabs?.raise(sheet);
    sheet = null;
    highlight.open(null);
    parts.list?.mark(null);
    toHash({ open: "" });
  });
  mapBox().append(dialog.node);

  /** @type {(number: number) => Promise<OpenFeature>} */
  async function read(number) {
    const address = `/api/collections/incidents/items/${number}`;
    try {
      /** @type {IncidentFeature} */
      const feature = await readJson(`${address}?${state.query()}`);
      return feature;
    } catch (wrong) {
      const facts = layers.incidents.facts(number);
      if (facts) return facts;
      throw wrong;
    }
  }

  /** @param {OpenFeature} feature */
  async function bodyOf(feature) {
    if ("body" in feature) return feature.body;
    const { incidentBody } = await import("./record.js");
    return incidentBody(feature, context);
  }

  /** @type {OpenIncident} */
  async function open(numbers, feature, from, at = 0) {
    try {
      const record = feature?.lines ? feature : await read(numbers[at]);
      const go = (/** @type {number} */ next) => open(numbers, null, null, next);
      const list = () => openSpot(numbers, null);
      const whole = { at, of: numbers.length, go, list, from };
      dialog.show(record, whole, await bodyOf(record));
      highlight.open(record);
      // A step to the next record finds the sheet low already.
      sheet = parts.tabs?.lower() ?? sheet;
      const { number, region } = record.properties;
      parts.list?.mark(number);
      toHash({ open: number });
      const spot = record.geometry?.coordinates ?? layers.regions.spotOf(region.admin1 ?? null);
      if (spot) {
        const [lon, lat] = spot;
        context.settle();
        // No further than it takes to see the mark beside the box: the list shows what is in view.
        map.panInside([lat, lon], {
          paddingTopLeft: [EDGE_PX, EDGE_PX],
          paddingBottomRight: dialog.covers(),
          animate: false,
        });
      }
    } catch (wrong) {
      toHash({ open: "" });
      byId("status").textContent = messageOf(wrong);
    }
  }

  /**
   * Open the only incident of a spot, or list them all.
   * @param {number[]} numbers
   * @param {HTMLElement | null} from
   */
  async function openSpot(numbers, from) {
    if (numbers.length < 2) return open(numbers, null, from);
    try {
      const [{ makeSpotList }, first] = await Promise.all([
        import("./spotlist.js"),
        read(numbers[0]),
      ]);
      const spot = makeSpotList(context, numbers, first, (ordered, feature, at) =>
        open(ordered, feature, null, at),
      );
      const { words, language } = context;
      const title = fill(words.spot_title, { n: numberText(language, numbers.length) });
      dialog.list(title, spot.node, from);
      highlight.open(first);
      sheet = parts.tabs?.lower() ?? sheet;
      await spot.read();
    } catch (wrong) {
      byId("status").textContent = messageOf(wrong);
    }
  }

  map.on("click", ({ latlng }) => {
    const key = layers.regions.clicked;
    layers.regions.clicked = "";
    if (mode.isMeasuring) return;
    const isOn = map.hasLayer(layers.incidents);
    const numbers = isOn ? layers.incidents.pick(latlng, PICK_PX) : [];
    if (numbers.length) openSpot(numbers, container);
    else if (key) chooseRegion?.(key);
  });
  container.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== container) return;
    const numbers = layers.incidents.nearest();
    if (numbers.length) openSpot(numbers, container);
  });
  const number = fromHash("open");
  if (/^\d{1,9}$/.test(number)) open([Number(number)], null, container);
  return open;
}
