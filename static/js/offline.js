/* Answers a saved page's questions from the page itself. */
/** @import { PageSpec, SavedAnswers } from "./types.js" */
import { jsonBlock } from "./dom.js";

/** @type {SavedAnswers} */
const saved = jsonBlock("kept");
/** A page with an archive of tiles beside it reads that, and nothing else, from its host. */
const { archive } = /** @type {PageSpec} */ (jsonBlock("spec"));
const fetchFromHost = globalThis.fetch;
const EMPTY_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const ITEMS = "/api/collections/incidents/items";

const bytesOf = (/** @type {string} */ text) =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/**
 * An address as it was saved: path and sorted parameters. No answer depends on the size of marks or
 * the colours of regions;
 * sums by day or weapon are of no metric.
 * @param {string} path
 * @param {URLSearchParams} params
 */
function keyOf(path, params) {
  for (const look of ["size_by", "palette"]) params.delete(look);
  if (params.has("by")) params.delete("metric");
  params.sort();
  return `${path}?${params}`;
}

function answer(/** @type {object} */ document, status = 200) {
  const headers = { "Content-Type": "application/json" };
  return new Response(JSON.stringify(document), { status, headers });
}

const lacking = () => answer({ detail: saved.lacks }, 404);

function items(/** @type {URLSearchParams} */ params) {
  const box = params.get("bbox")?.split(",").map(Number);
  const from = Number(params.get("offset") ?? 0);
  const limit = Number(params.get("limit") ?? 100);
  const records = saved.records.filter(({ geometry }) => {
    if (!box) return true;
    if (!geometry) return false;
    const [lon, lat] = geometry.coordinates;
    return lon >= box[0] && lon <= box[2] && lat >= box[1] && lat <= box[3];
  });
  const features = records.slice(from, from + limit);
  const counts = { numberMatched: records.length, numberReturned: features.length };
  return answer({ type: "FeatureCollection", ...counts, features });
}

function item(/** @type {string} */ number) {
  const record = saved.records.find((one) => String(one.properties.number) === number);
  return record ? answer(record) : lacking();
}

/** @type {typeof fetch} */
async function answerFetch(address, options) {
  if (archive && address === archive) return fetchFromHost(address, options);
  const { pathname, searchParams } = new URL(String(address), "http://saved/");
  if (pathname === ITEMS) return items(searchParams);
  if (pathname.startsWith(ITEMS + "/")) return item(pathname.slice(ITEMS.length + 1));
  const key = keyOf(pathname, searchParams);
  if (Object.hasOwn(saved.answers, key)) return answer(saved.answers[key]);
  if (!Object.hasOwn(saved.columns, key)) return lacking();
  const zipped = new Blob([bytesOf(saved.columns[key])]).stream();
  return new Response(zipped.pipeThrough(new DecompressionStream("gzip")));
}
globalThis.fetch = answerFetch;

L.TileLayer.include({
  /**
   * @this {{ _url: string, _getZoomForUrl(): number }}
   * @param {L.Coords} at
   */
  getTileUrl(at) {
    const layer = /\/tiles\/(\w+)\//.exec(this._url)?.[1];
    const picture = saved.tiles[`${layer}/${this._getZoomForUrl()}/${at.x}/${at.y}`];
    return picture ? "data:image/png;base64," + picture : EMPTY_PICTURE;
  },
});
