"use strict";
/* Draws water beneath everything else: background, with nothing to click and nothing to read out. */
walkcover.water = (function () {
  const TILE = walkcover.TILE, UNIT_ZOOM = walkcover.UNIT_ZOOM;
  const COLOUR = "#d9e4e8", NAME_COLOUR = "#5d7585", HALO = "rgba(250,250,247,0.7)";
  /* Widths in pixels at zoom 11 and at zoom 18; streams only from the zoom on at which they tell. */
  const LINES = [{ width: [1.4, 9], from: 0 }, { width: [0.6, 4], from: 13 }];
  const NAMES_FROM = 13;
  /* Beside a tile, in pixels: no line is drawn wider than twice this. */
  const EDGE = 10;
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

  /* Have a function called with each line that a tile may show. */
  function inTile(source, scale, left, top, visit) {
    for (const line of source.lines) {
      const box = line.box;
      if (box[0] * scale > left + TILE + EDGE || box[2] * scale < left - EDGE) continue;
      if (box[1] * scale > top + TILE + EDGE || box[3] * scale < top - EDGE) continue;
      const points = [];
      for (let i = line.from; i < line.to; i++) points.push([source.x[i] * scale - left, source.y[i] * scale - top]);
      visit(points);
    }
  }

  /*
   * Cut a ring to the tile and a margin (Sutherland and Hodgman 1974). A canvas would do so by
   * itself; what Chromium writes for paper of a ring that runs on for miles is off by millimetres.
   */
  function cutRing(points) {
    for (const axis of [0, 1]) {
      for (const side of [-1, 1]) {
        const limit = side < 0 ? -EDGE : TILE + EDGE, kept = [];
        let last = points[points.length - 1];
        for (const point of points) {
          const inside = (point[axis] - limit) * side <= 0, wasInside = last && (last[axis] - limit) * side <= 0;
          if (inside !== wasInside) {
            const t = (limit - last[axis]) / (point[axis] - last[axis]), met = [limit, limit];
            met[1 - axis] = last[1 - axis] + t * (point[1 - axis] - last[1 - axis]);
            kept.push(met);
          }
          if (inside) kept.push(point);
          last = point;
        }
        points = kept;
      }
    }
    return points;
  }

  function draw(context, points) {
    points.forEach(function (point, i) {
      if (i) context.lineTo(point[0], point[1]); else context.moveTo(point[0], point[1]);
    });
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
      inTile(this.areas, scale, left, top, function (ring) { draw(context, cutRing(ring)); });
      /* Outlines and holes turn opposite ways: what lies in any area is filled once. */
      context.fill("nonzero");
      context.lineCap = context.lineJoin = "round";
      const t = Math.max(0, Math.min(1, (zoom - 11) / 7));
      LINES.forEach(function (style, kind) {
        if (zoom < style.from) return;
        context.lineWidth = style.width[0] + (style.width[1] - style.width[0]) * t * t;
        context.beginPath();
        inTile(this.lines[kind], scale, left, top, function (line) { draw(context, line); });
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
