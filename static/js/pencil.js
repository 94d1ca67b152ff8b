/* Points that a reader puts on the map: by clicks, or by keys at its centre. */
/** @import { MapContext } from "./types.js" */

const CONTROLS = "a, button, input, select, summary";

/**
 * One pencil is in the hand at a time: to take another one puts it down.
 * @param {MapContext} context
 * @param {{ add(point: L.LatLng): void, keys: Record<string, () => void>,
 *   show(isHeld: boolean): void }} use what a click and each key do; `show` hears when it is held
 */
export function makePencil({ map, mode }, { add, keys, show }) {
  const container = map.getContainer();
  const click = (/** @type {L.LeafletMouseEvent} */ { latlng }) => add(latlng);
  /** What lies on the map, such as its buttons, keeps its own keys. */
  function key(/** @type {KeyboardEvent} */ event) {
    const isControl = event.target instanceof Element && event.target.closest(CONTROLS);
    if (isControl || !keys[event.key]) return;
    keys[event.key]();
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function hold(/** @type {boolean} */ isHeld) {
    mode.putDown = isHeld ? putDown : undefined;
    mode.isMeasuring = isHeld;
    container.classList.toggle("measuring", isHeld);
    show(isHeld);
  }

  function take() {
    mode.putDown?.();
    map.on("click", click);
    container.addEventListener("keydown", key, true);
    hold(true);
    container.focus({ preventScroll: true });
  }

  function putDown() {
    map.off("click", click);
    container.removeEventListener("keydown", key, true);
    hold(false);
  }

  return { take, putDown };
}
