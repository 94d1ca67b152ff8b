/* Marks one incident on the map: a ring around its point, its error to scale, or its region. */
/** @import { Highlight, MapContext, OpenFeature } from "./types.js" */

const RING_PX = 9;

/**
 * @param {MapContext} context
 * @returns {Highlight}
 */
export function makeHighlight({ map, layers, renderer }) {
  const base = { pane: "spot", renderer: renderer("spot"), interactive: false };
  const ring = L.circleMarker([0, 0], { ...base, radius: RING_PX, weight: 3, fill: false });
  const error = L.circle([0, 0], {
    ...base,
    radius: 0,
    weight: 1.5,
    dashArray: "5 4",
    fillOpacity: 0.12,
  });

  function put(/** @type {L.CircleMarker} */ shape, /** @type {number[]} */ [lon, lat]) {
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    shape.setLatLng([lat, lon]).setStyle({ color: colour, fillColor: colour }).addTo(map);
  }

  function hover(/** @type {OpenFeature | null} */ feature) {
    ring.remove();
    if (feature?.geometry) put(ring, feature.geometry.coordinates);
    layers.regions.hint(feature && !feature.geometry ? feature.properties.region.admin1 : null);
  }

  return {
    hover,
    open(feature) {
      hover(feature);
      error.remove();
      if (!feature?.geometry || !feature.properties.error_m) return;
      error.setRadius(feature.properties.error_m);
      put(error, feature.geometry.coordinates);
    },
  };
}
