"use strict";
/* Names of zones and sites, no two of them over each other; zones filled by share from far. */
walkcover.extend(function (map) {
  const SITE_ZOOM = 15;
  const SHARE_CLASSES = 5;
  const MOST_OBSTACLES = 400;
  const state = walkcover.state;
  const pane = map.createPane("labels");
  let waiting = false;
  pane.setAttribute("aria-hidden", "true");

  function overlaps(a, boxes) {
    return boxes.some(function (b) { return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]; });
  }

  function boxAt(x, y, width, height) { return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]; }

  /* Signs of sites in the view, which no name may cover. */
  function signs(view) {
    const boxes = [], far = map.getContainer().classList.contains("far");
    for (const one of state.markers) {
      if (boxes.length > MOST_OBSTACLES || !map.hasLayer(one.marker)) continue;
      if (!view.contains(one.marker.getLatLng())) continue;
      const p = map.latLngToLayerPoint(one.marker.getLatLng());
      const size = far ? 8 : one.site.label ? 22 : 16;
      boxes.push(boxAt(p.x, p.y, size, size));
    }
    return boxes;
  }

  /* Labels that may show, zones first, the larger zone before the smaller. */
  function wanted(view) {
    const zoom = map.getZoom();
    const found = state.labels.filter(function (label) {
      return map.hasLayer(label.layer) && view.contains(label.at) && (label.kind === "zone" || zoom >= SITE_ZOOM);
    });
    function area(label) {
      if (!label.bounds) return 0;
      const a = label.bounds.getNorthWest(), b = label.bounds.getSouthEast();
      return (b.lng - a.lng) * (a.lat - b.lat);
    }
    return found.sort(function (a, b) { return area(b) - area(a); });
  }

  function written(label) {
    const box = document.createElement("div");
    box.className = "label " + label.kind;
    box.textContent = label.text();
    if (label.strong) {
      const strong = document.createElement("b");
      strong.textContent = label.strong();
      box.append(" ", strong);
    }
    pane.appendChild(box);
    return box;
  }

  /* Middles of a label's box that read well, the best first. */
  function places(label, p, width, height) {
    if (label.kind === "zone") {
      /* Up or down as far as the zone reaches: elsewhere it would name its neighbour. */
      const top = map.latLngToLayerPoint(label.bounds.getNorthWest()).y + height / 2;
      const bottom = map.latLngToLayerPoint(label.bounds.getSouthEast()).y - height / 2;
      return [0, -1, 1, -2, 2].map(function (n) { return [p.x, p.y + n * height]; })
        .filter(function (at) { return at[1] >= top && at[1] <= bottom; });
    }
    const aside = width / 2 + 11, above = height / 2 + 9;
    return [[p.x + aside, p.y], [p.x - aside, p.y], [p.x, p.y + above], [p.x, p.y - above]];
  }

  function narrowZone(label, width, height) {
    if (!label.bounds) return false;
    const a = map.latLngToLayerPoint(label.bounds.getNorthWest());
    const b = map.latLngToLayerPoint(label.bounds.getSouthEast());
    return b.x - a.x < width * 0.7 || b.y - a.y < height * 1.5;
  }

  function place() {
    const view = map.getBounds();
    pane.replaceChildren();
    const labels = wanted(view);
    const boxes = labels.map(written);
    const sizes = boxes.map(function (box) { return [box.offsetWidth, box.offsetHeight]; });
    const taken = signs(view);
    const corner = map.containerPointToLayerPoint([0, 0]), size = map.getSize();
    /* A name that the edge of the map cuts off says nothing. */
    function inside(a) {
      return a[0] >= corner.x && a[1] >= corner.y && a[2] <= corner.x + size.x && a[3] <= corner.y + size.y;
    }
    labels.forEach(function (label, i) {
      const width = sizes[i][0], height = sizes[i][1], p = map.latLngToLayerPoint(label.at);
      const free = narrowZone(label, width, height) ? null : places(label, p, width, height).find(function (at) {
        const box = boxAt(at[0], at[1], width, height);
        return inside(box) && !overlaps(box, taken);
      });
      if (!free) { boxes[i].remove(); return; }
      taken.push(boxAt(free[0], free[1], width + 4, height + 2));
      /* Placed without a transform, as signs are: see sites.js. */
      boxes[i].style.left = Math.round(free[0] - width / 2) + "px";
      boxes[i].style.top = Math.round(free[1] - height / 2) + "px";
    });
  }

  function fill() {
    const on = walkcover.zonesFilled(map.getZoom());
    document.body.classList.toggle("choropleth", on);
    if (!state.zones) return;
    for (const zone of state.zones.filled) {
      const path = zone.layer.getElement();
      if (!path) continue;
      for (let i = 0; i < SHARE_CLASSES; i++) path.classList.toggle("share" + i, i === zone.class());
    }
  }

  /* Many layers come and go at once: one round of work for all of them. */
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(function () { waiting = false; fill(); place(); });
  }

  map.on("zoomstart", function () { pane.replaceChildren(); });
  map.on("moveend zoomend viewreset resize layeradd layerremove walkcover:state walkcover:language", soon);
  walkcover.placeLabels = function () { fill(); place(); };
  walkcover.placeLabels();
});
