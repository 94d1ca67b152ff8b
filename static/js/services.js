/* Ground of other services: tiles that the reader's browser fetches there, once they are chosen. */
/** @import { MapContext, Legend, ServiceLayer } from "./types.js" */
import { el } from "./dom.js";
import { fill } from "./format.js";
import { fromHash, toHash } from "./hash.js";

/** Above the service's own ground, which stays: a tile that does not come leaves no hole. */
const ABOVE_OWN = 2;
/** The map's own deepest zoom (mapview.js); tiles of less are enlarged. */
const MOST_ZOOM = 18;

/** @param {ServiceLayer["options"]} options */
const layerOf = ({ url, credit, maxZoom, subdomains, referrer }) =>
  L.tileLayer(url, {
    pane: "basemap",
    zIndex: ABOVE_OWN,
    attribution: credit,
    subdomains,
    maxZoom: MOST_ZOOM,
    maxNativeZoom: maxZoom,
    referrerPolicy: referrer,
  });

/**
 * Let the reader choose the ground in the legend; the choice stands in the address.
 * @param {MapContext} context
 * @param {Legend} legend
 * @param {ServiceLayer[]} services
 */
export function offerServices({ map, words }, legend, services) {
  const names = /** @type {HTMLElement} */ (map.getPane("labels"));
  const missing = el("p", { class: "note", role: "status" });
  /** @type {L.TileLayer | null} */
  let layer = null;

  function show(/** @type {ServiceLayer | undefined} */ service) {
    layer?.remove();
    missing.textContent = "";
    // Streets of others have names of their own: a town is not named twice.
    names.hidden = Boolean(service && !service.options.isImagery);
    layer = service ? layerOf(service.options) : null;
    if (!layer || !service) return;
    let came = false;
    const { host } = service.options;
    layer.on("loading", () => (came = false));
    layer.on("tileload", () => (came = true));
    layer.on(
      "load",
      () => (missing.textContent = came ? "" : fill(words.service_missing, { host })),
    );
    layer.addTo(map);
  }

  const inAddress = fromHash("ground");
  const opening = services.find((one) => (inAddress ? one.name === inAddress : one.show));
  const own = /** @type {[undefined, string, string]} */ ([undefined, words.service_none, ""]);
  const choices = services.map((one) => /** @type {const} */ ([one, one.name, one.options.host]));
  const rows = [own, ...choices].map(([service, name, host]) => {
    const onchange = () => {
      toHash({ ground: service?.name ?? (services.some((one) => one.show) ? "-" : null) });
      show(service);
    };
    const checked = service === opening;
    const button = el("input", { type: "radio", name: "ground", checked, onchange });
    const from = host && el("span", { class: "note", text: host });
    return el("label", { class: "layer" }, button, el("span", { text: name }), from || null);
  });
  const title = el("legend", { class: "legend-title", text: words.service_grounds });
  const note = el("p", { class: "note", text: words.service_outside });
  legend.add(el("fieldset", { class: "facet grounds" }, title, ...rows, note, missing));
  show(opening);
}
