"use strict";
/* Load: while the layer is shown the signs of the sites take the colour of an hour of the day. */
walkcover.loads = function (key, map) {
  const source = walkcover.data[key], daily = walkcover.daily;
  const STATUSES = ["shut", "smooth", "busy", "jammed"];
  const byId = function (id) { return document.getElementById(id); };
  const slider = byId("load-hour"), columns = source.last - source.first + 2;
  const days = source.days.map(function (one) {
    return { status: walkcover.unpack(one.status), wait: walkcover.unpack(one.wait), counts: one.counts, tests: one.tests };
  });
  const rowOf = new Map(walkcover.unpackTexts(source.ids).map(function (id, row) { return [id, row]; }));
  const group = L.featureGroup();
  let which = 0;

  /* Column 0 is the whole day, its worst hour. */
  slider.min = 0;
  slider.max = columns - 1;
  slider.value = 0;

  function hourSaid(column) {
    if (column === 0) return daily.word("map_whole_day");
    const hour = source.first + column - 1;
    return daily.two(hour) + ":00–" + daily.two(hour + 1) + ":00";
  }

  function paint() {
    const on = map.hasLayer(group), column = Number(slider.value);
    for (const one of walkcover.state.markers) {
      const box = one.marker.getElement();
      if (!box) continue;
      const row = rowOf.get(one.site.id);
      const status = row === undefined ? 0 : days[which].status[row * columns + column];
      STATUSES.forEach(function (name, i) { box.classList.toggle("load-" + name, on && i === status); });
    }
  }

  function show() {
    const column = Number(slider.value), counts = days[which].counts[column], text = hourSaid(column);
    const names = ["none", "smooth", "busy", "jammed"];
    names.forEach(function (name, i) {
      const cell = document.querySelector('[data-key="daily.load.' + name + '"]');
      cell.textContent = walkcover.count(counts[i]);
      cell.dataset.value = counts[i];
    });
    slider.setAttribute("aria-valuetext", text);
    byId("load-hour-text").textContent = text;
    byId("load-printed").textContent = daily.word(which ? "map_staggered" : "map_natural") + " · " + text;
    byId("load-said").textContent = text + " · " + daily.fill("map_sites_count", {
      smooth: counts[1], busy: counts[2], jammed: counts[3],
    });
    const box = byId("load-chart"), hour = column ? source.first + column - 1 : undefined;
    box.replaceChildren(daily.chart(series(days.map(function (one) { return one.tests; })), source.first, daily.word("map_chart_load"), hour));
    daily.keys(box, [["natural", daily.word("map_natural")], ["staggered", daily.word("map_staggered")]]);
    paint();
  }

  function series(values) {
    return values.map(function (one, i) { return { values: one, className: i ? "staggered" : "natural" }; });
  }

  /* The waits of a site by hour, below what its popup says. */
  function waits(row) {
    const box = document.createElement("div");
    const values = days.map(function (one) {
      return Array.from(one.wait.slice(row * columns + 1, (row + 1) * columns), function (wait) { return Math.max(0, wait); });
    });
    if (!values.some(function (one) { return Math.max(...one) > 0; })) return box;
    box.appendChild(daily.chart(series(values), source.first, daily.word("map_chart_wait"), Number(slider.value) ? source.first + Number(slider.value) - 1 : undefined));
    const head = document.createElement("p");
    head.className = "chart-head";
    head.textContent = daily.word("map_chart_wait");
    box.prepend(head);
    return daily.keys(box, [["natural", daily.word("map_natural")], ["staggered", daily.word("map_staggered")]]);
  }

  walkcover.extend(function () {
    for (const one of walkcover.state.markers) {
      const row = rowOf.get(one.site.id);
      if (row === undefined) continue;
      one.marker.setPopupContent(function () {
        const card = walkcover.card(one.site.title, one.site.rows);
        card.appendChild(waits(row));
        return card;
      });
    }
    map.on("walkcover:language", show);
    map.on("layeradd", function (event) { if (event.layer.options && event.layer.options.icon) paintSoon(); });
    show();
  });
  let waiting = false;
  function paintSoon() {
    if (waiting || !map.hasLayer(group)) return;
    waiting = true;
    queueMicrotask(function () { waiting = false; paint(); });
  }

  slider.addEventListener("input", show);
  document.querySelectorAll("input[name=load-day]").forEach(function (input) {
    input.addEventListener("change", function () { which = Number(input.value); show(); });
  });
  group.on("add remove", function () { queueMicrotask(paint); });
  return daily.layer(key, group);
};
