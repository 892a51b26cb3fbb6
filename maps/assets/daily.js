"use strict";
/* Daily work: which of its layers is shown, and what the scripts that draw them share. */
walkcover.daily = (function () {
  const source = walkcover.data.daily, shared = walkcover.state;
  /* More signs than this would shut a keyboard out of the map: search and lists reach each. */
  const MANY_SIGNS = 40;
  const CLOSE_ZOOM = 15;
  const DASHES = [null, "9 6", "2 7"];
  const PATHS = {
    base: "M-8 9V-2L0 -9L8 -2V9Z", left: "M-7 -7L7 7M7 -7L-7 7", place: "M-9 -7H9L0 9Z",
    laboratory: "M-10 0L-5 -8.7H5L10 0L5 8.7H-5Z", station: "M-9 8H9L0 -9Z",
  };
  const layers = {};

  function word(key) { return walkcover.say(source.words[key]); }

  function fill(key, values) {
    return word(key).replace(/\{(\w+)\}/g, function (all, name) { return name in values ? values[name] : all; });
  }

  function two(n) { return String(n).padStart(2, "0"); }

  /* Minutes of the day; past midnight the next day's. */
  function clock(minutes) { return two(Math.floor(minutes / 60) % 24) + ":" + two(minutes % 60); }

  function draw(parent, name, attributes, said) {
    const element = L.SVG.create(name);
    for (const key in attributes) if (attributes[key] !== null) element.setAttribute(key, attributes[key]);
    if (said !== undefined) element.textContent = said;
    if (parent) parent.appendChild(element);
    return element;
  }

  /* The lines of each drive, as places of the map. */
  function readDrives(packed) {
    const parts = walkcover.unpack(packed.parts), lengths = walkcover.unpack(packed.lengths);
    const x = walkcover.running(walkcover.unpack(packed.x)), y = walkcover.running(walkcover.unpack(packed.y));
    let line = 0, at = 0;
    return Array.from(parts, function (count) {
      const lines = [];
      for (let i = 0; i < count; i++) {
        const places = [];
        for (let j = 0; j < lengths[line]; j++, at++) places.push(walkcover.placeOf(x[at], y[at]));
        line++;
        lines.push(places);
      }
      return lines;
    });
  }

  /* A line with a pale edge, so that it reads on streets and over other lines. */
  function drive(map, lines, weight, className, open, hint) {
    const pane = walkcover.pane(map, "drives", 440), group = L.featureGroup();
    const edge = L.polyline(lines, { pane: pane, className: "drive-edge", weight: weight + 3, interactive: false }).addTo(group);
    const line = L.polyline(lines, { pane: pane, className: "drive " + className, weight: weight }).addTo(group);
    line.on("click", function (event) { if (walkcover.residenceAt(map, event.latlng) < 0) open(event.latlng); });
    line.bindTooltip(hint, { sticky: true });
    group.paint = function (colour, dash) {
      line.setStyle({ color: colour, dashArray: DASHES[dash % DASHES.length] });
      return group;
    };
    edge.setStyle({ color: "#ffffff" });
    return group;
  }

  /* The colour of the n-th of some lines, and its dashes once the colours are used up. */
  function paintOf(colours, n) {
    return { colour: colours[n % colours.length], dash: Math.floor(n / colours.length) };
  }

  /*
   * A sign with a shape of its own. `options`: shape, width in pixels, class, title, and the popup
   * as a function.
   */
  function sign(entry, options, many) {
    const svg = draw(null, "svg", { viewBox: "-11 -11 22 22", class: options.className });
    const round = options.shape === "round", square = options.shape === "visit";
    /* A cross has a pale edge, so that it reads on the sign of a site. */
    if (options.shape === "left") draw(svg, "path", { d: PATHS.left, class: "edge" });
    const mark = round ? draw(svg, "circle", { r: options.radius || 9 })
      : square ? draw(svg, "rect", { x: -8.5, y: -8.5, width: 17, height: 17, rx: 3 })
        : draw(svg, "path", { d: PATHS[options.shape] });
    const text = draw(svg, "text", { y: 4 }), width = options.width;
    const icon = L.divIcon({ className: "daily-sign", html: svg, iconSize: [width, width] });
    const marker = new walkcover.Sign([entry.lat, entry.lon], { icon: icon, keyboard: !many, zIndexOffset: options.above || 0 });
    function title() { return fill(options.said, { title: walkcover.say(entry.title) }); }
    function content() { return options.card ? options.card(title) : walkcover.card(title(), entry.rows); }
    marker.bindPopup(content, { maxWidth: 320 });
    function name() {
      const box = marker.getElement();
      if (box && !many) box.setAttribute("aria-label", title());
    }
    marker.on("add", name);
    walkcover.extend(function (map) { map.on("walkcover:language", name); });
    return { entry: entry, marker: marker, mark: mark, svg: svg, text: text, title: title, content: content };
  }

  /* Signs of one kind: drawn, and found by the search. */
  function signs(entries, kind, options) {
    const many = entries.length > MANY_SIGNS;
    return entries.map(function (entry, i) {
      const one = sign(entry, options(entry, i), many);
      if (kind) walkcover.finds.push({ kind: kind, title: one.title, go: function (map) { goTo(map, one); } });
      return one;
    });
  }

  function goTo(map, one) {
    map.setView(one.marker.getLatLng(), Math.max(map.getZoom(), CLOSE_ZOOM), { animate: false });
    if (map.hasLayer(one.marker)) one.marker.openPopup();
    else L.popup({ maxWidth: 320 }).setLatLng(one.marker.getLatLng()).setContent(one.content()).openOn(map);
  }

  /*
   * Bars by hour. `series`: values and class, drawn side by side; `from` the first hour; `said`
   * the name for those who do not see it; `hour` the one that is marked.
   */
  function chart(series, from, said, hour) {
    const WIDTH = 280, HEIGHT = 78, LEFT = 38, BOTTOM = 15, TOP = 10, hours = series[0].values.length;
    const most = Math.max(1, ...series.map(function (one) { return Math.max(...one.values); }));
    const svg = draw(null, "svg", { viewBox: "0 0 " + WIDTH + " " + HEIGHT, role: "img", "aria-label": said, class: "hours" });
    const step = (WIDTH - LEFT) / hours, base = HEIGHT - BOTTOM;
    function x(at) { return LEFT + at * step; }
    if (hour !== undefined && hour >= from) draw(svg, "rect", { class: "now", x: x(hour - from), y: 0, width: step, height: base });
    draw(svg, "line", { class: "axis", x1: LEFT, x2: WIDTH, y1: base, y2: base });
    draw(svg, "text", { class: "y", x: LEFT - 4, y: TOP + 4 }, walkcover.count(most));
    series.forEach(function (one, k) {
      one.values.forEach(function (value, at) {
        if (!(value > 0)) return;
        const height = (base - TOP) * value / most, wide = step * 0.86 / series.length;
        draw(svg, "rect", { class: one.className, x: x(at) + step * 0.07 + k * wide, y: base - height, width: wide, height: height });
      });
    });
    const every = hours > 14 ? 6 : 3;
    for (let at = 0; at < hours; at++) {
      if ((from + at) % every === 0) draw(svg, "text", { class: "x", x: x(at), y: HEIGHT - 3 }, String((from + at) % 24));
    }
    return svg;
  }

  /* Names of the series of a chart. */
  function keys(box, named) {
    const line = document.createElement("p");
    line.className = "keys";
    named.forEach(function (one) {
      const mark = document.createElement("i");
      mark.className = one[0];
      line.append(mark, one[1] + " ");
    });
    box.appendChild(line);
    return box;
  }

  function option(select, value, said) {
    const one = select.appendChild(document.createElement("option"));
    one.value = value;
    one.textContent = said;
  }

  /* Fill a select anew, in the language shown, and keep what is chosen. */
  function options(select, entries) {
    const value = select.value;
    select.replaceChildren();
    entries.forEach(function (one) { option(select, one[0], one[1]); });
    select.value = value || entries[0][0];
  }

  /* A layer of daily work: while it is on the map, the page carries its name as a class. */
  function layer(key, group) {
    layers[key] = group;
    group.on("add remove", function (event) {
      document.body.classList.toggle("shows-" + key, event.type === "add");
      queueMicrotask(follow);
    });
    return group;
  }

  function shown() {
    return Object.keys(source.views).filter(function (view) { return document.body.classList.contains("shows-" + source.views[view]); });
  }

  /* The switch follows the layers, however they were turned on. */
  function follow() {
    const views = shown(), name = views.length ? views.length === 1 ? views[0] : "" : "walks";
    document.querySelectorAll("input[name=view]").forEach(function (input) { input.checked = input.value === name; });
    document.body.classList.toggle("daily", views.length > 0);
  }

  function setView(map, name) {
    for (const view in source.views) {
      const one = layers[source.views[view]];
      if (view === name) map.addLayer(one); else map.removeLayer(one);
    }
    /* Daily work is planned for what stands after building. */
    const after = document.querySelector("input[name=when][value=after]");
    if (name !== "walks" && after && !after.checked) {
      after.checked = true;
      after.dispatchEvent(new Event("change"));
    }
  }

  walkcover.finds = [];
  walkcover.extend(function (map) {
    function nameParts() {
      document.querySelectorAll("[data-daily-label]").forEach(function (part) {
        part.setAttribute("aria-label", word(part.dataset.dailyLabel));
      });
    }
    document.querySelectorAll("input[name=view]").forEach(function (input) {
      input.addEventListener("change", function () { setView(map, input.value); });
    });
    document.querySelectorAll("input[name=when]").forEach(function (input) {
      input.addEventListener("change", function () { if (input.value === "whatif") setView(map, "walks"); });
    });
    map.on("walkcover:language", nameParts);
    nameParts();

    /* What is said of a residence besides its walk: who serves it, by which rule, and when. */
    const dots = shared.residences, served = source.residences;
    const rule = walkcover.unpack(served.rule), stop = walkcover.unpack(served.stop), left = walkcover.unpack(served.left);
    const ownRows = dots.rows;
    dots.rows = function (i) {
      const by = served.rules[rule[i]];
      const rows = [[word("map_served"), by[0]], [word("map_rule_name"), by[1]]];
      if (stop[i] >= 0) rows.push(...api.stopRows(stop[i], true));
      if (left[i] >= 0) rows.push([word("map_left"), left[i]]);
      return ownRows.call(dots, i).concat(rows);
    };
  });

  const api = {
    layers: layers, word: word, fill: fill, clock: clock, two: two, draw: draw, readDrives: readDrives, drive: drive,
    paintOf: paintOf, signs: signs, chart: chart, keys: keys, options: options, layer: layer, setView: setView,
    /* Rows on a stop and its visits; rounds.js knows them. */
    stopRows: function () { return []; },
  };
  return api;
})();
