"use strict";
/* Draws the streets on canvas tiles, in three kinds, with names where they fit. */
walkcover.streets = (function () {
  const UNIT_ZOOM = walkcover.UNIT_ZOOM, CELL_BITS = walkcover.CELL_BITS, TILE = walkcover.TILE;
  const unpack = walkcover.unpack, running = walkcover.running, cellKey = walkcover.cellKey;
  /* Widths in pixels at zoom 11 and at zoom 18. */
  const STREETS = [
    { colour: "#c3c7cd", width: [0.9, 5.0] },
    { colour: "#d9dce0", width: [0.5, 3.2] },
    { colour: "#e2e4e6", width: [0.25, 1.6] },
  ];

  const StreetLayer = walkcover.CanvasLayer.extend({
    initialize: function (source, options) {
      L.setOptions(this, options);
      this.kinds = source.kinds.map(readLines);
      this.names = readNames(source);
      this.keepTo(this.kinds);
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
    const names = walkcover.unpackTexts(source.names);
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
    walkcover.cellsIn(lines.index, x0, y0, x0 + TILE / scale + 2 * margin, y0 + TILE / scale + 2 * margin,
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

  return function (key, map) {
    return new StreetLayer(walkcover.data[key], { pane: walkcover.pane(map, "streets", 210) });
  };
})();
