/* Marks one incident on the map: a ring around its point, its error drawn as it is, or its region. */
const RING_PX = 9;

export function makeSpot(map, context) {
  const accent = () => getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const ring = L.circleMarker([0, 0], { pane: "spot", renderer: context.renderer("spot"), radius: RING_PX, weight: 3, fill: false, interactive: false });
  const error = L.circle([0, 0], { pane: "spot", renderer: context.renderer("spot"), weight: 1.5, dashArray: "5 4", fillOpacity: 0.12, interactive: false });

  function place(layer, feature) {
    const [lon, lat] = feature.geometry.coordinates;
    layer.setLatLng([lat, lon]).setStyle({ color: accent(), fillColor: accent() }).addTo(map);
  }

  return {
    /* A passing look, from the list. */
    ring(feature) {
      ring.remove();
      if (feature?.geometry) place(ring, feature);
      context.layers.regions.hint(feature && !feature.geometry ? feature.properties.region.admin1 : null);
    },
    /* The one whose record is open. */
    open(feature) {
      this.ring(feature);
      error.remove();
      if (!feature?.geometry || !feature.properties.error_m) return;
      error.setRadius(feature.properties.error_m);
      place(error, feature);
    },
  };
}
