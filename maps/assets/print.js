"use strict";
/* Prints what the map shows, with its legend, on one page of A4 or A3, lying or standing. */
walkcover.extend(function (map) {
  const PX_PER_MM = 96 / 25.4;
  /*
   * Room for the map beside the legend, or above it, in millimetres, and the class of the page:
   * the same measures stand in walkcover.css.
   */
  const PAGES = {
    "A4": { room: [203, 190], classes: [] },
    "A3": { room: [320, 277], classes: ["a3"] },
    "A4-portrait": { room: [193, 184], classes: ["portrait"] },
    "A3-portrait": { room: [278, 296], classes: ["portrait", "a3"] },
  };
  /* Signs and names shrink and grow with the map; beyond these they no longer read well. */
  const LEAST_SCALE = 0.6, LARGEST_SCALE = 1.6;
  /* A long legend shrinks until it fits, then goes without its notes, and shrinks again. */
  const LEAST_FIT = 0.72, FIT_STEP = 0.04;
  /*
   * Dots per dot of the screen, so that paper is not blurred. A power of two: of a canvas of 768
   * dots Chromium prints the content at 756, so that streets and rivers break at every tile.
   */
  const PRINT_RATIO = 2;
  const state = walkcover.state, words = walkcover.words, body = document.body, box = map.getContainer();
  const paper = document.getElementById("paper"), panel = document.getElementById("panel");
  let before = null;

  function nameSizes() {
    for (const option of paper.options) {
      const size = option.value.split("-");
      option.textContent = size[0] + " " + words[size[1] || "landscape"];
    }
  }
  map.on("walkcover:language", nameSizes);
  nameSizes();

  /* Fresh canvases: Chromium prints what was drawn on one as vectors, and a cleared one white. */
  function freshTiles() { map.eachLayer(function (layer) { if (layer.repaint) layer.redraw(); }); }

  function fits() {
    return panel.scrollHeight <= panel.clientHeight + 1 && panel.scrollWidth <= panel.clientWidth + 1;
  }

  function fitPanel() {
    panel.scrollTop = 0;
    for (const tight of [false, true]) {
      body.classList.toggle("tight", tight);
      for (let fit = 1; fit >= LEAST_FIT; fit -= FIT_STEP) {
        panel.style.setProperty("--fit", fit.toFixed(2));
        if (fits()) return;
      }
    }
  }

  /* The map keeps its zoom, as canvas tiles do not scale; what it shows is scaled as a whole. */
  function toPaper() {
    if (before) return;
    const page = PAGES[paper.value], size = map.getSize();
    const room = page.room.map(function (mm) { return mm * PX_PER_MM; });
    const scale = Math.max(LEAST_SCALE, Math.min(LARGEST_SCALE, Math.min(room[0] / size.x, room[1] / size.y)));
    before = { centre: map.getCenter(), zoom: map.getZoom(), scrolled: panel.scrollTop };
    body.classList.add("printing");
    page.classes.forEach(function (name) { body.classList.add(name); });
    box.style.setProperty("width", room[0] / scale + "px", "important");
    box.style.setProperty("height", room[1] / scale + "px", "important");
    box.style.transform = "scale(" + scale + ")";
    state.ratio = PRINT_RATIO;
    fitPanel();
    redraw();
  }

  function toScreen() {
    if (!before) return;
    body.classList.remove("printing", "a3", "portrait", "tight");
    panel.style.removeProperty("--fit");
    panel.scrollTop = before.scrolled;
    box.style.removeProperty("width");
    box.style.removeProperty("height");
    box.style.transform = "";
    state.ratio = 0;
    redraw();
    before = null;
  }

  function redraw() {
    map.invalidateSize({ animate: false, pan: false });
    map.setView(before.centre, before.zoom, { animate: false, reset: true });
    freshTiles();
    walkcover.placeLabels();
  }

  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", toScreen);
  document.getElementById("print").addEventListener("click", function () {
    map.closePopup();
    window.print();
  });
});
