/* How marks look: the class that gives each its colour and shape, and the step of its size. */
/** @import { CanvasFrame, IncidentOptions, MarkColumns, Outline, PageSpec } from "./types.js" */
import { footprint } from "./footprint.js";

export const UNKNOWN = 0xffff;

/** A colour as a pixel of a canvas. */
export const pixelOf = (
  /** @type {number} */ r,
  /** @type {number} */ g,
  /** @type {number} */ b,
  a = 255,
) => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

export const pixelOfHex = (/** @type {string} */ hex) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return pixelOf(r, g, b);
};

export class MarkLooks {
  /**
   * @param {IncidentOptions} look
   * @param {PageSpec} spec
   */
  constructor({ shapes, sizes }, { looks, view, weapons }) {
    this.colourBy = view.colour_by ?? "weapon";
    this.sizeBy = view.size_by ?? "none";
    this.looks = looks;
    this.shapes = shapes;
    this.limits = sizes.map(([least]) => least);
    /** Of each step; step 0 is that of marks without a figure. */
    this.factors = [1, ...sizes.map((size) => size[1])];
    const familyAt = (/** @type {string} */ code) =>
      looks.weapon.findIndex((family) => family[0] === code);
    this.familyOfBit = weapons.map(([code]) => familyAt(code.split(".")[0]));
    this.unknownFamily = familyAt("unknown");
    this.unknownBit = 1 << weapons.findIndex(([code]) => code === "unknown");
    this.stampsKey = "";
    /** @type {Map<string, ReturnType<typeof stampOf>>} */
    this.stamps = new Map();
  }

  /** The classes of what colours the marks, in the order of the legend. */
  get classes() {
    return this.looks[this.colourBy];
  }

  /** The steps of size, from the largest: drawn first, it hides no small mark. */
  get steps() {
    if (this.sizeBy === "none") return [0];
    return [...this.factors.keys()].sort((a, b) => this.factors[b] - this.factors[a]);
  }

  /** The family of a record's first known weapon gives its colour and its shape. */
  family(/** @type {number} */ weapons) {
    const mask = weapons & ~this.unknownBit;
    return mask ? this.familyOfBit[31 - Math.clz32(mask & -mask)] : this.unknownFamily;
  }

  /**
   * The class of each mark; made once for a file.
   * @param {MarkColumns} columns
   */
  classesOf(columns) {
    const { rows, weapons, group } = columns;
    const isWeapon = this.colourBy === "weapon";
    return (columns.classes ??= codesOf(rows, (row) =>
      isWeapon ? this.family(weapons[row]) : (group?.[row] ?? 0),
    ));
  }

  /**
   * The step of size of each mark: 0 where no figure is known, else 1 and more.
   * @param {MarkColumns} columns
   */
  stepsOf(columns) {
    const figures = this.sizeBy === "killed" ? columns.killed : columns.injured;
    const isAlike = this.sizeBy === "none";
    return (columns.steps ??= codesOf(columns.rows, (row) =>
      isAlike || figures[row] === UNKNOWN
        ? 0
        : this.limits.filter((least) => figures[row] >= least).length,
    ));
  }

  /**
   * The classes and the steps that occur in some files.
   * @param {MarkColumns[]} files
   */
  used(files) {
    const single = files.filter(({ n }) => !n);
    return {
      classes: new Set(single.flatMap((file) => this.classesOf(file).used)),
      steps: new Set(single.flatMap((file) => this.stepsOf(file).used)),
    };
  }

  /**
   * The pixels that a class covers in a step of size.
   * @param {number} place
   * @param {number} step
   * @param {number} radius the usual one, in canvas px
   * @param {CanvasFrame} frame
   */
  stamp(place, step, radius, { ratio, width }) {
    const size = radius * this.factors[step];
    const shape = this.classes[place][3];
    if (this.stampsKey !== `${ratio}/${width}`) this.stamps.clear();
    this.stampsKey = `${ratio}/${width}`;
    const key = `${shape}/${size}`;
    const stamp = this.stamps.get(key) ?? stampOf(this.shapes[shape], size, ratio, width);
    this.stamps.set(key, stamp);
    return stamp;
  }
}

/**
 * The code of each row, and the codes that occur.
 * @param {number} rows
 * @param {(row: number) => number} codeOf
 */
function codesOf(rows, codeOf) {
  const codes = new Uint8Array(rows);
  const isUsed = new Uint8Array(256);
  for (let row = 0; row < rows; row++) isUsed[(codes[row] = codeOf(row))] = 1;
  return { codes, used: [...isUsed.keys()].filter((code) => isUsed[code]) };
}

/**
 * What a shape covers, as steps from one pixel to another in a canvas so wide.
 * @param {Outline} outline
 * @param {number} radius
 * @param {number} ratio
 * @param {number} width
 */
function stampOf(outline, radius, ratio, width) {
  const { reach, edge, inner } = footprint(outline, radius, 1.1 * ratio);
  const steps = (/** @type {[number, number][]} */ pixels) =>
    Int32Array.from(pixels, ([dx, dy]) => dy * width + dx);
  return { reach, edge: steps(edge), inner: steps(inner) };
}
