"use strict";
/* Draws the sites as signs, told apart by shape. */
walkcover.sites = (function () {
  const state = walkcover.state;
  const MANY_SITES = 40;
  const FAR_BELOW = 14;
  const CROWDED_PX = 14;

  /*
   * Placed without a transform: the browser makes a layer of its own for each thing that has one,
   * and hundreds of layers take longer to put together than a frame lasts.
   */
  const Sign = walkcover.Sign = L.Marker.extend({
    _setPos: function (at) {
      L.Marker.prototype._setPos.call(this, at);
      const style = this._icon.style;
      style.transform = "";
      style.left = at.x + "px";
      style.top = at.y + "px";
    },
  });

  /* Pixels from sign to sign if they were spread evenly. */
  function spacing(map) {
    const box = L.latLngBounds(state.markers.map(function (one) { return one.marker.getLatLng(); }));
    const size = map.project(box.getSouthEast()).subtract(map.project(box.getNorthWest()));
    return Math.sqrt(size.x * size.y / state.markers.length);
  }

  /* Many numbered signs would hide the town: seen from far they shrink to dots, and to specks. */
  walkcover.extend(function (map) {
    const many = state.markers.length > MANY_SITES;
    function far() {
      const classes = map.getContainer().classList, isFar = many && map.getZoom() < FAR_BELOW;
      classes.toggle("far", isFar);
      classes.toggle("crowded", isFar && spacing(map) < CROWDED_PX);
    }
    map.on("zoomend", far);
    far();
  });

  return function (key) {
    return L.featureGroup(walkcover.unpackJson(walkcover.data[key]).map(function (site) {
      const text = document.createElement("span");
      text.textContent = site.label;
      const size = site.label ? 20 : 14;
      const icon = L.divIcon({ className: "site " + site.kind, html: text, iconSize: [size, size] });
      const marker = new Sign([site.lat, site.lon], {
        icon: icon, alt: site.title, riseOnHover: true, zIndexOffset: site.label ? 1000 - site.order : 0,
      });
      marker.bindPopup(function () { return walkcover.card(site.title, site.rows); }, { maxWidth: 300 });
      state.markers.push({ site: site, marker: marker });
      if (site.name && site.kind !== "suggested") {
        state.labels.push({ kind: "site", at: marker.getLatLng(), text: function () { return site.name; }, layer: marker });
      }
      return marker;
    }));
  };
})();
