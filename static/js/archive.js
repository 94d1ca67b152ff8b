/* Reads tiles from a PMTiles 3 file by byte ranges: any host of plain files can hand it out. */
const FIRST_BYTES = 16384, HEADER_BYTES = 127, MAGIC = "PMTiles\u0003", MOST_LEVELS = 4;

const gunzip = async (bytes) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());

/* Numbers and parts of a Protocol Buffers message, one after another. */
export class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    Object.assign(this, { bytes, at, end });
  }
  varint() {
    let value = 0, factor = 1, byte;
    do {
      byte = this.bytes[this.at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte & 128);
    return value;
  }
  part() {
    const length = this.varint(), from = this.at;
    this.at += length;
    return new Reader(this.bytes, from, this.at);
  }
  text() {
    return new TextDecoder().decode(this.bytes.subarray(this.at, this.end));
  }
  /* Call back with every field: its number, and its value or the part that holds it. */
  fields(call) {
    while (this.at < this.end) {
      const key = this.varint(), kind = key & 7;
      if (kind !== 0 && kind !== 2) throw new Error(`Wire type ${kind} in a tile of marks`);
      call(Math.floor(key / 8), kind ? this.part() : this.varint());
    }
  }
}

/* The number of a tile along the Hilbert curve, after all tiles of the zooms above. */
function tileNumber(z, x, y) {
  let number = (4 ** z - 1) / 3;
  for (let bit = z - 1; bit >= 0; bit--) {
    const side = 2 ** bit, right = (x >> bit) & 1, lower = (y >> bit) & 1;
    number += side * side * ((3 * right) ^ lower);
    x &= side - 1;
    y &= side - 1;
    if (lower) continue;
    if (right) [x, y] = [side - 1 - x, side - 1 - y];
    [x, y] = [y, x];
  }
  return number;
}

/* A directory: numbers as steps, runs, lengths, and offsets, where 0 is "after the one before". */
function directoryOf(bytes) {
  const reader = new Reader(bytes), count = reader.varint(), list = () => Array.from({ length: count }, () => reader.varint());
  const steps = list(), runs = list(), lengths = list(), offsets = list();
  let number = 0;
  return steps.map((step, i) => {
    offsets[i] = offsets[i] ? offsets[i] - 1 : offsets[i - 1] + lengths[i - 1];
    return { number: (number += step), run: runs[i], length: lengths[i], offset: offsets[i] };
  });
}

function lastBefore(directory, number) {
  let low = 0, high = directory.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (directory[middle].number <= number) low = middle + 1;
    else high = middle;
  }
  return directory[low - 1];
}

export class Archive {
  constructor(url) {
    this.url = url;
    this.leaves = new Map();
  }

  /* The zooms it holds; header and root directory are read once. */
  open() {
    return (this.opened ??= this.read());
  }

  async read() {
    const head = await this.bytes(0, FIRST_BYTES), view = new DataView(head.buffer, head.byteOffset), big = (at) => Number(view.getBigUint64(at, true));
    if (new TextDecoder().decode(head.subarray(0, 8)) !== MAGIC) throw new Error(`${this.url} is no PMTiles 3 file`);
    this.leavesAt = big(40);
    this.tilesAt = big(56);
    this.root = directoryOf(await gunzip(head.subarray(HEADER_BYTES, HEADER_BYTES + big(16))));
    return { minzoom: view.getUint8(100), maxzoom: view.getUint8(101) };
  }

  async bytes(from, length) {
    if (this.whole) return this.whole.subarray(from, from + length);
    const answer = await fetch(this.url, { headers: { Range: `bytes=${from}-${from + length - 1}` } });
    if (!answer.ok) throw new Error(`${answer.status} ${this.url}`);
    const got = new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 206) return got;
    this.whole = got; // a host that knows no ranges sends everything
    return this.bytes(from, length);
  }

  leaf({ offset, length }) {
    if (!this.leaves.has(offset)) this.leaves.set(offset, this.bytes(this.leavesAt + offset, length).then(gunzip).then(directoryOf));
    return this.leaves.get(offset);
  }

  /* A tile's bytes; null where nothing is. */
  async tile(z, x, y) {
    await this.open();
    const number = tileNumber(z, x, y);
    let directory = this.root;
    for (let level = 0; level < MOST_LEVELS; level++) {
      const entry = lastBefore(directory, number);
      if (!entry) return null;
      if (entry.run) return number < entry.number + entry.run ? gunzip(await this.bytes(this.tilesAt + entry.offset, entry.length)) : null;
      directory = await this.leaf(entry);
    }
    return null;
  }
}
