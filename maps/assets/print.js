"use strict";
/* Prints what the map shows, with its legend, on one page of A4 or A3. */
walkcover.extend(function (map) {
  const PX_PER_MM = 96 / 25.4;
  /* Room for the map beside the legend on a page on its side, in millimetres. */
  const ROOM = { A4: [203, 190], A3: [320, 277] };
  /* Signs and names shrink and grow with the map; beyond these they no longer read well. */
  const LEAST_SCALE = 0.6, LARGEST_SCALE = 1.6;
  /* Dots per dot of the screen, so that paper is not blurred. */
  const PRINT_RATIO = 3;
  const state = walkcover.state, body = document.body, box = map.getContainer();
  const paper = document.getElementById("paper");
  let before = null;

  /* Fresh canvases: Chromium prints what was drawn on one as vectors, and a cleared one white. */
  function freshTiles() { map.eachLayer(function (layer) { if (layer.repaint) layer.redraw(); }); }

  /* The map keeps its zoom, as canvas tiles do not scale; what it shows is scaled as a whole. */
  function toPaper() {
    if (before) return;
    const size = map.getSize(), room = ROOM[paper.value].map(function (mm) { return mm * PX_PER_MM; });
    const scale = Math.max(LEAST_SCALE, Math.min(LARGEST_SCALE, Math.min(room[0] / size.x, room[1] / size.y)));
    before = { centre: map.getCenter(), zoom: map.getZoom() };
    body.classList.add("printing");
    body.classList.toggle("a3", paper.value === "A3");
    box.style.setProperty("width", room[0] / scale + "px", "important");
    box.style.setProperty("height", room[1] / scale + "px", "important");
    box.style.transform = "scale(" + scale + ")";
    state.ratio = PRINT_RATIO;
    redraw();
  }

  function toScreen() {
    if (!before) return;
    body.classList.remove("printing", "a3");
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
