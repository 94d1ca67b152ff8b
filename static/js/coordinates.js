/* Where the pointer is, in degrees or as an MGRS square. */
/** @import { MapContext } from "./types.js" */
import { choice } from "./choice.js";
import { el } from "./dom.js";
import { fill } from "./format.js";
import { fromHash, toHash } from "./hash.js";

const DIGITS = 4;
/** Squares of 10 m, about as exact as the degrees. */
const SQUARE_DIGITS = 4;
const MGRS = "/static/vendor/mgrs-2.2.0/mgrs.esm.js";
/** MGRS has other squares around the poles, which this library does not know. */
const [SOUTHMOST, NORTHMOST] = [-80, 84];

/** @typedef {(place: L.LatLng) => string} Writer */

/** @type {Writer} */
const inDegrees = ({ lat, lng }) => `${lat.toFixed(DIGITS)}, ${lng.toFixed(DIGITS)}`;

/**
 * Load the library, which few readers need.
 * @param {string} otherwise what to say where there is no square
 * @returns {Promise<Writer>}
 */
export async function makeSquares(otherwise) {
  /** @type {{ forward(place: [number, number], digits: number): string }} */
  const { forward } = await import(MGRS);
  return (place) => {
    const { lat, lng } = place.wrap();
    if (lat < SOUTHMOST || lat >= NORTHMOST) return fill(otherwise, { place: inDegrees(place) });
    const square = forward([lng, lat], SQUARE_DIGITS);
    return square.replace(/^(\d+\w)(\w\w)(\d{4})(\d{4})$/, "$1 $2 $3 $4");
  };
}

/**
 * Say the coordinates of the pointer, and of the map's centre while the map is moved.
 * @param {MapContext} context
 * @param {HTMLElement} output
 */
export function makeCoordinates({ map, words, fail }, output) {
  let isOn = false;
  let write = inDegrees;
  let place = map.getCenter();
  function show(/** @type {L.LatLng} */ to) {
    place = to;
    if (isOn) output.textContent = write(place);
  }
  map.on("mousemove", ({ latlng }) => show(latlng));
  map.on("move", () => show(map.getCenter()));

  /** The choice stays behind the # of the address. */
  async function use(/** @type {string} */ notation) {
    toHash({ coords: notation === "degrees" ? "" : notation });
    write = notation === "mgrs" ? await makeSquares(words.mgrs_none) : inDegrees;
    show(place);
  }

  const notation = choice(
    "coords",
    words.coordinates_as,
    [
      ["degrees", words.coordinates_degrees],
      ["mgrs", "MGRS"],
    ],
    fromHash("coords") === "mgrs" ? "mgrs" : "degrees",
    (_name, code) => use(code).catch(fail),
  );
  notation.hidden = true;

  const onclick = () => {
    isOn = !isOn;
    button.setAttribute("aria-pressed", String(isOn));
    notation.hidden = !isOn;
    if (!isOn) output.textContent = "";
    else if (fromHash("coords") === "mgrs") use("mgrs").catch(fail);
    else show(map.getCenter());
  };
  const button = el("button", {
    type: "button",
    class: "step",
    text: words.tool_coordinates,
    "aria-pressed": "false",
    onclick,
  });
  return [button, notation];
}
