/* A person points at a place of a map: by a click, or by Enter for the middle of the map. */

const STILL_PX = 5;

/**
 * @param {L.Map} map
 * @param {(point: L.LatLng | null) => void} done gets the place, null after Escape
 */
export function pointAt(map, done) {
  const container = map.getContainer();
  const page = container.ownerDocument;
  let pressed = [0, 0];

  function end(/** @type {L.LatLng | null} */ point) {
    container.classList.remove("pointing");
    page.removeEventListener("pointerdown", press, true);
    page.removeEventListener("click", click, true);
    page.removeEventListener("keydown", key, true);
    done(point);
  }

  function press(/** @type {PointerEvent} */ { clientX, clientY }) {
    pressed = [clientX, clientY];
  }

  /** A click on the map is a place; one that ends a drag, or on a control, is none. */
  function click(/** @type {MouseEvent} */ event) {
    const target = /** @type {Element} */ (event.target);
    if (!container.contains(target) || target.closest(".leaflet-control")) return;
    const { clientX, clientY } = event;
    if (Math.hypot(clientX - pressed[0], clientY - pressed[1]) > STILL_PX) return;
    event.stopPropagation();
    end(map.mouseEventToLatLng(event));
  }

  function key(/** @type {KeyboardEvent} */ event) {
    if (event.key !== "Escape" && (event.key !== "Enter" || event.target !== container)) return;
    event.stopPropagation();
    event.preventDefault();
    end(event.key === "Enter" ? map.getCenter() : null);
  }

  container.classList.add("pointing");
  page.addEventListener("pointerdown", press, true);
  page.addEventListener("click", click, true);
  page.addEventListener("keydown", key, true);
  container.focus();
}

/** A place as the start of a note's line: longitude, latitude, side. */
export const noteAt = (/** @type {L.LatLng} */ { lng, lat }) =>
  `${lng.toFixed(5)}, ${lat.toFixed(5)}, ne`;
