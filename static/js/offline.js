/* Answers a saved page's questions from the page itself. */
const kept = JSON.parse(document.getElementById("kept").textContent);
const EMPTY_PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
const ITEMS = "/api/collections/incidents/items";

const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/* An address as it was kept: path and sorted parameters; sums by day or weapon do not hang on the metric. */
function keyOf(path, params) {
  if (params.has("by")) params.delete("metric");
  params.sort();
  return `${path}?${params}`;
}

const told = (document, status = 200) => new Response(JSON.stringify(document), { status, headers: { "Content-Type": "application/json" } });

function items(params) {
  const box = params.get("bbox")?.split(",").map(Number), from = Number(params.get("offset") ?? 0), most = Number(params.get("limit") ?? 100);
  const isIn = ({ geometry }) => {
    if (!box) return true;
    if (!geometry) return false;
    const [lon, lat] = geometry.coordinates;
    return lon >= box[0] && lon <= box[2] && lat >= box[1] && lat <= box[3];
  };
  const found = kept.records.filter(isIn), features = found.slice(from, from + most);
  return told({ type: "FeatureCollection", numberMatched: found.length, numberReturned: features.length, features });
}

/* A page with an archive of tiles beside it reads that, and nothing else, from its host. */
const { archive } = JSON.parse(document.getElementById("spec").textContent), askHost = globalThis.fetch;

globalThis.fetch = async (address, options) => {
  if (archive && address === archive) return askHost(address, options);
  const { pathname, searchParams } = new URL(address, "http://saved/");
  if (pathname === ITEMS) return items(searchParams);
  if (pathname.startsWith(ITEMS + "/")) {
    const found = kept.records.find((one) => String(one.properties.number) === pathname.slice(ITEMS.length + 1));
    return found ? told(found) : told({ detail: kept.lacks }, 404);
  }
  const key = keyOf(pathname, searchParams);
  if (Object.hasOwn(kept.answers, key)) return told(kept.answers[key]);
  if (Object.hasOwn(kept.columns, key)) return new Response(new Blob([bytesOf(kept.columns[key])]).stream().pipeThrough(new DecompressionStream("gzip")));
  return told({ detail: kept.lacks }, 404);
};

L.TileLayer.include({
  getTileUrl(at) {
    const layer = /\/tiles\/(\w+)\//.exec(this._url)[1], found = kept.tiles[`${layer}/${this._getZoomForUrl()}/${at.x}/${at.y}`];
    return found ? "data:image/png;base64," + found : EMPTY_PICTURE;
  },
});
