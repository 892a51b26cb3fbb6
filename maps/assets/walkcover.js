"use strict";
/* Draws the packed layers of a walkcover map. Data come as text and are only ever set as text. */
const walkcover = (function () {
  const UNIT_ZOOM = 18;
  const CELL_BITS = 12;
  const TILE = 256;
  const PICK_PX = 9;
  /* A dot on the edge of a tile is painted into both; none is larger than this. */
  const EDGE_PX = 12;
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
  const GAP = 3;
  const DRAW_ORDER = [5, 0, 1, 2, 4, 3];
  /* From 1 up, the worst class highest; 0 is no dot. */
  const RANKS = CLASSES.map(function (one, which) { return 1 + DRAW_ORDER.indexOf(which); });
  /* Pixels as four bytes in the order of this machine, which is that of the picture. */
  const RANK_COLOURS = new Uint32Array(new Uint8Array([-1].concat(DRAW_ORDER).flatMap(function (which) {
    if (which < 0) return [0, 0, 0, 0];
    const colour = parseInt((which > GAP ? CLASSES[which].edge : CLASSES[which].fill).slice(1), 16);
    return [colour >> 16, (colour >> 8) & 255, colour & 255, 255];
  })).buffer);
  const STREETS = [
    { colour: "#c3c7cd", width: [0.9, 5.0] },
    { colour: "#d9dce0", width: [0.5, 3.2] },
    { colour: "#e2e4e6", width: [0.25, 1.6] },
  ];
  const data = JSON.parse(document.getElementById("walkcover-data").textContent);
  const words = {};
  const state = { after: false, residences: null, zones: null, labels: [], markers: [], override: null, language: data.language, ratio: 0 };
  const extensions = [];
  let phrases = null;

  /* A number in the data is a phrase in the language shown; a text is a name and stays. */
  function say(said) { return typeof said === "number" ? phrases[state.language][said] : said; }

  function speak(language) {
    state.language = language;
    for (const key in data.words) words[key] = say(data.words[key]);
  }

  /* Packed columns, wherever in the data they stand. */
  function packedIn(value, found) {
    if (value === null || typeof value !== "object") return found;
    if (typeof value.packed === "string" && typeof value.bytes === "number") found.push(value);
    else for (const key in value) packedIn(value[key], found);
    return found;
  }

  function inflate(column) {
    const text = atob(column.packed), short = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) short[i] = text.charCodeAt(i);
    function keep(bytes) {
      if (bytes.length !== column.bytes) throw new Error("walkcover: packed data are damaged");
      column.data = bytes;
      column.packed = null;
    }
    if (typeof DecompressionStream === "undefined") {
      /* Two bytes of zlib's head and four of its checksum frame what the library reads. */
      const bytes = new Uint8Array(column.bytes);
      keep(column.bytes ? tinyInflate(short.subarray(2, short.length - 4), bytes) : bytes);
      return null;
    }
    const stream = new Blob([short]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer().then(function (buffer) { keep(new Uint8Array(buffer)); });
  }

  /* Every packed column is inflated while the rest of the page is read. */
  const inflated = Promise.all(packedIn(data, []).map(inflate)).then(function () {
    phrases = { zh: unpackTexts(data.phrases.zh), en: unpackTexts(data.phrases.en) };
    speak(data.language);
  });

  /* Draw once the columns are inflated. */
  function start(draw) { return inflated.then(draw); }

  function unpack(column) {
    const bytes = column.data;
    if (!bytes) throw new Error("walkcover: data are unpacked only after walkcover.start");
    const out = new Int32Array(bytes.length);
    let n = 0, value = 0, shift = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
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

  function unpackJson(column) { return JSON.parse(new TextDecoder().decode(column.data)); }

  function unpackTexts(source) {
    if (source.texts) return unpackJson(source.texts);
    return Array.from(running(unpack(source.numbers)), function (n) { return source.prefix + n; });
  }

  /* A later state is packed as what it adds to the first. */
  function unpackStates(source) {
    const states = source.map(function (one) {
      return { classes: unpack(one.classes), walk: unpack(one.walk), site: unpack(one.site), verdict: unpack(one.verdict) };
    });
    states.slice(1).forEach(function (one) {
      for (const key in one) {
        const values = one[key], first = states[0][key];
        for (let i = 0; i < values.length; i++) values[i] += first[i];
      }
    });
    return states;
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

  function touches(box, coords) {
    const size = TILE * Math.pow(2, UNIT_ZOOM - coords.z), margin = size * EDGE_PX / TILE;
    return box[0] <= (coords.x + 1) * size + margin && box[2] >= coords.x * size - margin &&
      box[1] <= (coords.y + 1) * size + margin && box[3] >= coords.y * size - margin;
  }

  const CanvasLayer = L.GridLayer.extend({
    createTile: function (coords) {
      const ratio = state.ratio || window.devicePixelRatio || 1;
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
      /* A tile for paper is fresh: see print.js. */
      if (!state.ratio) context.clearRect(0, 0, TILE, TILE);
      this.paint(context, scale, coords.x * TILE, coords.y * TILE, coords.z, ratio);
    },
    /* Paint again, where given only the tiles that a box (west, north, east, south) touches. */
    repaint: function (box) {
      const side = TILE * (state.ratio || window.devicePixelRatio || 1);
      for (const key in this._tiles) {
        const tile = this._tiles[key].el, coords = this._tiles[key].coords;
        if (tile.width !== side) tile.width = tile.height = side;
        else if (box && !touches(box, coords)) continue;
        this.paintTile(tile, coords);
      }
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
    const names = unpackTexts(source.names);
    return Array.from(name, function (which, i) {
      const text = names[which];
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
      this.states = unpackStates(source.states);
      this.ids = unpackTexts(source.ids);
      this.names = source.names ? unpackTexts(source.names) : null;
      this.verdicts = unpack(source.verdicts);
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
    /* What-if shows classes of its own, which it counts in the page. */
    current: function () { return state.override || this.states[state.after ? this.states.length - 1 : 0]; },
    radius: function (zoom) { return Math.max(1.3, Math.min(7, 1.3 + (zoom - 11.5) * 0.75)); },
    /* Draw one dot with its middle at a place. */
    mark: function (context, which, x, y, zoom) {
      const r = this.radius(zoom);
      context.beginPath();
      /* A gap is a square on its corner: told from the rest without any colour. */
      if (which === GAP) {
        context.moveTo(x, y - r - 1);
        context.lineTo(x + r + 1, y);
        context.lineTo(x, y + r + 1);
        context.lineTo(x - r - 1, y);
        context.closePath();
      } else context.arc(x, y, r, 0, 2 * Math.PI);
      context.fillStyle = CLASSES[which].fill;
      context.fill();
      /* Where dots are dense an edge would hide their colour; hollow ones are nothing but edge. */
      if (zoom > 15 || which > GAP || (which === GAP && r > 2.5)) {
        context.lineWidth = r > 3 ? 1.2 : 0.8;
        context.strokeStyle = CLASSES[which].edge;
        context.stroke();
      }
    },
    sprite: function (which, zoom, ratio) {
      const key = which + "/" + zoom + "/" + ratio;
      if (this.sprites[key]) return this.sprites[key];
      const r = this.radius(zoom), size = Math.ceil(2 * r + 5);
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = size * ratio;
      const context = canvas.getContext("2d");
      context.scale(ratio, ratio);
      this.mark(context, which, size / 2, size / 2, zoom);
      return (this.sprites[key] = { canvas: canvas, size: size });
    },
    paint: function (context, scale, left, top, zoom, ratio) {
      const margin = 10 / scale, x = this.x, y = this.y, classes = this.current().classes;
      const x0 = left / scale - margin, y0 = top / scale - margin;
      const x1 = x0 + TILE / scale + 2 * margin, y1 = y0 + TILE / scale + 2 * margin;
      if (zoom < CIRCLE_ZOOM) {
        this.paintFar(context, scale, left, top, zoom, ratio, margin);
        return;
      }
      const found = CLASSES.map(function () { return []; });
      cellsIn(this.index, x0, y0, x1, y1, function (cell) {
        for (let i = cell[0]; i < cell[1]; i++) {
          if (x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) found[classes[i]].push(i);
        }
      });
      /* Where zones are filled by their share, dots of the same blues would only blur them. */
      const filled = zonesFilled(zoom);
      for (const which of DRAW_ORDER) {
        if (filled && which < GAP) continue;
        if (state.ratio) {
          /* Pictures inside a canvas would keep paper from its vectors. */
          for (const i of found[which]) this.mark(context, which, x[i] * scale - left, y[i] * scale - top, zoom);
          continue;
        }
        const sprite = this.sprite(which, zoom, ratio), half = sprite.size / 2;
        for (const i of found[which]) {
          context.drawImage(sprite.canvas, x[i] * scale - left - half, y[i] * scale - top - half, sprite.size, sprite.size);
        }
      }
    },
    /*
     * From far a dot is a few pixels: squares look the same, and written straight into the picture
     * they are painted ten times as fast. Each pixel keeps the worst class that covers it.
     */
    paintFar: function (context, scale, left, top, zoom, ratio, margin) {
      const x = this.x, y = this.y, classes = this.current().classes, filled = zonesFilled(zoom);
      const width = context.canvas.width, height = context.canvas.height;
      const side = Math.max(1, Math.round(2 * this.radius(zoom) * ratio));
      const ranks = new Uint8Array(width * height);
      const x0 = left / scale - margin, y0 = top / scale - margin, span = TILE / scale + 2 * margin;
      cellsIn(this.index, x0, y0, x0 + span, y0 + span, function (cell) {
        for (let i = cell[0]; i < cell[1]; i++) {
          const west = Math.round((x[i] * scale - left) * ratio - side / 2);
          const north = Math.round((y[i] * scale - top) * ratio - side / 2);
          if (west <= -side || north <= -side || west >= width || north >= height) continue;
          if (filled && classes[i] < GAP) continue;
          const rank = RANKS[classes[i]];
          const east = Math.min(west + side, width), south = Math.min(north + side, height);
          for (let row = Math.max(north, 0); row < south; row++) {
            for (let p = row * width + Math.max(west, 0); p < row * width + east; p++) {
              if (ranks[p] < rank) ranks[p] = rank;
            }
          }
        }
      });
      const pixels = new Uint32Array(ranks.length);
      for (let p = 0; p < ranks.length; p++) pixels[p] = RANK_COLOURS[ranks[p]];
      context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
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
    title: function (i) {
      const name = this.names ? this.names[i] : "";
      return name ? name + " (" + this.ids[i] + ")" : this.ids[i];
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
        rows.push([words.verdict + when, this.verdicts[one.verdict[i]]]);
        rows.push([words.walk + when, text + (site >= 0 ? " → " + source.sites[site] : "")]);
      }, this);
      return state.override ? rows.concat(state.override.rows(i)) : rows;
    },
  });

  /* A popup of labels and values, built as text nodes so that no name can become markup. */
  function card(title, rows) {
    const box = document.createElement("div");
    const head = document.createElement("strong");
    head.textContent = say(title);
    box.appendChild(head);
    const table = document.createElement("table");
    for (const row of rows) {
      const line = table.insertRow();
      line.insertCell().textContent = say(row[0]);
      line.insertCell().textContent = say(row[1]);
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
      openCard(map, layer.latlng(map, i), words.residence + " " + layer.title(i), layer.rows(i));
    });
    return layer;
  }

  function areas(key, map) {
    const source = data[key];
    return L.geoJSON(unpackJson(source.features), {
      pane: pane(map, source.style, source.level),
      style: function (feature) { return { className: source.style + " " + feature.properties.kind }; },
      onEachFeature: function (feature, layer) {
        const p = feature.properties;
        if (p.rows.length) {
          /* A bound popup would keep the click from the residence under it. */
          layer.on("click", function (event) {
            if (residenceAt(map, event.latlng) < 0) openCard(map, event.latlng, p.title, p.rows);
          });
        } else layer.bindTooltip(function () { return card(p.title, []); }, { sticky: true });
      },
    });
  }

  /* Whether zones are filled at a zoom: seen from far, and more than one of them. */
  function zonesFilled(zoom) {
    const zones = state.zones;
    return zones !== null && zones.many && zones.shown && zoom < data.choropleth_below;
  }

  function zones(key, map) {
    const source = data[key], group = L.featureGroup();
    const filled = [];
    const outline = L.geoJSON(source.features, {
      pane: pane(map, source.style, source.level),
      style: function (feature) { return { className: "zone " + feature.properties.kind, fill: feature.properties.kind === "labelled" }; },
      onEachFeature: function (feature, layer) {
        layer.bindTooltip(function () { return card(feature.properties.title, feature.properties.rows); }, { sticky: true });
      },
    }).addTo(group);
    outline.eachLayer(function (layer) {
      const p = layer.feature.properties;
      if (p.kind === "outline") return;
      function of(list) { return list[state.after ? list.length - 1 : 0]; }
      filled.push({ layer: layer, class: function () { return state.override ? state.override.zone(p.id).class : of(p.classes); } });
      state.labels.push({
        kind: "zone", at: L.latLng(p.at), bounds: layer.getBounds(), layer: group,
        text: function () { return say(p.title); }, strong: function () { return state.override ? state.override.zone(p.id).share : of(p.shares); },
      });
    });
    state.zones = { many: filled.length > 1, shown: false, filled: filled, source: source };
    group.on("add remove", function (event) {
      state.zones.shown = event.type === "add";
      if (state.residences) state.residences.repaint();
    });
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
      marker.bindPopup(function () { return card(site.title, site.rows); }, { maxWidth: 300 });
      state.markers.push({ site: site, marker: marker });
      if (site.name && site.kind !== "suggested") {
        state.labels.push({ kind: "site", at: marker.getLatLng(), text: function () { return site.name; }, layer: marker });
      }
      return marker;
    }));
  }

  function setAfter(map, after) {
    state.after = after;
    document.body.classList.toggle("after", after);
    if (state.residences) state.residences.repaint();
    map.fire("walkcover:state");
  }

  /* Have a function called with map and layer control once all layers are made. */
  function extend(start) { extensions.push(start); }

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
    extensions.forEach(function (begin) { begin(map, control); });
    map.whenReady(function () {
      window.walkcoverReady = true;
      document.documentElement.dataset.ready = "true";
    });
  }

  return {
    state: state, words: words, say: say, speak: speak, card: card, openCard: openCard, pane: pane, count: count,
    setAfter: setAfter, zonesFilled: zonesFilled, extend: extend,
    data: data, start: start, unpack: unpack, running: running, unpackTexts: unpackTexts, streets: streets, points: points, areas: areas, zones: zones, sites: sites, ready: ready };
})();
