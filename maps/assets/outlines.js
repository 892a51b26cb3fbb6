"use strict";
/* Draws what has an outline: zones, gap areas and walking bands. */
(function () {
  const state = walkcover.state;

  /* Rings come as one run of positions; a feature has polygons, a polygon an outline and holes. */
  function readFeatures(source) {
    const polygons = walkcover.unpack(source.polygons), rings = walkcover.unpack(source.rings);
    const lengths = walkcover.unpack(source.lengths);
    const x = walkcover.running(walkcover.unpack(source.x)), y = walkcover.running(walkcover.unpack(source.y));
    let polygon = 0, ring = 0, at = 0;
    function place() {
      const latlng = walkcover.placeOf(x[at], y[at++]);
      return [latlng[1], latlng[0]];
    }
    function times(n, make) {
      const made = [];
      for (let i = 0; i < n; i++) made.push(make());
      return made;
    }
    function readRing() { return times(lengths[ring++], place); }
    function readPolygon() { return times(rings[polygon++], readRing); }
    return walkcover.unpackJson(source.properties).map(function (properties, i) {
      return { type: "Feature", properties: properties, geometry: { type: "MultiPolygon", coordinates: times(polygons[i], readPolygon) } };
    });
  }

  walkcover.areas = function (key, map) {
    const source = walkcover.data[key];
    return L.geoJSON(readFeatures(source), {
      pane: walkcover.pane(map, source.style, source.level),
      style: function (feature) { return { className: source.style + " " + feature.properties.kind }; },
      onEachFeature: function (feature, layer) {
        const p = feature.properties;
        if (p.rows.length) {
          /* A bound popup would keep the click from the residence under it. */
          layer.on("click", function (event) {
            if (walkcover.residenceAt(map, event.latlng) < 0) walkcover.openCard(map, event.latlng, p.title, p.rows);
          });
        } else layer.bindTooltip(function () { return walkcover.card(p.title, []); }, { sticky: true });
      },
    });
  };

  /* Whether zones are filled at a zoom: seen from far, and more than one of them. */
  walkcover.zonesFilled = function (zoom) {
    const zones = state.zones;
    return zones !== null && zones.many && zones.shown && zoom < walkcover.data.choropleth_below;
  };

  walkcover.zones = function (key, map) {
    const source = walkcover.data[key], features = readFeatures(source), group = L.featureGroup();
    const filled = [];
    const outline = L.geoJSON(features, {
      pane: walkcover.pane(map, source.style, source.level),
      style: function (feature) { return { className: "zone " + feature.properties.kind, fill: feature.properties.kind === "labelled" }; },
      onEachFeature: function (feature, layer) {
        layer.bindTooltip(function () { return walkcover.card(feature.properties.title, feature.properties.rows); }, { sticky: true });
      },
    }).addTo(group);
    outline.eachLayer(function (layer) {
      const p = layer.feature.properties;
      if (p.kind === "outline") return;
      function of(list) { return list[state.after ? list.length - 1 : 0]; }
      filled.push({ layer: layer, class: function () { return state.override ? state.override.zone(p.id).class : of(p.classes); } });
      state.labels.push({
        kind: "zone", at: L.latLng(p.at), bounds: layer.getBounds(), layer: group,
        text: function () { return walkcover.say(p.title); },
        strong: function () { return state.override ? state.override.zone(p.id).share : of(p.shares); },
      });
    });
    state.zones = { many: filled.length > 1, shown: false, filled: filled, features: features };
    group.on("add remove", function (event) {
      state.zones.shown = event.type === "add";
      if (state.residences) state.residences.repaint();
    });
    return group;
  };
})();
