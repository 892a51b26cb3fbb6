"use strict";
/* Draws the packed layers of a walkcover map. Data come as text and are only ever set as text. */
const walkcover = (function () {
  const UNIT_ZOOM = 19;
  const CELL_BITS = 13;
  const TILE = 256;
  const PICK_PX = 9;
  const MANY_SITES = 40;
  const CIRCLE_ZOOM = 14;
  const CLASSES = [
    { fill: "#08519c", edge: "#ffffff" },
    { fill: "#4292c6", edge: "#ffffff" },
    { fill: "#9ecae1", edge: "#6b9dbd" },
    { fill: "#e66101", edge: "#7f3300" },
    { fill: "#ffffff", edge: "#e66101" },
    { fill: "#ffffff", edge: "#8a8a8a" },
  ];
  // The worst class is drawn last, on top.
  const DRAW_ORDER = [5, 0, 1, 2, 4, 3];
  const STREETS = [
    { colour: "#c3c7cd", width: [0.9, 5.0] },
    { colour: "#d9dce0", width: [0.5, 3.2] },
    { colour: "#e2e4e6", width: [0.25, 1.6] },
  ];
  const data = JSON.parse(document.getElementById("walkcover-data").textContent);
  const words = data.words;
  const state = { after: false, residences: null };

  function unpack(text) {
    const bytes = atob(text);
    const out = new Int32Array(bytes.length);
    let n = 0, value = 0, shift = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes.charCodeAt(i);
      value |= (byte & 127) << shift;
      if (byte & 128) { shift += 7; continue; }
      out[n++] = (value >>> 1) ^ -(value & 1);
      value = 0;
      shift = 0;
    }
    return out.slice(0, n);
  }

  function running(steps) {
    for (let i = 1; i < steps.length; i++) steps[i] += steps[i - 1];
    return steps;
  }

  function count(n) { return Math.round(n).toLocaleString("en-US"); }

  function cellKey(x, y) { return x * 65536 + y; }

  /* The cells of an index that a box touches, by whichever walk is shorter. */
  function cellsIn(index, x0, y0, x1, y1, visit) {
    const cx0 = x0 >> CELL_BITS, cx1 = x1 >> CELL_BITS;
    const cy0 = y0 >> CELL_BITS, cy1 = y1 >> CELL_BITS;
    if ((cx1 - cx0 + 1) * (cy1 - cy0 + 1) > index.size) {
      index.forEach(function (cell, key) {
        const cx = Math.floor(key / 65536), cy = key % 65536;
        if (cx >= cx0 && cx <= cx1 && cy >= cy0 && cy <= cy1) visit(cell);
      });
      return;
    }
    for (let cx = cx0; cx <= cx1; cx++) {
      for (let cy = cy0; cy <= cy1; cy++) {
        const cell = index.get(cellKey(cx, cy));
        if (cell) visit(cell);
      }
    }
  }

  const CanvasLayer = L.GridLayer.extend({
    createTile: function (coords) {
      const ratio = window.devicePixelRatio || 1;
      const tile = document.createElement("canvas");
      tile.width = tile.height = TILE * ratio;
      this.paintTile(tile, coords);
      return tile;
    },
    paintTile: function (tile, coords) {
      const ratio = tile.width / TILE;
      const context = tile.getContext("2d");
      const scale = Math.pow(2, coords.z - UNIT_ZOOM);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, TILE, TILE);
      this.paint(context, scale, coords.x * TILE, coords.y * TILE, coords.z, ratio);
    },
    repaint: function () {
      for (const key in this._tiles) this.paintTile(this._tiles[key].el, this._tiles[key].coords);
    },
  });

  const StreetLayer = CanvasLayer.extend({
    initialize: function (source, options) {
      L.setOptions(this, options);
      this.kinds = source.kinds.map(readLines);
      this.names = readNames(source);
    },
    paint: function (context, scale, left, top, zoom) {
      const t = Math.max(0, Math.min(1, (zoom - 11) / 7));
      context.lineCap = context.lineJoin = "round";
      for (let kind = this.kinds.length - 1; kind >= 0; kind--) {
        if (kind === 2 && zoom < 13) continue;
        const style = STREETS[kind];
        context.strokeStyle = style.colour;
        context.lineWidth = style.width[0] + (style.width[1] - style.width[0]) * t * t;
        context.beginPath();
        traceLines(context, this.kinds[kind], scale, left, top);
        context.stroke();
      }
      if (zoom >= 14) this.paintNames(context, scale, left, top, zoom);
    },
    paintNames: function (context, scale, left, top, zoom) {
      context.font = "11px 'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',system-ui,sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineWidth = 3;
      context.strokeStyle = "rgba(250,250,247,0.9)";
      context.fillStyle = "#6a6f76";
      for (const label of this.chosenNames(zoom)) {
        const x = label.x * scale - left, y = label.y * scale - top;
        if (x < -120 || y < -120 || x > TILE + 120 || y > TILE + 120) continue;
        context.save();
        context.translate(x, y);
        context.rotate(label.angle);
        context.strokeText(label.text, 0, 0);
        context.fillText(label.text, 0, 0);
        context.restore();
      }
    },
    /* Names that fit their street at this zoom, no two near each other; the same for every tile. */
    chosenNames: function (zoom) {
      this.cache = this.cache || {};
      if (this.cache[zoom]) return this.cache[zoom];
      const scale = Math.pow(2, zoom - UNIT_ZOOM), taken = new Set(), chosen = [];
      for (const label of this.names) {
        const width = label.width;
        if (label.length * scale < width * 1.1) continue;
        const x = Math.floor(label.x * scale / 90), y = Math.floor(label.y * scale / 40);
        const same = label.text + Math.floor(x / 6) + "/" + Math.floor(y / 12);
        let free = !taken.has(same);
        for (let i = -1; i <= 1 && free; i++) {
          for (let j = -1; j <= 1 && free; j++) free = !taken.has(cellKey(x + i, y + j));
        }
        if (!free) continue;
        taken.add(same);
        taken.add(cellKey(x, y));
        chosen.push(label);
      }
      return (this.cache[zoom] = chosen);
    },
  });

  function readLines(source) {
    const lengths = unpack(source.lengths);
    const x = running(unpack(source.x)), y = running(unpack(source.y));
    const starts = new Int32Array(lengths.length + 1);
    const index = new Map();
    for (let line = 0; line < lengths.length; line++) {
      const from = starts[line], to = from + lengths[line];
      starts[line + 1] = to;
      let x0 = x[from], x1 = x0, y0 = y[from], y1 = y0;
      for (let i = from + 1; i < to; i++) {
        x0 = Math.min(x0, x[i]); x1 = Math.max(x1, x[i]);
        y0 = Math.min(y0, y[i]); y1 = Math.max(y1, y[i]);
      }
      for (let cx = x0 >> CELL_BITS; cx <= x1 >> CELL_BITS; cx++) {
        for (let cy = y0 >> CELL_BITS; cy <= y1 >> CELL_BITS; cy++) {
          const key = cellKey(cx, cy);
          if (index.has(key)) index.get(key).push(line); else index.set(key, [line]);
        }
      }
    }
    return { x: x, y: y, starts: starts, index: index, seen: new Int32Array(lengths.length), round: 0 };
  }

  function readNames(source) {
    const x = running(unpack(source.label_x)), y = running(unpack(source.label_y));
    const dx = unpack(source.label_dx), dy = unpack(source.label_dy), name = unpack(source.label_name);
    return Array.from(name, function (which, i) {
      const text = source.names[which];
      let angle = Math.atan2(dy[i], dx[i]);
      if (angle > Math.PI / 2) angle -= Math.PI;
      if (angle <= -Math.PI / 2) angle += Math.PI;
      let width = 0;
      for (const letter of text) width += letter.charCodeAt(0) > 0x2e80 ? 11 : 6;
      return { text: text, x: x[i], y: y[i], angle: angle, length: Math.hypot(dx[i], dy[i]), width: width };
    });
  }

  function traceLines(context, lines, scale, left, top) {
    const margin = 8 / scale, x = lines.x, y = lines.y;
    const round = ++lines.round;
    const x0 = left / scale - margin, y0 = top / scale - margin;
    cellsIn(lines.index, x0, y0, x0 + TILE / scale + 2 * margin, y0 + TILE / scale + 2 * margin,
      function (cell) {
        for (const line of cell) {
          if (lines.seen[line] === round) continue;
          lines.seen[line] = round;
          const from = lines.starts[line], to = lines.starts[line + 1];
          context.moveTo(x[from] * scale - left, y[from] * scale - top);
          for (let i = from + 1; i < to; i++) context.lineTo(x[i] * scale - left, y[i] * scale - top);
        }
      });
  }

  const PointLayer = CanvasLayer.extend({
    initialize: function (source, options) {
      L.setOptions(this, options);
      this.source = source;
      this.x = running(unpack(source.x));
      this.y = running(unpack(source.y));
      this.states = source.states.map(function (one) {
        return { classes: unpack(one.classes), walk: unpack(one.walk), site: unpack(one.site), verdict: unpack(one.verdict) };
      });
      this.people = unpack(source.people);
      this.zone = unpack(source.zone);
      this.index = new Map();
      for (let i = 0; i < this.x.length; i++) {
        const key = cellKey(this.x[i] >> CELL_BITS, this.y[i] >> CELL_BITS);
        const cell = this.index.get(key);
        if (cell) cell[1] = i + 1; else this.index.set(key, [i, i + 1]);
      }
      this.sprites = {};
    },
    current: function () { return this.states[state.after ? this.states.length - 1 : 0]; },
    radius: function (zoom) { return Math.max(1.3, Math.min(7, 1.3 + (zoom - 11.5) * 0.75)); },
    sprite: function (which, zoom, ratio) {
      const key = which + "/" + zoom + "/" + ratio;
      if (this.sprites[key]) return this.sprites[key];
      const r = this.radius(zoom), size = Math.ceil(2 * r + 3);
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = size * ratio;
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      context.beginPath();
      context.arc(size / 2, size / 2, r, 0, 2 * Math.PI);
      context.fillStyle = CLASSES[which].fill;
      context.fill();
      /* Where dots are dense an edge would hide their colour; hollow ones are nothing but edge. */
      if (zoom > 15 || which > 3) {
        context.lineWidth = r > 3 ? 1.2 : 0.8;
        context.strokeStyle = CLASSES[which].edge;
        context.stroke();
      }
      return (this.sprites[key] = { canvas: canvas, size: size });
    },
    paint: function (context, scale, left, top, zoom, ratio) {
      const margin = 10 / scale, x = this.x, y = this.y, classes = this.current().classes;
      const x0 = left / scale - margin, y0 = top / scale - margin;
      const x1 = x0 + TILE / scale + 2 * margin, y1 = y0 + TILE / scale + 2 * margin;
      const found = CLASSES.map(function () { return []; });
      cellsIn(this.index, x0, y0, x1, y1, function (cell) {
        for (let i = cell[0]; i < cell[1]; i++) {
          if (x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) found[classes[i]].push(i);
        }
      });
      for (const which of DRAW_ORDER) {
        if (zoom < CIRCLE_ZOOM) {
          /* From far a dot is a few pixels: squares look the same and are drawn much faster. */
          const side = 2 * this.radius(zoom);
          context.fillStyle = which > 3 ? CLASSES[which].edge : CLASSES[which].fill;
          for (const i of found[which]) {
            context.fillRect(x[i] * scale - left - side / 2, y[i] * scale - top - side / 2, side, side);
          }
          continue;
        }
        const sprite = this.sprite(which, zoom, ratio), half = sprite.size / 2;
        for (const i of found[which]) {
          context.drawImage(sprite.canvas, x[i] * scale - left - half, y[i] * scale - top - half, sprite.size, sprite.size);
        }
      }
    },
    nearest: function (map, latlng) {
      const at = map.project(latlng, UNIT_ZOOM);
      const reach = Math.max(PICK_PX, this.radius(map.getZoom()) + 3) * Math.pow(2, UNIT_ZOOM - map.getZoom());
      const x = this.x, y = this.y;
      let best = -1, least = reach * reach;
      cellsIn(this.index, at.x - reach, at.y - reach, at.x + reach, at.y + reach, function (cell) {
        for (let i = cell[0]; i < cell[1]; i++) {
          const d = (x[i] - at.x) * (x[i] - at.x) + (y[i] - at.y) * (y[i] - at.y);
          if (d < least) { least = d; best = i; }
        }
      });
      return best;
    },
    latlng: function (map, i) { return map.unproject(L.point(this.x[i], this.y[i]), UNIT_ZOOM); },
    rows: function (i) {
      const source = this.source, zone = this.zone[i];
      const rows = [[words.people, count(this.people[i])]];
      if (zone >= 0) rows.push([words.zone, source.zones[zone]]);
      this.states.forEach(function (one, which) {
        const walk = one.walk[i], site = one.site[i];
        const text = walk < 0 ? words.no_path : (walk / 60).toFixed(1) + " " + words.unit_min;
        const when = this.states.length > 1 ? " (" + (which ? words.after : words.before) + ")" : "";
        rows.push([words.verdict + when, source.verdicts[one.verdict[i]]]);
        rows.push([words.walk + when, text + (site >= 0 ? " → " + source.sites[site] : "")]);
      }, this);
      return rows;
    },
  });

  /* A popup of labels and values, built as text nodes so that no name can become markup. */
  function card(title, rows) {
    const box = document.createElement("div");
    const head = document.createElement("strong");
    head.textContent = title;
    box.appendChild(head);
    const table = document.createElement("table");
    for (const row of rows) {
      const line = table.insertRow();
      line.insertCell().textContent = row[0];
      line.insertCell().textContent = row[1];
    }
    box.appendChild(table);
    return box;
  }

  /* The residence under a click, or -1. */
  function residenceAt(map, latlng) {
    const layer = state.residences;
    return layer && map.hasLayer(layer) ? layer.nearest(map, latlng) : -1;
  }

  function openCard(map, latlng, title, rows) {
    L.popup({ maxWidth: 300 }).setLatLng(latlng).setContent(card(title, rows)).openOn(map);
  }

  function pane(map, name, level) {
    if (!map.getPane(name)) map.createPane(name).style.zIndex = level;
    return name;
  }

  function streets(key, map) {
    return new StreetLayer(data[key], { pane: pane(map, "streets", 210), maxZoom: 19 });
  }

  function points(key, map) {
    const layer = new PointLayer(data[key], { pane: pane(map, "residences", 430), maxZoom: 19 });
    map.getPane("residences").style.pointerEvents = "none";
    state.residences = layer;
    map.on("click", function (event) {
      const i = residenceAt(map, event.latlng);
      if (i < 0) return;
      openCard(map, layer.latlng(map, i), words.residence + " " + layer.source.ids[i], layer.rows(i));
    });
    return layer;
  }

  function areas(key, map) {
    const source = data[key];
    return L.geoJSON(source.features, {
      pane: pane(map, source.style, source.level),
      style: function (feature) { return { className: source.style + " " + feature.properties.kind }; },
      onEachFeature: function (feature, layer) {
        const p = feature.properties;
        if (p.rows.length) {
          /* A bound popup would keep the click from the residence under it. */
          layer.on("click", function (event) {
            if (residenceAt(map, event.latlng) < 0) openCard(map, event.latlng, p.title, p.rows);
          });
        } else layer.bindTooltip(card(p.title, []), { sticky: true });
      },
    });
  }

  function zones(key, map) {
    const source = data[key], group = L.featureGroup(), labels = [];
    const outline = L.geoJSON(source.features, {
      pane: pane(map, source.style, source.level),
      style: function (feature) { return { className: "zone " + feature.properties.kind, fill: false }; },
      onEachFeature: function (feature, layer) {
        layer.bindTooltip(card(feature.properties.title, feature.properties.rows), { sticky: true });
      },
    }).addTo(group);
    outline.eachLayer(function (layer) {
      const p = layer.feature.properties;
      if (p.kind === "outline") return;
      const text = document.createElement("span");
      text.textContent = p.title + " ";
      const share = document.createElement("b");
      text.appendChild(share);
      const icon = L.divIcon({ className: "zone-label", html: text, iconSize: [0, 0] });
      const label = L.marker(p.at, { icon: icon, interactive: false, keyboard: false, pane: pane(map, "zone-labels", 440) });
      labels.push({ marker: label, share: share, shares: p.shares, bounds: layer.getBounds(), width: p.title.length * 13 + 20 });
    });
    function show() {
      for (const label of labels) {
        label.share.textContent = label.shares[state.after ? label.shares.length - 1 : 0];
        const a = map.latLngToLayerPoint(label.bounds.getNorthWest());
        const b = map.latLngToLayerPoint(label.bounds.getSouthEast());
        if (b.x - a.x > label.width && b.y - a.y > 40) group.addLayer(label.marker); else group.removeLayer(label.marker);
      }
    }
    map.on("zoomend viewreset walkcover:state", show);
    map.whenReady(show);
    return group;
  }

  function sites(key, map) {
    const source = data[key];
    return L.featureGroup(source.map(function (site) {
      const sign = document.createElement("span");
      sign.textContent = site.label;
      const size = site.label ? 20 : 14;
      const icon = L.divIcon({ className: "site " + site.kind, html: sign, iconSize: [size, size] });
      const marker = L.marker([site.lat, site.lon], { icon: icon, alt: site.title, riseOnHover: true, zIndexOffset: site.label ? 1000 - site.order : 0 });
      marker.bindPopup(card(site.title, site.rows), { maxWidth: 300 });
      return marker;
    }));
  }

  function setAfter(map, after) {
    state.after = after;
    document.body.classList.toggle("after", after);
    if (state.residences) state.residences.repaint();
    map.fire("walkcover:state");
  }

  function ready(map, control) {
    /* Many numbered signs would hide the town: seen from far they shrink to dots. */
    const many = document.querySelectorAll(".site").length > MANY_SITES;
    function far() { map.getContainer().classList.toggle("far", many && map.getZoom() < 14); }
    map.on("zoomend", far);
    far();
    map.attributionControl.setPrefix("Leaflet");
    map.attributionControl.addAttribution(data.credit);
    L.control.scale({ imperial: false, maxWidth: map.getSize().x < 700 ? 70 : 140 }).addTo(map);
    if (map.getSize().x < 700) control.collapse();
    document.querySelectorAll("input[name=when]").forEach(function (input) {
      input.addEventListener("change", function () { setAfter(map, input.value === "after"); });
    });
    window.addEventListener("resize", function () { map.invalidateSize(); });
    window.walkcoverMap = map;
    map.whenReady(function () {
      window.walkcoverReady = true;
      document.documentElement.dataset.ready = "true";
    });
  }

  return { streets: streets, points: points, areas: areas, zones: zones, sites: sites, ready: ready };
})();
