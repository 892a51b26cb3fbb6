"use strict";
/*
 * The core of a walkcover map: unpacks its data, paints canvas tiles, and starts what the other
 * scripts add. Data come as text and are only ever set as text.
 */
const walkcover = (function () {
  const UNIT_ZOOM = 18;
  const CELL_BITS = 12;
  /* Side of the world at zoom 0. */
  const WORLD = 256;
  /* Each canvas is a layer of the browser's, which costs it time in every frame: few large ones. */
  const TILE = 512;
  const KEYS = 65536;
  /* A dot on the edge of a tile is painted into both; none is larger than this. */
  const EDGE_PX = 12;
  /* Room around all places for what is drawn at one of them: 12 pixels at zoom 11. */
  const ROOM_UNITS = 1536;
  /* While the map moves, painting takes no more than this of a frame. */
  const SLICE_MS = 6;
  const data = JSON.parse(document.getElementById("walkcover-data").textContent);
  const words = {};
  const state = {
    after: false, residences: null, zones: null, labels: [], markers: [], override: null,
    language: data.language, ratio: 0, moving: false,
  };
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

  function count(n) { return Math.round(n).toLocaleString("en-US"); }

  function cellKey(x, y) { return x * KEYS + y; }

  /* The cells of an index that a box touches, by whichever walk is shorter. */
  function cellsIn(index, x0, y0, x1, y1, visit) {
    const cx0 = x0 >> CELL_BITS, cx1 = x1 >> CELL_BITS;
    const cy0 = y0 >> CELL_BITS, cy1 = y1 >> CELL_BITS;
    if ((cx1 - cx0 + 1) * (cy1 - cy0 + 1) > index.size) {
      index.forEach(function (cell, key) {
        const cx = Math.floor(key / KEYS), cy = key % KEYS;
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

  /* Painting that can wait: tiles beside the view, and all tiles while the map moves. */
  const jobs = [];

  function paintLater(job) {
    jobs.push(job);
    if (jobs.length === 1) requestAnimationFrame(paintSome);
  }

  function paintSome() {
    const end = performance.now() + SLICE_MS;
    while (jobs.length && performance.now() < end) {
      const seen = jobs.findIndex(function (job) { return job.layer.sees(job.coords); });
      jobs.splice(Math.max(seen, 0), 1)[0].paint();
    }
    if (jobs.length) requestAnimationFrame(paintSome);
  }

  /* What is in view when the map stands still again is painted at once. */
  function paintSeen() {
    const seen = jobs.filter(function (job) { return job.layer.sees(job.coords); });
    for (const job of seen) {
      jobs.splice(jobs.indexOf(job), 1);
      job.paint();
    }
  }

  /* Degrees of a place in units. */
  function placeOf(x, y) {
    const world = WORLD * Math.pow(2, UNIT_ZOOM);
    const lat = Math.atan(Math.sinh(Math.PI * (1 - 2 * y / world))) * 180 / Math.PI;
    return [lat, x / world * 360 - 180];
  }

  const CanvasLayer = L.GridLayer.extend({
    options: { tileSize: TILE, maxZoom: 19 },
    createTile: function (coords, done) {
      const tile = document.createElement("canvas"), layer = this;
      tile.width = tile.height = this.side();
      const atOnce = state.ratio || (!state.moving && this.sees(coords));
      if (atOnce) {
        this.paintTile(tile, coords);
        requestAnimationFrame(function () { done(null, tile); });
      } else {
        paintLater({ layer: layer, coords: coords, paint: function () {
          /* It may have left the map before its turn came. */
          if (!layer._map || !tile.parentNode) return;
          layer.paintTile(tile, coords);
          done(null, tile);
        } });
      }
      return tile;
    },
    /* No tiles where there is nothing to draw. */
    keepTo: function (columns) {
      let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
      for (const one of columns) {
        for (let i = 0; i < one.x.length; i++) {
          west = Math.min(west, one.x[i]); east = Math.max(east, one.x[i]);
          north = Math.min(north, one.y[i]); south = Math.max(south, one.y[i]);
        }
      }
      if (west > east) { west = east = north = south = 0; }
      this.options.bounds = L.latLngBounds(
        placeOf(west - ROOM_UNITS, south + ROOM_UNITS), placeOf(east + ROOM_UNITS, north - ROOM_UNITS));
    },
    side: function () { return TILE * (state.ratio || window.devicePixelRatio || 1); },
    /* Whether a tile lies in the view. */
    sees: function (coords) {
      if (!this._map || coords.z !== this._tileZoom) return false;
      const at = this._map.project(this._map.getCenter(), coords.z), size = this._map.getSize();
      return Math.abs((coords.x + 0.5) * TILE - at.x) < (size.x + TILE) / 2 &&
        Math.abs((coords.y + 0.5) * TILE - at.y) < (size.y + TILE) / 2;
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
    /*
     * Paint again, where places are named (positions in the layer's x and y) only the tiles that
     * show one of them. Several calls in one go are one painting.
     */
    repaint: function (places) {
      if (!this._map) return;
      if (this.stale === undefined) queueMicrotask(this.paintStale.bind(this));
      this.stale = places && this.stale !== null ? (this.stale || []).concat(this.tilesOf(places)) : null;
    },
    /* Keys of the tiles that show one of some places. */
    tilesOf: function (places) {
      const scale = Math.pow(2, this._tileZoom - UNIT_ZOOM) / TILE, edge = EDGE_PX / TILE, keys = new Set();
      for (const i of places) {
        const x = this.x[i] * scale, y = this.y[i] * scale;
        for (let tx = Math.floor(x - edge); tx <= x + edge; tx++) {
          for (let ty = Math.floor(y - edge); ty <= y + edge; ty++) keys.add(tx + ":" + ty + ":" + this._tileZoom);
        }
      }
      return Array.from(keys);
    },
    paintStale: function () {
      const keys = this.stale && new Set(this.stale), side = this.side(), layer = this;
      this.stale = undefined;
      if (!this._map) return;
      for (const key in this._tiles) {
        const tile = this._tiles[key].el, coords = this._tiles[key].coords;
        const grown = tile.width !== side;
        if (!grown && keys && coords.z === this._tileZoom && !keys.has(key)) continue;
        if (grown) tile.width = tile.height = side;
        if (this.sees(coords)) this.paintTile(tile, coords);
        else {
          paintLater({ layer: layer, coords: coords, paint: function () {
            if (layer._map && tile.parentNode) layer.paintTile(tile, coords);
          } });
        }
      }
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

  function openCard(map, latlng, title, rows) {
    L.popup({ maxWidth: 300 }).setLatLng(latlng).setContent(card(title, rows)).openOn(map);
  }

  function pane(map, name, level) {
    if (!map.getPane(name)) map.createPane(name).style.zIndex = level;
    return name;
  }

  function setAfter(map, after) {
    state.after = after;
    document.body.classList.toggle("after", after);
    if (state.residences) state.residences.repaint();
    map.fire("walkcover:state");
  }

  /* Have a function called with map and layer control once all layers are made. */
  function extend(begin) { extensions.push(begin); }

  function ready(map, control) {
    map.on("movestart", function () { state.moving = true; });
    map.on("moveend", function () {
      state.moving = false;
      queueMicrotask(paintSeen);
    });
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
    data: data, state: state, words: words, say: say, speak: speak, start: start, extend: extend, ready: ready,
    unpack: unpack, running: running, unpackJson: unpackJson, unpackTexts: unpackTexts, count: count,
    UNIT_ZOOM: UNIT_ZOOM, CELL_BITS: CELL_BITS, TILE: TILE, cellKey: cellKey, cellsIn: cellsIn,
    CanvasLayer: CanvasLayer, placeOf: placeOf, card: card, openCard: openCard, pane: pane, setAfter: setAfter,
  };
})();
