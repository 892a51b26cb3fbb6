"use strict";
/* Shows one scenario of several: who gains and who loses, its sites and its tables. */
walkcover.extend(function (map, control) {
  const TAGS = { zh: "zh-CN", en: "en" };
  const data = walkcover.data, source = data.comparison, state = walkcover.state, words = walkcover.words;
  const byId = function (id) { return document.getElementById(id); };
  const select = byId("scenario"), layer = state.residences, read = [];
  const rings = L.featureGroup().addTo(map);
  walkcover.pane(map, "rings", 640);

  /* Columns are read when first shown; walks come as tenths of minutes. */
  function entry(which) {
    if (read[which]) return read[which];
    const packed = source.entries[which];
    return (read[which] = {
      classes: walkcover.unpack(packed.classes), walk: walkcover.running(walkcover.unpack(packed.walk)),
      site: walkcover.unpack(packed.site), verdict: walkcover.unpack(packed.verdict),
    });
  }

  function rows(i) {
    const now = entry(select.selectedIndex), walk = now.walk[i], site = now.site[i];
    const text = walk < 0 ? words.no_path : (walk / 10).toFixed(1) + " " + words.unit_min;
    return [
      [words.comparison_verdict, source.verdicts[now.verdict[i]]],
      [words.comparison_walk, text + (site >= 0 ? " → " + source.sites[site] : "")],
    ];
  }

  function ring(one) {
    const mark = L.circleMarker([one.lat, one.lon], { radius: 13, className: "ring " + one.kind, pane: "rings" });
    mark.bindTooltip(function () {
      const box = document.createElement("span");
      box.textContent = one.title + " · " + one.changes.map(walkcover.say).join(", ");
      return box;
    });
    return mark;
  }

  function show() {
    const which = select.selectedIndex;
    state.override = { classes: entry(which).classes, rows: rows, zone: function () { return { share: "", class: -1 }; } };
    document.querySelectorAll("[data-entry]").forEach(function (part) { part.hidden = Number(part.dataset.entry) !== which; });
    rings.clearLayers();
    source.entries[which].changed.forEach(function (one) { rings.addLayer(ring(one)); });
    map.closePopup();
    layer.repaint();
  }

  function name() {
    document.documentElement.lang = TAGS[state.language];
    document.title = data.titles[state.language];
    byId("language").textContent = state.language === "zh" ? "English" : "中文";
    byId("language").lang = state.language === "zh" ? "en" : "zh-CN";
    Array.from(select.options).forEach(function (option, which) { option.textContent = walkcover.say(source.entries[which].title); });
    select.setAttribute("aria-label", words.comparison_scenario);
    map.getContainer().setAttribute("role", "region");
    map.getContainer().setAttribute("aria-label", words.map_region);
    control.getContainer().setAttribute("role", "group");
    control.getContainer().setAttribute("aria-label", words.layer_region);
  }

  byId("language").addEventListener("click", function () {
    walkcover.speak(state.language === "zh" ? "en" : "zh");
    name();
    map.closePopup();
  });
  select.addEventListener("change", show);
  name();
  show();
});
