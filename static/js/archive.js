/* Reads tiles from a PMTiles 3 file by byte ranges: any host of plain files can hand it out. */
const FIRST_BYTES = 16384;
const HEADER_BYTES = 127;
const MAGIC = "PMTiles\u0003";
const MOST_LEVELS = 4;

/** @typedef {{ number: number, run: number, length: number, offset: number }} Entry */

async function gunzip(/** @type {Uint8Array<ArrayBuffer>} */ bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Numbers and parts of a Protocol Buffers message, one after another. */
export class Reader {
  /**
   * @param {Uint8Array} bytes
   * @param {number} [at]
   * @param {number} [end]
   */
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  varint() {
    let value = 0;
    let factor = 1;
    let byte;
    do {
      byte = this.bytes[this.at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte & 128);
    return value;
  }

  part() {
    const length = this.varint();
    const from = this.at;
    this.at += length;
    return new Reader(this.bytes, from, this.at);
  }

  /** The numbers up to the end. */
  numbers() {
    const numbers = [];
    while (this.at < this.end) numbers.push(this.varint());
    return numbers;
  }

  text() {
    return new TextDecoder().decode(this.bytes.subarray(this.at, this.end));
  }

  /**
   * Every field with its number, and its value or the part that holds it.
   * @returns {Generator<{ field: number, value: number, part: null }
   *   | { field: number, value: null, part: Reader }>}
   */
  *fields() {
    while (this.at < this.end) {
      const key = this.varint();
      const kind = key & 7;
      const field = Math.floor(key / 8);
      if (kind === 0) yield { field, value: this.varint(), part: null };
      else if (kind === 2) yield { field, value: null, part: this.part() };
      else throw new Error(`Wire type ${kind} in a tile of marks`);
    }
  }
}

/**
 * The number of a tile along the Hilbert curve, after all tiles of the zooms above.
 * @param {number} z
 * @param {number} x
 * @param {number} y
 */
function tileNumber(z, x, y) {
  let number = (4 ** z - 1) / 3;
  for (let bit = z - 1; bit >= 0; bit--) {
    const side = 2 ** bit;
    const right = (x >> bit) & 1;
    const lower = (y >> bit) & 1;
    number += side * side * ((3 * right) ^ lower);
    x &= side - 1;
    y &= side - 1;
    if (lower) continue;
    if (right) [x, y] = [side - 1 - x, side - 1 - y];
    [x, y] = [y, x];
  }
  return number;
}

/**
 * A directory: numbers as steps, runs, lengths, and offsets, where 0 is "after the one before".
 * @param {Uint8Array} bytes
 * @returns {Entry[]}
 */
function directoryOf(bytes) {
  const reader = new Reader(bytes);
  const count = reader.varint();
  const column = () => Array.from({ length: count }, () => reader.varint());
  const steps = column();
  const runs = column();
  const lengths = column();
  const offsets = column();
  let number = 0;
  return steps.map((step, i) => {
    offsets[i] = offsets[i] ? offsets[i] - 1 : offsets[i - 1] + lengths[i - 1];
    number += step;
    return { number, run: runs[i], length: lengths[i], offset: offsets[i] };
  });
}

/**
 * @param {Entry[]} directory
 * @param {number} number
 */
function lastBefore(directory, number) {
  let low = 0;
  let high = directory.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (directory[middle].number <= number) low = middle + 1;
    else high = middle;
  }
  return directory[low - 1];
}

/** @typedef {Awaited<ReturnType<Archive["read"]>>} Header */

export class Archive {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    /** @type {Map<number, Promise<Entry[]>>} */
    this.leaves = new Map();
    /** @type {Promise<Header> | null} */
    this.header = null;
    /** @type {Uint8Array<ArrayBuffer> | null} */
    this.whole = null;
  }

  /** The zooms it holds, where its parts lie, and its root directory; read once. */
  open() {
    return (this.header ??= this.read());
  }

  async read() {
    const head = await this.bytes(0, FIRST_BYTES);
    const view = new DataView(head.buffer, head.byteOffset);
    const big = (/** @type {number} */ at) => Number(view.getBigUint64(at, true));
    if (new TextDecoder().decode(head.subarray(0, 8)) !== MAGIC)
      throw new Error(`${this.url} is no PMTiles 3 file`);
    const root = await gunzip(head.subarray(HEADER_BYTES, HEADER_BYTES + big(16)));
    return {
      minzoom: view.getUint8(100),
      maxzoom: view.getUint8(101),
      leavesAt: big(40),
      tilesAt: big(56),
      root: directoryOf(root),
    };
  }

  /**
   * @param {number} from
   * @param {number} length
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async bytes(from, length) {
    if (this.whole) return this.whole.subarray(from, from + length);
    const headers = { Range: `bytes=${from}-${from + length - 1}` };
    const answer = await fetch(this.url, { headers });
    if (!answer.ok) throw new Error(`${answer.status} ${this.url}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (answer.status === 206) return bytes;
    this.whole = bytes; // a host that knows no ranges sends everything
    return this.bytes(from, length);
  }

  /**
   * @param {Header} header
   * @param {Entry} entry
   */
  leaf({ leavesAt }, { offset, length }) {
    let leaf = this.leaves.get(offset);
    if (!leaf) {
      leaf = this.bytes(leavesAt + offset, length)
        .then(gunzip)
        .then(directoryOf);
      this.leaves.set(offset, leaf);
    }
    return leaf;
  }

  /**
   * A tile's bytes; null where nothing is.
   * @param {number} z
   * @param {number} x
   * @param {number} y
   */
  async tile(z, x, y) {
    const header = await this.open();
    const number = tileNumber(z, x, y);
    let directory = header.root;
    for (let level = 0; level < MOST_LEVELS; level++) {
      const entry = lastBefore(directory, number);
      if (!entry) return null;
      if (entry.run) {
        if (number >= entry.number + entry.run) return null;
        return gunzip(await this.bytes(header.tilesAt + entry.offset, entry.length));
      }
      directory = await this.leaf(header, entry);
    }
    return null;
  }
}
