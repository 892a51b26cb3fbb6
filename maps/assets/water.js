"use strict";
/* Draws water beneath everything else: background, with nothing to click and nothing to read out. */
walkcover.water = (function () {
  const TILE = walkcover.TILE, UNIT_ZOOM = walkcover.UNIT_ZOOM;
  const COLOUR = "#d9e4e8", NAME_COLOUR = "#5d7585", HALO = "rgba(250,250,247,0.7)";
  /* Widths in pixels at zoom 11 and at zoom 18; streams only from the zoom on at which they tell. */
  const LINES = [{ width: [1.4, 9], from: 0 }, { width: [0.6, 4], from: 13 }];
  const NAMES_FROM = 13;
  /* Names stand no nearer to each other than this, in pixels. */
  const NAME_ROOM = [260, 110];

  /* Lines with the box around each; a map has some thousands, so that a plain search will do. */
  function read(source) {
    const lengths = walkcover.unpack(source.lengths);
    const x = walkcover.running(walkcover.unpack(source.x)), y = walkcover.running(walkcover.unpack(source.y));
    const lines = [];
    let from = 0;
    for (const length of lengths) {
      const line = { from: from, to: from + length, box: [x[from], y[from], x[from], y[from]] };
      for (let i = from; i < line.to; i++) {
        line.box[0] = Math.min(line.box[0], x[i]); line.box[1] = Math.min(line.box[1], y[i]);
        line.box[2] = Math.max(line.box[2], x[i]); line.box[3] = Math.max(line.box[3], y[i]);
      }
      lines.push(line);
      from = line.to;
    }
    return { x: x, y: y, lines: lines };
  }

  function readNames(source) {
    const names = walkcover.unpackTexts(source.names), which = walkcover.unpack(source.label_name);
    const x = walkcover.running(walkcover.unpack(source.label_x)), y = walkcover.running(walkcover.unpack(source.label_y));
    const dx = walkcover.unpack(source.label_dx), dy = walkcover.unpack(source.label_dy);
    return Array.from(which, function (name, i) {
      let angle = Math.atan2(dy[i], dx[i]);
      if (angle > Math.PI / 2) angle -= Math.PI;
      if (angle <= -Math.PI / 2) angle += Math.PI;
      return { text: names[name], x: x[i], y: y[i], angle: angle };
    });
  }

  function trace(context, source, scale, left, top) {
    const x = source.x, y = source.y, margin = 10;
    for (const line of source.lines) {
      const box = line.box;
      if (box[0] * scale > left + TILE + margin || box[2] * scale < left - margin) continue;
      if (box[1] * scale > top + TILE + margin || box[3] * scale < top - margin) continue;
      context.moveTo(x[line.from] * scale - left, y[line.from] * scale - top);
      for (let i = line.from + 1; i < line.to; i++) context.lineTo(x[i] * scale - left, y[i] * scale - top);
    }
  }

  const WaterLayer = walkcover.CanvasLayer.extend({
    initialize: function (source, options) {
      L.setOptions(this, options);
      this.areas = read(source.areas);
      this.lines = source.lines.map(read);
      this.names = readNames(source);
      this.chosen = {};
    },
    paint: function (context, scale, left, top, zoom) {
      context.fillStyle = context.strokeStyle = COLOUR;
      context.beginPath();
      trace(context, this.areas, scale, left, top);
      /* Outlines and holes turn opposite ways: what lies in any area is filled once. */
      context.fill("nonzero");
      context.lineCap = context.lineJoin = "round";
      const t = Math.max(0, Math.min(1, (zoom - 11) / 7));
      LINES.forEach(function (style, kind) {
        if (zoom < style.from) return;
        context.lineWidth = style.width[0] + (style.width[1] - style.width[0]) * t * t;
        context.beginPath();
        trace(context, this.lines[kind], scale, left, top);
        context.stroke();
      }, this);
      if (zoom >= NAMES_FROM) this.paintNames(context, scale, left, top, zoom);
    },
    paintNames: function (context, scale, left, top, zoom) {
      context.font = "italic 12px 'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',system-ui,sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineWidth = 3;
      context.strokeStyle = HALO;
      context.fillStyle = NAME_COLOUR;
      for (const name of this.chosenNames(zoom)) {
        const x = name.x * scale - left, y = name.y * scale - top;
        if (x < -150 || y < -150 || x > TILE + 150 || y > TILE + 150) continue;
        context.save();
        context.translate(x, y);
        context.rotate(name.angle);
        context.strokeText(name.text, 0, 0);
        context.fillText(name.text, 0, 0);
        context.restore();
      }
    },
    /* The same for every tile of a zoom: the longest rivers first. */
    chosenNames: function (zoom) {
      if (this.chosen[zoom]) return this.chosen[zoom];
      const scale = Math.pow(2, zoom - UNIT_ZOOM), taken = [];
      for (const name of this.names) {
        const x = name.x * scale, y = name.y * scale;
        const free = taken.every(function (one) {
          return Math.abs(one.x * scale - x) > NAME_ROOM[0] || Math.abs(one.y * scale - y) > NAME_ROOM[1];
        });
        if (free) taken.push(name);
      }
      return (this.chosen[zoom] = taken);
    },
  });

  return function (key, map) {
    const pane = walkcover.pane(map, "water", 205);
    map.getPane(pane).setAttribute("aria-hidden", "true");
    map.getPane(pane).style.pointerEvents = "none";
    return new WaterLayer(walkcover.data[key], { pane: pane, maxZoom: 19 });
  };
})();
