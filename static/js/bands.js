/* The colour of a region in a city: a band inside its edge, which leaves the streets free. */
import { svg } from "./patterns.js";

let count = 0;

export class Band extends L.Polygon {
  /**
   * @param {L.Polygon} region
   * @param {L.PathOptions} look
   */
  constructor(region, look) {
    const { renderer, pane } = region.options;
    // An outline that ended at the view's edge would have a band there: so it is whole.
    const own = { renderer, pane, fill: false, interactive: false, noClip: true };
    super(region.getLatLngs(), { ...own, ...look });
    const id = `band-${count++}`;
    const cut = svg("clipPath", { id });
    this.inside = svg("path", { "clip-rule": "evenodd" }, cut);
    this.on("add", () => {
      this.getElement()?.before(cut);
      this.getElement()?.setAttribute("clip-path", `url(#${id})`);
    });
    this.on("remove", () => cut.remove());
  }

  /** @override */
  _updatePath() {
    super._updatePath();
    this.inside.setAttribute("d", this.getElement()?.getAttribute("d") ?? "");
  }
}
