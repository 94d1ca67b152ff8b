/* What the server writes for the page, and what the modules hand each other. Types only: they are
   read by the type checker, and no page ever asks for this file. */
import type {
  Feature,
  FeatureCollection,
  Geometry,
  LineString,
  MultiLineString,
  MultiPolygon,
  Point,
  Polygon,
} from "geojson";
import type * as L from "leaflet";
import type { ControlLayer } from "./control.js";
import type { MarkLooks } from "./looks.js";
import type { NameLayer } from "./names.js";
import type { RegionLayer } from "./regions.js";
import type { State } from "./state.js";

/* What we use of Leaflet that its own types keep to themselves. */
declare module "leaflet" {
  interface Path {
    _renderer: { _setPath(path: Path, d: string): void };
    _updatePath(): void;
  }
  interface Map {
    _latLngToNewLayerPoint(place: LatLng, zoom: number, centre: LatLng): Point;
  }
  namespace Control {
    interface Scale {
      _mScale: HTMLElement;
      _updateMetric(metres: number): void;
      _getRoundNum(metres: number): number;
      _updateScale(scale: HTMLElement, text: string, share: number): void;
    }
  }
}

declare global {
  interface Window {
    /** The page's handle for tests and for curious readers. */
    strikemap: PageHandle;
  }
}

/** Every text of the page in its language, by name. */
export type Words = Record<string, string>;
/** A code of the taxonomy and its name in the page's language. */
export type Label = [code: string, name: string];
/** Parameters of the View as they stand in an address. */
export type ViewParameters = Record<string, string>;
/** Parameters to change; an empty value takes a parameter out. */
export type ViewChanges = Record<string, string | null | undefined>;
export type LonLat = [lon: number, lat: number];
/** West, south, east, north in degrees. */
export type Box = [number, number, number, number];
export type Rgb = [number, number, number];
/** Corners of a mark's outline around 0, 0; a radius of 1. */
export type Outline = [x: number, y: number][];

/* ---- The page's JSON block ---- */

export interface Pattern {
  kind: string;
  colour: string;
}

export interface Party {
  code: string;
  name: string;
  /** Null for the party whose own land is not hatched. */
  pattern: Pattern | null;
}

export interface TileOptions {
  url: string;
  pane: string;
  /** Whom the picture is credited to, in the map's corner: HTML, as Leaflet reads it. */
  credit: string;
}

export interface NameOptions {
  /** The address of a tile's names. */
  url: string;
  text: string;
  street: string;
  water: string;
  halo: string;
}

export interface ServiceOptions {
  url: string;
  /** HTML, as Leaflet reads it. */
  credit: string;
  /** Where its tiles come from. */
  host: string;
  maxZoom: number;
  subdomains: string;
  /** It has no names of its own. */
  isImagery: boolean;
  referrer: "origin" | "no-referrer";
}

/** A tile service of others that a reader may choose as ground. */
export interface ServiceLayer {
  factory: "service";
  name: string;
  show: boolean;
  options: ServiceOptions;
}

export interface RegionOptions {
  /** Colours by palette and number of classes, then by class; the usual palette first. */
  ramps: Record<string, string[][]>;
  opacity: number;
  /** The width in px of the band that has the colour in a city, and the zooms of the change. */
  band: number;
  fadeZooms: [number, number];
  edge: string;
  noFigure: Pattern;
}

export interface ControlOptions {
  line: string;
  casing: string;
  staleDays: number;
  staleOpacity: number;
  staleWidth: number;
  parties: Party[];
  claimed: Pattern;
  cited: Pattern;
  gained: Pattern;
  lost: Pattern;
  fixed: string;
  other: string;
  dashes: Record<string, string>;
}

export interface IncidentOptions {
  ring: string;
  /** The least and the greatest radius of a settlement's disc. */
  settlementPx: [number, number];
  shapes: Record<string, Outline>;
  /** The colour of a mark of which nothing is known. */
  unknown: string;
  /** The colour of a mark that shows only a size, and of a number beside a mark. */
  paper: string;
  /** The least figure of each step, and the radius of its marks as a factor of the usual one. */
  sizes: [least: number, factor: number][];
  /** Stops of the density's colours, from least to most. */
  density: Rgb[];
  densityPx: number;
  denseFrom: number;
  detailZoom: number;
}

export interface PeriodOptions {
  /** The first day of the histogram. */
  first: string;
  /** Incidents per day from then on. */
  counts: number[];
}

export type LayerSpec =
  | { factory: "tiles"; options: TileOptions }
  | ServiceLayer
  | { factory: "regions"; options: RegionOptions }
  | { factory: "control"; options: ControlOptions }
  | { factory: "names"; options: NameOptions }
  | { factory: "incidents"; options: IncidentOptions };

export type PartSpec =
  | { factory: "period"; options: PeriodOptions }
  | { factory: "overview" | "list" | "filters" | "ground" | "waves" }
  | { factory: "legend" | "search" | "ruler" | "tools" | "share" };

export interface ControlSource {
  slug: string;
  name: string;
  credit: string;
  /** Whether marks may be coloured by its sides. */
  sharesPoints: boolean;
  /** Days that have a snapshot, in order. */
  days: string[];
}

/** The block of the map's page, of its frame and of its saved file. */
export interface PageSpec {
  id: string;
  options: {
    center: [number, number];
    zoom: number;
    bounds?: [[number, number], [number, number]];
  };
  layers: LayerSpec[];
  parts: PartSpec[];
  strings: Words;
  view: ViewParameters;
  theatre: { note: string; parties: Party[] };
  weapons: Label[];
  sectors: Label[];
  statuses: Label[];
  kinds: Label[];
  regions: Label[];
  datasets: Label[];
  shownDatasets: string[];
  controls: ControlSource[];
  /** The party whose ground is measured. */
  controller: string;
  /** The dataset of waves; null where there is none. */
  waves: string | null;
  /** The hash of the newest record. */
  head: string;
  /** The instant up to which the record is read; null while it is empty. */
  asOf: string | null;
  asOfDay: string | null;
  yesterday: string;
  columnsUrl: string;
  levels: number[];
  /** The classes of marks by what they can be coloured by. */
  looks: Record<string, [code: string, label: string, colour: string, shape: string][]>;
  hasPopulation: boolean;
  hasSettlements: boolean;
  mayEmbed: boolean;
  isPrivate: boolean;
  isSaved: boolean;
  /** The part of an operator's basemap in a saved page, its box in degrees. */
  streets?: { box: [number, number, number, number]; zoom: number } | null;
  /** The parameters of a frame beside its View. */
  embed: ViewParameters;
  /** The address of the PMTiles file beside a saved page. */
  archive: string | null;
}

/** The side of its point on which a note stands, as a wind is named. */
export type NoteSide = "n" | "ne" | "e" | "se" | "s" | "sw" | "w" | "nw";

/** What the map of a story's step has of its own. */
export type StoryStep = Pick<
  PageSpec,
  "view" | "columnsUrl" | "looks" | "hasSettlements" | "options" | "controls"
> & { notes: { text: string; at: LonLat; side: NoteSide }[] };

/** The block of a story's page; a step without a map is null. */
export interface StorySpec extends PageSpec {
  steps: (StoryStep | null)[];
}

/** The block of the pages that import, edit and review. */
export interface WorkSpec {
  lang: string;
  theatre: string;
  query: string;
  strings: Words;
  /** The header that shows a request to be the page's own. */
  header: string;
  isPrivate: boolean;
}

/** One request for a second person, in /api/approvals. */
export interface ApprovalRow {
  id: string;
  kind: string;
  dataset: string;
  target: string;
  summary: string;
  reason: string;
  asked_by: string;
  state: string;
  may_approve: boolean;
}

/** /api/approvals */
export interface Approvals {
  waiting: ApprovalRow[];
  decided: ApprovalRow[];
}

/** /api/session */
export interface Session {
  actor: string;
  role: string;
  datasets: string[];
  expires_at: string | null;
}

export interface AuditSpec extends WorkSpec {
  actions: string[];
}

export interface AuditEvent {
  at: string;
  actor: string;
  action: string;
  subject: string;
  key: string;
  revisions: number;
  seq: number | null;
  reason: string;
}

/** /api/audit */
export interface Audit {
  events: AuditEvent[];
  next: number | null;
}

export interface ImportSpec extends WorkSpec {
  bounds: Box;
  /** Names of the fields that a column can be mapped to. */
  fields: string[];
  /** Codes of the fields whose words a mapping translates. */
  codes: Record<string, Label[]>;
  /** The language of each theatre's page for the reader of this one. */
  languages: Record<string, string>;
}

export interface TheatresSpec extends WorkSpec {
  /** Code, name, English name and theatre of each country. */
  countries: [string, string, string, string][];
  languages: Label[];
}

export interface EditSpec extends WorkSpec {
  /** The record's id. */
  id: string;
}

/** What a saved page carries of the service's answers, by path and sorted parameters. */
export interface SavedAnswers {
  answers: Record<string, object>;
  columns: Record<string, string>;
  records: IncidentFeature[];
  tiles: Record<string, string>;
  /** The sentence for what the file does not carry. */
  lacks: string;
}

/* ---- Answers ---- */

/** A count as a range: null is unknown, and an open end is "at least". */
export interface Count {
  low: number | null;
  best: number | null;
  high: number | null;
}

/** A sum of counts: of how many incidents the figure is known. */
export interface CountSum extends Count {
  known: number;
  of: number;
}

export interface Sum {
  incidents: number;
  killed: CountSum & { by_kind: Record<"civilian" | "military" | "unknown", CountSum> };
  injured: CountSum;
  damaged: number;
  destroyed: number;
  damage: Record<string, { damaged: number; destroyed: number }>;
}

export interface SummaryRow extends Sum {
  key: string;
  name: string;
  killed_per_100k?: number | null;
  population?: number;
  population_year?: number | null;
}

/** /api/summary */
export interface Summary {
  additive: boolean;
  by: "region" | "weapon" | "day" | "dataset";
  rows: SummaryRow[];
  /** Null where datasets cannot be added up. */
  totals: Sum | null;
  /** What is known to a larger region only. */
  elsewhere: Sum | null;
  /** Incidents per region that have no mark. */
  unmarked: Record<string, number>;
  not_on_map: number;
  /** Lower limits of the classes of colour. */
  classes: number[];
  coverage: {
    datasets: string[];
    undated: number;
    spanning: number;
    contradictory: number;
    withheld: { terms: number; embargo: number; small_cells?: number };
  };
  /** Records that a sum needs, where a single one must not be seen. */
  smallest_cell?: number;
  credits: string[];
  /** One sentence of the figures; null where they are withheld or not summed. */
  headline?: string | null;
  text?: string[];
}

/** /api/facets: incidents that each choice would leave, by filter and code. */
export interface Facets {
  dataset?: string | null;
  datasets?: Record<string, number>;
  weapon?: Record<string, number> | null;
  sector?: Record<string, number> | null;
  status?: Record<string, number> | null;
  kind?: Record<string, number> | null;
  [filter: string]: Record<string, number> | string | null | undefined;
}

/** /columns.json */
export interface ColumnsListing {
  /** Name and type of each column, in the order of the file. */
  columns: Record<string, "u4" | "u2" | "u1">;
  months: { month: string; rows: number; url: string }[];
}

/** What one control source says of an incident's place on its day. */
export interface GroundClaim {
  control: string;
  name: string;
  age_days: number;
  /** Null where the incident has no point. */
  status: string | null;
  controller: string;
  distance_km: number | null;
  shares: Record<string, number> | null;
}

export interface Damage {
  sector: string;
  object_kind?: string | null;
  name?: string | null;
  grade?: string | null;
}

/** What another dataset says of the same strike. */
export interface MergedClaim {
  dataset: string;
  killed: Count | null;
  injured: Count | null;
  same_upstream?: boolean;
}

export interface IncidentRecord {
  id: string;
  number: number;
  revision: number;
  dataset: string;
  start: string | null;
  end: string | null;
  when_text: string | null;
  place: string | null;
  precision: string;
  error_m: number | null;
  weapons: string[];
  mechanism: string;
  attributed_to: { party: string; confidence: string } | null;
  killed: Count | null;
  injured: Count | null;
  damage: Damage[];
  status: string;
  sources: { url?: string; publisher?: string; published?: string }[];
  claims: object[];
  description: string | null;
  graphic: boolean;
  /** Reasons why texts are not shown, by field. */
  redacted: Record<string, string>;
  region: RegionOfIncident;
  control: GroundClaim[];
  merged_with?: MergedClaim[];
}

export interface RegionOfIncident {
  admin1: string | null;
  name: string | null;
  how: string;
  near_border: boolean;
}

export type IncidentFeature = Feature<Point | null, IncidentRecord> & {
  /** What happened, where, and who came to harm, in one line. */
  headline?: string;
  /** The fields as text; the answer for a single record has them. */
  lines?: RecordField[];
};

/** A field of a record in the reader's language. */
export interface RecordField {
  name: string;
  label: string;
  lines: TextLine[];
  /** What the label means, where it is a term. */
  hint?: string | null;
  /** The text that folds the lines; null for a field that is open. */
  fold?: string | null;
  images?: ArchivedImage[];
}

/** An archived image of a record: addresses of its forms, and the words below it. */
export interface ArchivedImage {
  small: string;
  large: string;
  blurred: string;
  alt: string;
  /** What an editor says that it shows; also its alternative text. */
  caption: string;
  credit: TextLine;
  archived: string;
  /** That parts of it are covered, and so it differs from the original; null for any other. */
  covered: TextLine | null;
  /** What a reader opens to see a graphic image; null for any other. */
  fold: string | null;
}

export interface TextLine {
  text: string;
  href: string | null;
  /** The day, in ISO form, that the text writes. */
  day: string | null;
}
/** A record in whole, or what a tile says of one mark together with the element that shows it. */
export type OpenFeature = IncidentFeature | MarkFeature;

export interface MarkFeature {
  geometry: Point;
  properties: Pick<IncidentRecord, "number" | "error_m" | "redacted" | "place"> & {
    region: Partial<RegionOfIncident>;
  };
  body: HTMLElement;
}

/** /api/collections/incidents/items */
export interface IncidentPage {
  features: IncidentFeature[];
  numberMatched: number;
}

/** /api/incidents/{id}/history */
export interface History {
  revisions: { recorded_at: string; action: string; changed?: string; reason?: string }[];
}

export type RegionFeature = Feature<Polygon | MultiPolygon, RegionProperties>;

export interface RegionProperties {
  key: string;
  name: string;
  /** Where the region's number stands. */
  at: LonLat;
}

export type FlatGeometry = Polygon | MultiPolygon | LineString | MultiLineString;

export interface ControlProperties {
  kind: string;
  controller: string;
  status: string;
  extent: string;
}

export type ControlFeature = Feature<FlatGeometry, ControlProperties>;

/** /api/collections/control/items */
export interface ControlDay {
  features: ControlFeature[];
  about: SnapshotFacts | null;
}

export interface SnapshotFacts {
  includes: string[];
  length_km: number | null;
  border_tolerance_km: number;
  controllers: string[];
  hasClaims: boolean;
  hasCited: boolean;
}

/** /api/control/areas */
export interface GroundAreas {
  controller: string;
  total_km2: number | null;
}

interface AreaChange {
  gained_km2: number;
  lost_km2: number;
}

/** /api/control/changes */
export interface GroundChanges extends AreaChange {
  from: { valid_on: string };
  to: { valid_on: string };
  regions: (AreaChange & { key: string; name: string })[];
  areas?: ChangedAreas;
}

export type ChangedAreas = FeatureCollection<FlatGeometry, { kind: string }>;

/** /api/control/frozen */
export interface FrozenLine {
  freeze: string;
  control_since: AreaChange | null;
  sides: { side: string; km2: number; since: Sum }[];
}

/** /api/control/series */
export interface GroundSeries {
  points: { valid_on: string; km2: number | null }[];
}

/** /api/places */
export type Place = { name: string } & (
  | { kind: "region"; key: string; bbox: Box }
  | {
      kind: "settlement";
      lon: number;
      lat: number;
      population?: number;
      region?: { name: string };
      country?: string;
    }
);

export interface Volley {
  model: string;
  launched: Count;
  intercepted: Count;
  lost: Count;
  hits: Count;
}

export interface Wave {
  start: string;
  end: string;
  target?: string | null;
  volleys: Volley[];
  /** Incidents on the map that belong to it; null where that is unknown. */
  mapped: number | null;
  counted: boolean;
}

/** /api/waves */
export interface Waves {
  by_weapon: { weapon: string | null; launched: Count; intercepted: Count; lost: Count }[];
  waves: Wave[];
  numberReturned: number;
  numberMatched: number;
  credits: string[];
}

/** RFC 9457 */
export interface Problem {
  type?: string;
  status?: number;
  detail?: string;
  errors?: { where: string; got: string; allowed: string }[];
  /** Of a file most of whose points lie in another theatre. */
  advice?: TheatreAdvice;
}

/* ---- Importing, editing, reviewing ---- */

export interface Rejection {
  member?: string;
  row?: number;
  field: string;
  got: string;
  why: string;
}

export type PreviewFate = "add" | "amend" | "retract";

export interface PreviewProperties {
  fate: PreviewFate;
  day?: string;
  place?: string;
  source_key?: string;
  controller?: string;
  status?: string;
}

export type Preview = FeatureCollection<Geometry | null, PreviewProperties> & {
  points?: number;
  day?: string;
  days?: number;
};

/** /api/imports: what a file would change, or what it changed. */
export interface ImportReport {
  id: string;
  dataset: string;
  rows: number;
  added: number;
  amended: number;
  unchanged: number;
  duplicates: number;
  rejected: number;
  dropped: Record<string, number>;
  edits_kept?: number;
  conflicts?: number;
  vanish?: { records: number; edits: number } | null;
  rejections: Rejection[];
  conflicting: Rejection[];
  warnings: string[];
  mapping: Record<string, string>;
  preview: Preview;
  version?: number | null;
  refused?: string | null;
  planned_again?: boolean;
  /** Where most points lie; `country` is there when that theatre is still to be added. */
  advice?: TheatreAdvice | null;
}

/** Where most points of a file lie; with a country, its theatre is not there yet. */
export interface TheatreAdvice {
  sentence?: string;
  theatre?: string;
  country?: string;
  /** The time zones of the country; absent where no list of them has it. */
  zones?: string[];
}

/** What is added by POST /api/theatres */
export interface OpenTheatre {
  slug: string;
  name: Record<string, string>;
  countries: string[];
  zone: string;
  languages: string[];
}

/** What a theatre opens on; empty parts are as its file says. */
export interface ChosenOpening {
  datasets: string[];
  control: string;
  from: string | null;
  to: string | null;
  languages: string[];
}

/** One of /api/theatres */
export interface ListedTheatre extends OpenTheatre {
  /** What it may open on. */
  datasets: string[];
  controls: string[];
  opening: ChosenOpening;
}

/** /api/countries/{code} */
export interface CountryPreview {
  code: string;
  name: Record<string, string>;
  slug: string;
  /** The theatre that has the country already, if any. */
  theatre: string;
  regions: number;
  region_languages: string[];
  zones: string[];
  bounds: Box;
  outline: [number, number][][];
}

/** DELETE /api/imports/{id} */
export interface ImportUndo {
  state: string;
  retracted: number;
  restored: number;
  left_count: number;
}

export interface Mapping {
  columns: Record<string, string>;
  constants?: Record<string, string>;
  words?: Record<string, Record<string, string>>;
  dates?: string | null;
  decimal_comma?: boolean;
  geocode?: boolean;
  groups?: Record<string, MappedGroup>;
}

/** A repeated group of a form; with a fate its rows are persons. */
export interface MappedGroup {
  fate: string;
  every: string;
  numbers: string;
}

/** /api/mappings: what the columns of a table could mean, and why. */
export interface MappingProposal {
  mapping: Mapping;
  samples: Record<string, string[]>;
  why: Record<string, string>;
  missing: string[];
  unknown_words: Record<string, string[]>;
  word_rows: Record<string, Record<string, number>>;
  doubts: string[];
}

export type FieldValue = string | number | string[] | Record<string, number | null> | null;

/** /api/incidents/{id} for its editor. */
export interface EditableRecord {
  id: string;
  revision: number;
  fields: Record<string, FieldValue | undefined>;
  redacted: Record<string, string>;
  /** The request that waits for a second person, in the answer to a redaction. */
  approval?: string | null;
}

/** A source file that was archived beside a record. */
export interface Attached {
  [name: string]: string | number | boolean | null;
  name: string;
  sha256: string;
  size: number;
  licence: string;
  may_leave: boolean;
  /** Whether it is an image that pages show. */
  is_shown: boolean;
}

/** A part of a picture, by shares of its width and height. */
export interface CoveredPart {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A picture of a record, for who covers parts of it. */
export interface EditedPicture {
  name: string;
  caption: string | null;
  sha256: string;
  /** The SHA-256 of the copy that readers get; null where nothing is covered. */
  copy: string | null;
  covers: CoveredPart[];
  revision: number;
  /** The address of the picture without its covers. */
  original: string;
  /** The request that waits for a second person, in the answer to a change. */
  approval?: string | null;
}

/** /api/incidents/{id}/attachments */
export interface EditedPictures {
  id: string;
  pictures: EditedPicture[];
}

/** /api/incidents/{id}/attachments/{sha256}/faces */
export interface SuggestedParts {
  suggestions: CoveredPart[];
}

export interface ReviewedRecord {
  id: string;
  dataset: string;
  fields?: Record<string, unknown>;
}

export interface ReviewPair {
  id: string;
  score: number | null;
  records: ReviewedRecord[];
  reasons: { code: string; points: number; values: Record<string, string | number | null> }[];
}

/** /api/reviews */
export interface Reviews {
  pending: number;
  pairs: ReviewPair[];
  decided: (ReviewPair & { is_same: boolean; by: string })[];
}

/** /api/suggestions */
export interface Suggestions {
  count: number;
  suggestions: { id: string; dataset: string; part: string; kind: string; text: string }[];
}

export interface EditedStep {
  title: string;
  text: string;
  view: string;
  notes: { lon: number | string; lat: number | string; side: string; text: string }[];
}

/** /api/stories/{slug} */
export interface EditedStory {
  slug: string;
  title: string;
  lang: string;
  revision: number;
  steps: EditedStep[];
}

/** /api/stories */
export interface StoryList {
  stories: Pick<EditedStory, "slug" | "title">[];
}

/* ---- What the modules hand each other ---- */

type Attribute = string | number | boolean | null | undefined;
type AttributeName =
  | (
      | "alt"
      | "autocomplete"
      | "checked"
      | "class"
      | "datetime"
      | "dir"
      | "disabled"
      | "download"
      | "draggable"
      | "for"
      | "hidden"
      | "href"
    )
  | (
      | "id"
      | "lang"
      | "pattern"
      | "loading"
      | "src"
      | "max"
      | "maxlength"
      | "min"
      | "name"
      | "open"
      | "placeholder"
      | "readonly"
      | "rel"
      | "required"
    )
  | ("role" | "rows" | "scope" | "selected" | "spellcheck" | "step" | "tabindex" | "target")
  | ("text" | "title" | "type" | "value");

/** Attributes, `text`, and listeners as `onclick`; what is null, undefined or false is left out. */
export type ElementOptions = {
  [Name in AttributeName | `aria-${string}` | `data-${string}`]?: Attribute;
} & {
  [Name in keyof HTMLElementEventMap as `on${Name}`]?: (event: HTMLElementEventMap[Name]) => void;
};

export type Child = Node | string | null | undefined;

export interface Pen {
  pen: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** A code for each row, and the codes that occur. */
export interface RowCodes {
  codes: Uint8Array;
  used: number[];
}

/** Columns of marks over one file or tile; `x` and `y` on a world 2 ** 31 wide. */
export interface MarkColumns {
  rows: number;
  x: Uint32Array;
  y: Uint32Array;
  number: Uint32Array;
  weapons: Uint32Array;
  precision: Uint8Array;
  error_m: Uint16Array;
  /** The lowest known figures; 0xffff where none is known. */
  killed: Uint16Array;
  injured: Uint16Array;
  /** The class of each mark, where the weapon is not what colours it. */
  group?: Uint8Array;
  /** Class and step of size of each mark; null until they are looked for. */
  classes: RowCodes | null;
  steps: RowCodes | null;
  /** How many marks each cell stands for; null where a row is one mark. */
  n: Uint32Array | null;
}

export interface Month extends MarkColumns {
  sectors: Uint32Array;
  /** First and last day, in days since 1970. */
  first: Uint16Array;
  last: Uint16Array;
  status: Uint8Array;
  /** Rows that period and filters let through; null until they are looked for. */
  matching: Uint32Array | null;
}

export interface TileMarks extends MarkColumns {
  properties: MarkProperties[];
  all: Uint32Array;
}

export interface MarkProperties {
  number: number;
  n: number;
  weapon?: string;
  precision: string;
  error_m?: number;
  day: string;
  killed_low?: number;
  injured_low?: number;
  class?: string;
  status: string;
}

/** Filters in the columns' own bits. */
export interface MarkFilter {
  weapons: number;
  sectors: number;
  statuses: Set<number> | null;
  killed: number | null;
}

/** Where a canvas lies: its corner in px of the world at this zoom, its size, px per CSS px. */
export interface CanvasFrame {
  scale: number;
  x: number;
  y: number;
  width: number;
  height: number;
  ratio: number;
}

/** Marks that fall on the canvas; `spans` lead from them back to their columns. */
export interface VisibleMarks<Columns extends MarkColumns> {
  count: number;
  xs: Int32Array;
  ys: Int32Array;
  rows: Uint32Array;
  spans: [columns: Columns, from: number, to: number][];
  hasCells: boolean;
}

/** Marks on the canvas as others need them: their places, sizes and numbers at one place. */
export interface MarkScene {
  marks: VisibleMarks<MarkColumns>;
  /** Places with several marks: the first mark of each, and how many; the fullest first. */
  spots: { at: number; n: number }[];
  /** The usual radius in canvas px. */
  radius: number;
  look: { ring: string; paper: string };
  looks: MarkLooks;
  write(n: number): string;
}

/** Left, top, right, bottom, in CSS px of a canvas. */
export type TextBox = [x0: number, y0: number, x1: number, y1: number];

/** A name on the map; `dot` is where its place lies. */
export interface PlacedText {
  text: string;
  x: number;
  y: number;
  box: TextBox;
  dot: { x: number; y: number } | null;
  isBold: boolean;
  angle: number;
  kind: "text" | "street" | "water";
}

/** What a tile names: places by weight, and streets and waters along their lines. */
export interface NameTile {
  places: [text: string, lon: number, lat: number, weight: number, rank: number][];
  lines: [text: string, lon: number, lat: number, angle: number, isWater: boolean][];
}

/** The layer of the incidents: drawn here, or as pictures by the server. */
export interface MarksLayer extends L.Layer {
  loaded: boolean;
  isDense: boolean;
  /** The most marks in one cell of a density. */
  most: number;
  /** What names and numbers keep clear of; null where no single marks are drawn here. */
  scene: MarkScene | null;
  readonly looks: { colourBy: string; sizeBy: string };
  setColour(by: string): void;
  setSize(by: string): void;
  /** The classes and steps of size that occur; null where nobody knows. */
  used(): { classes: Set<number>; steps: Set<number> } | null;
  load(files: Promise<Month>[]): Promise<void>;
  setWindow(first: number, last: number): void;
  setFilter(filter: MarkFilter): void;
  /** Numbers of the incidents under a place, nearest first. */
  pick(place: L.LatLng, radiusPx: number): number[];
  /** Numbers of the incidents at the place nearest the centre. */
  nearest(): number[];
  /** What the marks themselves say of a record that cannot be asked for. */
  facts(number: number): MarkFeature | null;
}

/** Which snapshot of control is drawn, and what it covers. */
export type ShownControl = { source: string | null; day: string | null } & (
  | { validOn: null }
  | ({ validOn: string; ageDays: number; isStale: boolean } & SnapshotFacts)
);

export interface MapLayers {
  regions: RegionLayer;
  control: ControlLayer;
  /** Null for a browser without a canvas, which gets pictures. */
  names: NameLayer | null;
  incidents: MarksLayer;
}

/** What a layer is made of. */
export interface LayerContext {
  spec: PageSpec;
  words: Words;
  language: string;
  state: State;
  map: L.Map;
  /** `putDown` ends what a pencil on the map is used for. */
  mode: { isPlaying: boolean; isMeasuring: boolean; putDown?: () => void };
  /** After how many days a snapshot is drawn as stale. */
  staleDays: number;
  /** Days that have a snapshot, of the View's source unless another is named. */
  controlDays(source?: string | null): string[];
  renderer(pane: string): L.Renderer;
  /** From now on the map stays where the reader looks. */
  settle(): void;
  fail(wrong: unknown): void;
}

/** What a part around the map is made of. */
export interface MapContext extends LayerContext {
  layers: MapLayers;
}

/** Open the record at `at` of some that lie on one spot; focus returns to `from`. */
export type OpenIncident = (
  numbers: number[],
  feature: IncidentFeature | null,
  from: HTMLElement | null,
  at?: number,
) => Promise<void>;

export interface PageHandle extends MapContext {
  open: OpenIncident;
  chooseRegion?: (key: string) => void;
}

/** A pane of the panel. */
export interface Tab {
  content: HTMLElement[];
  onshow(): void;
}

export interface Tabs {
  /** Show a tab, and raise the sheet of a phone. */
  open(name: string): void;
  /** Write on a tab how much is set behind it. */
  setCount(name: string, count: number): void;
  /** Take the sheet down; gives the height that `raise` brings back. */
  lower(): string | null;
  raise(height: string): void;
}

export interface Highlight {
  /** Ring one incident in passing; null takes the ring away. */
  hover(feature: IncidentFeature | null): void;
  /** Ring the incident whose record is open, and draw its error. */
  open(feature: OpenFeature | null): void;
}

export interface Legend {
  showRegions(): void;
  showControl(): void;
  showIncidents(): void;
  /** Add a choice of the reader at the end. */
  add(node: Node): void;
  fold(isFolded: boolean): void;
}

export interface OverviewTab extends Tab {
  show(summary: Summary): void;
  chooseRegion(key: string): void;
  showDatasetCounts(counts: Record<string, number>): void;
}

export interface ListTab extends Tab {
  /** Mark the row of the record that is open. */
  mark(number: number | null): void;
}

export interface FilterTab extends Tab {
  show(counts?: Facets): void;
}

export interface Period {
  showSummary(summary: Summary): void;
  showCoverage(): void;
}

/** The parts of a page that exist, as they are made. */
export interface PageParts {
  period?: Period;
  overview?: OverviewTab;
  list?: ListTab;
  filters?: FilterTab;
  tabs?: Tabs;
  legend?: Legend;
}
