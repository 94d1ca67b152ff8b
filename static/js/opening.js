/* Opens incidents: by a click on a mark, by Enter, from a list, from the address. */
import { readJson } from "./dom.js";
import { fromHash, toHash } from "./hash.js";
import { makeDialog } from "./incident.js";

const PICK_PX = 10, EDGE_PX = 60;

export function makeOpening(context) {
  const { map, state, layers } = context;
  context.closed = () => {
    if (box.lowered) context.tabs.raise(box.lowered);
    box.lowered = null;
    context.spot.open(null);
    context.list?.mark(null);
    toHash({ open: "" });
  };
  const box = makeDialog(context);
  document.querySelector(".map-box").append(box.dialog);
  context.open = async (numbers, feature, from, at = 0) => {
    try {
      const wanted = feature ?? (await readJson(`/api/collections/incidents/items/${numbers[at]}?${state.query()}`).catch((wrong) => layers.incidents.facts?.(numbers[at]) ?? Promise.reject(wrong)));
      box.show(wanted, { at, of: numbers.length, go: (next) => context.open(numbers, null, null, next), from });
      context.spot.open(wanted);
      box.lowered = context.tabs?.lower() ?? box.lowered; // a step to the next record finds it low already
      context.list?.mark(wanted.properties.number);
      toHash({ open: wanted.properties.number });
      if (feature?.geometry) {
        const [lon, lat] = feature.geometry.coordinates;
        context.settle();
        // No further than it takes to see the mark beside the box: the list speaks of what is in view.
        map.panInside([lat, lon], { paddingTopLeft: [EDGE_PX, EDGE_PX], paddingBottomRight: box.covers(), animate: false });
      }
    } catch (wrong) {
      toHash({ open: "" });
      document.getElementById("status").textContent = wrong.message;
    }
  };
  map.on("click", ({ latlng }) => {
    const key = layers.regions?.clicked;
    if (layers.regions) layers.regions.clicked = null;
    if (context.isMeasuring) return;
    const numbers = map.hasLayer(layers.incidents) ? layers.incidents.pick?.(latlng, PICK_PX) ?? [] : [];
    if (numbers.length) context.open(numbers, null, map.getContainer());
    else if (key) context.chooseRegion?.(key);
  });
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== map.getContainer()) return;
    const numbers = layers.incidents.nearest?.() ?? [];
    if (numbers.length) context.open(numbers, null, map.getContainer());
  });
  if (/^\d{1,9}$/.test(fromHash("open"))) context.open([Number(fromHash("open"))], null, map.getContainer());
}
