"use strict";
/* Draws the residences as dots on canvas tiles, the worst class on top, and finds them again. */
walkcover.points = (function () {
  const UNIT_ZOOM = walkcover.UNIT_ZOOM, CELL_BITS = walkcover.CELL_BITS, TILE = walkcover.TILE;
  const state = walkcover.state, words = walkcover.words;
  const unpack = walkcover.unpack, running = walkcover.running, cellsIn = walkcover.cellsIn;
  const PICK_PX = 9;
  const CIRCLE_ZOOM = 14;
  const VERY_MANY = 300000, WIDE_ZOOM = 10;
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
  /* One tile's ranks and picture, used again for every tile of that size. */
  let scratch = { width: 0 };

  function scratchOf(width) {
    if (scratch.width !== width) {
      const picture = new ImageData(width, width);
      scratch = { width: width, ranks: new Uint8Array(width * width), picture: picture, pixels: new Uint32Array(picture.data.buffer) };
    }
    scratch.ranks.fill(0);
    return scratch;
  }

  /* Walks come as differences; a later state is packed as what it adds to the first. */
  function unpackStates(source) {
    const states = source.map(function (one) {
      return { classes: unpack(one.classes), walk: unpack(one.walk), site: unpack(one.site), verdict: unpack(one.verdict) };
    });
    running(states[0].walk);
    states.slice(1).forEach(function (one) {
      for (const key in one) {
        const values = one[key], first = states[0][key];
        for (let i = 0; i < values.length; i++) values[i] += first[i];
      }
    });
    return states;
  }

  const PointLayer = walkcover.CanvasLayer.extend({
    initialize: function (source, options) {
      L.setOptions(this, options);
      this.source = source;
      this.x = running(unpack(source.x));
      this.y = running(unpack(source.y));
      this.states = unpackStates(source.states);
      this.ids = walkcover.unpackTexts(source.ids);
      this.names = source.names ? walkcover.unpackTexts(source.names) : null;
      this.verdicts = unpack(source.verdicts);
      this.people = unpack(source.people);
      this.zone = unpack(source.zone);
      this.index = new Map();
      for (let i = 0; i < this.x.length; i++) {
        const key = walkcover.cellKey(this.x[i] >> CELL_BITS, this.y[i] >> CELL_BITS);
        const cell = this.index.get(key);
        if (cell) cell[1] = i + 1; else this.index.set(key, [i, i + 1]);
      }
      this.sprites = {};
      this.keepTo([this]);
    },
    /* Classes that the page counts itself, or those of the result. */
    current: function () { return state.override || this.states[state.after ? this.states.length - 1 : 0]; },
    /* Where there are very many, three pixels each would paint a whole province as one. */
    radius: function (zoom) {
      const least = this.x.length > VERY_MANY && zoom < WIDE_ZOOM ? 0.5 : 1.3;
      return Math.max(least, Math.min(7, 1.3 + (zoom - 11.5) * 0.75));
    },
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
      const filled = walkcover.zonesFilled(zoom);
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
      const x = this.x, y = this.y, classes = this.current().classes, filled = walkcover.zonesFilled(zoom);
      const width = context.canvas.width, side = Math.max(1, Math.round(2 * this.radius(zoom) * ratio));
      const one = scratchOf(width), ranks = one.ranks;
      const x0 = left / scale - margin, y0 = top / scale - margin, span = TILE / scale + 2 * margin;
      cellsIn(this.index, x0, y0, x0 + span, y0 + span, function (cell) {
        for (let i = cell[0]; i < cell[1]; i++) {
          const west = Math.round((x[i] * scale - left) * ratio - side / 2);
          const north = Math.round((y[i] * scale - top) * ratio - side / 2);
          if (west <= -side || north <= -side || west >= width || north >= width) continue;
          if (filled && classes[i] < GAP) continue;
          const rank = RANKS[classes[i]];
          const east = Math.min(west + side, width), south = Math.min(north + side, width);
          for (let row = Math.max(north, 0); row < south; row++) {
            for (let p = row * width + Math.max(west, 0); p < row * width + east; p++) {
              if (ranks[p] < rank) ranks[p] = rank;
            }
          }
        }
      });
      for (let p = 0; p < ranks.length; p++) one.pixels[p] = RANK_COLOURS[ranks[p]];
      context.putImageData(one.picture, 0, 0);
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
      const rows = [[words.people, walkcover.count(this.people[i])]];
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

  /* The residence under a click, or -1. */
  walkcover.residenceAt = function (map, latlng) {
    const layer = state.residences;
    return layer && map.hasLayer(layer) ? layer.nearest(map, latlng) : -1;
  };

  return function (key, map) {
    const layer = new PointLayer(walkcover.data[key], { pane: walkcover.pane(map, "residences", 430) });
    map.getPane("residences").style.pointerEvents = "none";
    state.residences = layer;
    map.on("click", function (event) {
      const i = walkcover.residenceAt(map, event.latlng);
      if (i < 0) return;
      walkcover.openCard(map, layer.latlng(map, i), words.residence + " " + layer.title(i), layer.rows(i));
    });
    return layer;
  };
})();
