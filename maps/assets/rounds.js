"use strict";
/* Rounds: bases, stops, drives of the days, and the choice of a team and a day. */
walkcover.rounds = function (key, map) {
  const source = walkcover.data[key], daily = walkcover.daily;
  const byId = function (id) { return document.getElementById(id); };
  const team = byId("round-team"), day = byId("round-day"), list = byId("round-visits"), said = byId("round-said");
  const colours = byId("round-colours");
  const MANY_TEAMS = "#4a4f57";
  /* Signs of stops that the chosen team does not come to. */
  const visits = {}, days = { team: walkcover.unpack(source.days.team), day: walkcover.unpack(source.days.day) };
  for (const column in source.visits) visits[column] = walkcover.unpack(source.visits[column]);
  const dayRows = walkcover.unpackJson(source.days.rows), lines = daily.readDrives(source.days.lines);
  const group = L.featureGroup();
  const teams = Array.from(new Set(days.team)).sort(number), dates = Array.from(new Set(days.day)).sort(number);
  const byStop = new Map();

  function number(a, b) { return a - b; }

  visits.stop.forEach(function (stop, v) {
    if (byStop.has(stop)) byStop.get(stop).push(v); else byStop.set(stop, [v]);
  });

  function teamDay(t, d) { return daily.fill("map_team_day", { team: t, day: d }); }

  function span(v) { return daily.clock(visits.arrive[v]) + "–" + daily.clock(visits.leave[v]); }

  /* When a stop is served, and what it is called where it is not the popup's own. */
  daily.stopRows = function (stop, named) {
    const rows = named ? [[daily.word("map_stop"), stops[stop].entry.title]] : [];
    for (const v of byStop.get(stop) || []) {
      rows.push([teamDay(visits.team[v], visits.day[v]), daily.fill("map_visit", { span: span(v), tests: walkcover.count(visits.tests[v]) })]);
    }
    return rows;
  };

  function stopCard(stop, i) {
    return function (title) { return walkcover.card(title(), stop.rows.concat(daily.stopRows(i, false))); };
  }

  const stops = daily.signs(walkcover.unpackJson(source.stops), "map_find_stop", function (stop, i) {
    return { shape: stop.kind, width: stop.width, className: "stop", said: "map_sign_stop", card: stopCard(stop, i), above: 200 };
  });
  const bases = daily.signs(walkcover.unpackJson(source.bases), "map_find_base", function () {
    return { shape: "base", width: 22, className: "base", said: "map_sign_base", above: 100 };
  });
  const left = daily.signs(walkcover.unpackJson(source.unserved), "map_find_left", function () {
    return { shape: "left", width: 16, className: "left", said: "map_sign_left", above: 300 };
  });
  const drives = lines.map(function (one, i) {
    function name() { return teamDay(days.team[i], days.day[i]); }
    return daily.drive(map, one, 3.5, "round", function (at) { walkcover.openCard(map, at, name(), dayRows[i]); }, name);
  });

  /* With a team chosen its days have colours of their own, else the teams have. */
  function paint(t, d) {
    const place = team.value !== "" && day.value === "" ? dates.indexOf(d) : teams.indexOf(t);
    return daily.paintOf(source.colours, place);
  }

  function isChosen(t, d) {
    return (team.value === "" || Number(team.value) === t) && (day.value === "" || Number(day.value) === d);
  }

  function show() {
    const one = team.value !== "" && day.value !== "";
    group.clearLayers();
    drives.forEach(function (drive, i) {
      if (!isChosen(days.team[i], days.day[i])) return;
      const how = paint(days.team[i], days.day[i]);
      drive.paint(how.colour, how.dash).addTo(group);
    });
    stops.forEach(function (stop, i) {
      const chosen = (byStop.get(i) || []).filter(function (v) { return isChosen(visits.team[v], visits.day[v]); });
      if (!chosen.length) return;
      const paints = new Set(chosen.map(function (v) { return paint(visits.team[v], visits.day[v]).colour; }));
      stop.mark.setAttribute("fill", paints.size === 1 ? paints.values().next().value : MANY_TEAMS);
      stop.text.textContent = one ? String(visits.order[chosen[0]]) : "";
      stop.svg.classList.toggle("numbered", one);
      stop.marker.addTo(group);
    });
    bases.forEach(function (base) { base.marker.addTo(group); });
    if (team.value === "" && day.value === "") left.forEach(function (sign) { sign.marker.addTo(group); });
    write();
  }

  /* The list of a day of a team, or what the colours mean. */
  function write() {
    const one = team.value !== "" && day.value !== "";
    list.hidden = !one;
    list.replaceChildren();
    colours.replaceChildren();
    said.textContent = "";
    const chosen = Array.from(days.team.keys()).filter(function (i) { return isChosen(days.team[i], days.day[i]); });
    if (one) {
      said.textContent = chosen.length ? summary(chosen[0]) : daily.word("map_no_drive");
      listVisits();
      return;
    }
    const byDay = team.value !== "", named = new Map();
    chosen.forEach(function (i) { named.set(byDay ? days.day[i] : days.team[i], i); });
    Array.from(named.keys()).sort(number).forEach(function (n) {
      const i = named.get(n), how = paint(days.team[i], days.day[i]);
      const line = colours.appendChild(document.createElement("li"));
      const key = daily.draw(null, "svg", { class: "key", viewBox: "0 0 22 22", "aria-hidden": "true" });
      const stroke = daily.draw(key, "path", { d: "M0 11H22", class: "route" });
      stroke.style.stroke = how.colour;
      if (how.dash) stroke.style.strokeDasharray = how.dash % 3 === 1 ? "6 4" : "2 4";
      line.append(key, daily.fill(byDay ? "map_day" : "map_team", byDay ? { day: n } : { team: n }));
    });
  }

  function summary(i) {
    return dayRows[i].slice(1).map(function (row) { return walkcover.say(row[0]) + " " + walkcover.say(row[1]); }).join(" · ");
  }

  function listVisits() {
    for (let v = 0; v < visits.stop.length; v++) {
      if (!isChosen(visits.team[v], visits.day[v])) continue;
      const stop = stops[visits.stop[v]], row = list.appendChild(document.createElement("li"));
      const button = row.appendChild(document.createElement("button"));
      button.type = "button";
      const order = document.createElement("i"), name = document.createElement("span"), when = document.createElement("small");
      order.textContent = visits.order[v];
      name.textContent = walkcover.say(stop.entry.title);
      when.textContent = span(v);
      button.title = name.textContent;
      button.append(order, " ", name, " ", when);
      button.addEventListener("click", function () {
        map.panTo(stop.marker.getLatLng(), { animate: false });
        stop.marker.openPopup();
      });
    }
  }

  function fillPickers() {
    const all = ["", daily.word("map_all")];
    daily.options(team, [all].concat(teams.map(function (t) { return [t, daily.fill("map_team", { team: t })]; })));
    daily.options(day, [all].concat(dates.map(function (d) { return [d, daily.fill("map_day", { day: d })]; })));
  }

  function choose() {
    show();
    const box = L.latLngBounds([]);
    drives.forEach(function (drive) { if (group.hasLayer(drive)) box.extend(drive.getBounds()); });
    if (box.isValid()) map.fitBounds(box, { animate: false, padding: [30, 30] });
  }

  team.addEventListener("change", choose);
  day.addEventListener("change", choose);
  walkcover.extend(function () {
    map.on("walkcover:language", function () { fillPickers(); write(); });
  });
  fillPickers();
  show();
  return daily.layer(key, group);
};
