"use strict";
/* Relay: laboratories, stations, collection routes and transfers, and the choice of one of them. */
walkcover.relay = function (key, map) {
  const source = walkcover.data[key], daily = walkcover.daily;
  const pick = document.getElementById("relay-hub"), group = L.featureGroup();
  const hours = {};
  for (const column in source.hours) hours[column] = walkcover.unpack(source.hours[column]);

  /* What a laboratory tests in each hour, and what waits there. */
  function hourly(laboratory) {
    const tested = [], queue = [];
    hours.laboratory.forEach(function (one, i) {
      if (one !== laboratory) return;
      tested[hours.hour[i]] = hours.tested[i];
      queue[hours.hour[i]] = hours.queue[i];
    });
    const first = tested.findIndex(function (one) { return one !== undefined; });
    if (first < 0) return null;
    const rest = function (list) { return Array.from(list.slice(first), function (one) { return one || 0; }); };
    return { first: first, tested: rest(tested), queue: rest(queue) };
  }

  function hubCard(hub, i) {
    return function (title) {
      const card = walkcover.card(title(), hub.rows), found = hub.kind === "laboratory" ? hourly(i) : null;
      if (!found) return card;
      const head = card.appendChild(document.createElement("p"));
      head.className = "chart-head";
      head.textContent = daily.word("map_chart_tubes");
      card.appendChild(daily.chart([
        { values: found.tested, className: "tested" }, { values: found.queue, className: "queue" },
      ], found.first, daily.word("map_chart_tubes")));
      return daily.keys(card, [["tested", daily.word("map_tested")], ["queue", daily.word("map_waiting")]]);
    };
  }

  const hubs = daily.signs(walkcover.unpackJson(source.hubs), "map_find_hub", function (hub, i) {
    const laboratory = hub.kind === "laboratory";
    return {
      shape: hub.kind, width: hub.width, className: laboratory ? "laboratory load" + hub.class : "station",
      said: laboratory ? "map_sign_laboratory" : "map_sign_station", card: hubCard(hub, i), above: 400,
    };
  });
  const others = daily.signs(walkcover.unpackJson(source.others), null, function () {
    return { shape: "round", radius: 8, width: 12, className: "other", said: "map_sign_other" };
  });
  const late = daily.signs(walkcover.unpackJson(source.late), "map_find_late", function () {
    return { shape: "left", width: 20, className: "left", said: "map_sign_late", above: 300 };
  });
  const routeHub = walkcover.unpack(source.routes.hub), routeRows = walkcover.unpackJson(source.routes.rows);
  const served = Array.from(new Set(routeHub)).sort(function (a, b) { return a - b; });
  const routes = daily.readDrives(source.routes.lines).map(function (lines, i) {
    function name() { return daily.fill("map_route", { route: i + 1 }); }
    const how = daily.paintOf(source.colours, served.indexOf(routeHub[i]));
    return daily.drive(map, lines, 3, "collection", function (at) { walkcover.openCard(map, at, name(), routeRows[i]); }, name)
      .paint(how.colour, 0);
  });
  const from = walkcover.unpack(source.transfers.hub), to = walkcover.unpack(source.transfers.to);
  const wide = walkcover.unpack(source.transfers.tenths_px), transferRows = walkcover.unpackJson(source.transfers.rows);
  const transfers = daily.readDrives(source.transfers.lines).map(function (lines, i) {
    function name() { return daily.word("map_transfer"); }
    return daily.drive(map, lines, wide[i] / 10, "transfer", function (at) { walkcover.openCard(map, at, name(), transferRows[i]); }, name);
  });

  function show() {
    const one = pick.value === "" ? -1 : Number(pick.value);
    group.clearLayers();
    transfers.forEach(function (line, i) { if (one < 0 || from[i] === one || to[i] === one) line.addTo(group); });
    routes.forEach(function (line, i) { if (one < 0 || routeHub[i] === one) line.addTo(group); });
    hubs.forEach(function (hub) { hub.marker.addTo(group); });
    if (one < 0) others.concat(late).forEach(function (sign) { sign.marker.addTo(group); });
  }

  function fillPicker() {
    daily.options(pick, [["", daily.word("map_all")]].concat(hubs.map(function (hub, i) { return [i, hub.title()]; })));
  }

  pick.addEventListener("change", function () {
    show();
    const box = L.latLngBounds([]);
    routes.concat(transfers).forEach(function (line) { if (group.hasLayer(line)) box.extend(line.getBounds()); });
    if (pick.value !== "") box.extend(hubs[Number(pick.value)].marker.getLatLng());
    if (box.isValid()) map.fitBounds(box, { animate: false, padding: [30, 30], maxZoom: 15 });
  });
  walkcover.extend(function () { map.on("walkcover:language", fillPicker); });
  fillPicker();
  show();
  return daily.layer(key, group);
};
