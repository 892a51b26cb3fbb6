"use strict";
/* Around the map: language, search, names for screen readers, north arrow. */
walkcover.extend(function (map, control) {
  const MANY_SITES = 40;
  const MOST_FOUND = 8;
  const CLOSE_ZOOM = 16;
  const TAGS = { zh: "zh-CN", en: "en" };
  const state = walkcover.state, words = walkcover.words, data = walkcover.data;
  const byId = function (id) { return document.getElementById(id); };

  /* Language. Texts stand in the page in both and its style shows one; what is said in
     attributes is set here. */

  function nameParts() {
    document.documentElement.lang = TAGS[state.language];
    document.title = data.titles[state.language];
    byId("language").textContent = state.language === "zh" ? "English" : "中文";
    byId("language").lang = state.language === "zh" ? "en" : "zh-CN";
    document.querySelectorAll("[data-label]").forEach(function (element) {
      element.setAttribute("aria-label", words[element.dataset.label]);
      if (element.placeholder !== undefined) element.placeholder = words[element.dataset.label];
      if (element.tagName === "BUTTON") element.title = words[element.dataset.label];
    });
  }

  function label(element, key) {
    if (!element) return;
    element.dataset.label = key;
  }

  byId("language").addEventListener("click", function () {
    walkcover.speak(state.language === "zh" ? "en" : "zh");
    map.closePopup();
    nameParts();
    map.fire("walkcover:language");
  });

  /* Names for those who do not see the page. */

  const container = map.getContainer();
  container.setAttribute("role", "region");
  label(container, "map_region");
  label(container.querySelector(".leaflet-control-zoom-in"), "zoom_in");
  label(container.querySelector(".leaflet-control-zoom-out"), "zoom_out");
  container.querySelectorAll(".leaflet-control-zoom a").forEach(function (link) { link.removeAttribute("title"); });
  const layers = control.getContainer();
  layers.setAttribute("role", "group");
  label(layers, "layer_region");
  label(layers.querySelector(".leaflet-control-layers-toggle"), "layer_region");
  const few = state.markers.length <= MANY_SITES;
  state.markers.forEach(function (one) {
    function named() {
      const sign = one.marker.getElement();
      if (!sign) return;
      sign.setAttribute("aria-label", walkcover.say(one.site.title));
      /* Hundreds of stops would shut a keyboard out of the map: the search reaches every site. */
      if (!few) sign.tabIndex = -1;
    }
    one.marker.on("add", named);
    named();
  });
  byId("skip").addEventListener("click", function () { container.focus(); });

  /* North is up, always: the map cannot be turned. */
  const north = L.control({ position: "topleft" });
  north.onAdd = function () {
    const box = L.DomUtil.create("div", "north");
    const svg = L.SVG.create("svg");
    svg.setAttribute("viewBox", "0 0 20 26");
    svg.setAttribute("aria-hidden", "true");
    [["M10 1 L18 25 L10 19 Z", "dark"], ["M10 1 L2 25 L10 19 Z", "light"]].forEach(function (part) {
      const path = L.SVG.create("path");
      path.setAttribute("d", part[0]);
      path.setAttribute("class", part[1]);
      svg.appendChild(path);
    });
    const text = L.DomUtil.create("span", "", box);
    function write() { text.textContent = words.north; }
    write();
    map.on("walkcover:language", write);
    box.appendChild(svg);
    return box;
  };
  north.addTo(map);

  if (data.review !== "") {
    const review = document.createElement("span");
    function write() {
      if (review.textContent) map.attributionControl.removeAttribution(review.outerHTML);
      review.textContent = walkcover.say(data.review);
      map.attributionControl.addAttribution(review.outerHTML);
    }
    write();
    map.on("walkcover:language", write);
  }

  /* Search by name or id. */

  const input = byId("search"), list = byId("found"), status = byId("found-count");
  let entries = null, found = [], chosen = -1;

  function index() {
    const all = [];
    function add(text, kind, go) { all.push({ text: text, low: text.toLowerCase(), kind: kind, go: go }); }
    for (const one of state.markers) add(String(walkcover.say(one.site.title)), "site", function () { goSite(one); });
    for (const one of walkcover.finds || []) add(one.title(), one.kind, function () { one.go(map); });
    if (state.zones) {
      state.zones.features.forEach(function (feature) {
        const p = feature.properties;
        add(walkcover.say(p.title), "zone", function () {
          map.fitBounds(L.geoJSON(feature).getBounds(), { animate: false });
          walkcover.openCard(map, L.latLng(p.at), p.title, p.rows);
        });
      });
    }
    const layer = state.residences;
    if (layer) {
      for (let i = 0; i < layer.ids.length; i++) {
        add(layer.title(i), "residence", function () {
          const at = layer.latlng(map, i);
          map.setView(at, Math.max(map.getZoom(), CLOSE_ZOOM), { animate: false });
          walkcover.openCard(map, at, words.residence + " " + layer.title(i), layer.rows(i));
        });
      }
    }
    return all;
  }

  function goSite(one) {
    map.setView(one.marker.getLatLng(), Math.max(map.getZoom(), CLOSE_ZOOM), { animate: false });
    if (map.hasLayer(one.marker) && one.marker.getPopup()) one.marker.openPopup();
    else walkcover.openCard(map, one.marker.getLatLng(), one.site.title, one.site.rows);
  }

  function close() {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(which) {
    chosen = which;
    Array.from(list.children).forEach(function (row, i) { row.setAttribute("aria-selected", String(i === which)); });
    if (which >= 0) {
      input.setAttribute("aria-activedescendant", "found-" + which);
      list.children[which].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function take(which) {
    const entry = found[which];
    close();
    if (!entry) return;
    input.value = entry.text;
    entry.go();
  }

  function seek() {
    const query = input.value.trim().toLowerCase();
    list.replaceChildren();
    if (query === "") { status.textContent = ""; close(); return; }
    entries = entries || index();
    const hits = entries.filter(function (entry) { return entry.low.includes(query); });
    /* Names that begin with what is asked for come first, otherwise the order of the tables. */
    const first = hits.filter(function (entry) { return entry.low.startsWith(query); });
    const rest = hits.filter(function (entry) { return !entry.low.startsWith(query); });
    found = first.concat(rest).slice(0, MOST_FOUND);
    found.forEach(function (entry, i) {
      const row = document.createElement("li");
      row.id = "found-" + i;
      row.setAttribute("role", "option");
      const name = document.createElement("span"), kind = document.createElement("small");
      name.textContent = entry.text;
      kind.textContent = words[entry.kind];
      row.append(name, " ", kind);
      /* Before the input loses the focus, which would close the list. */
      row.addEventListener("mousedown", function (event) { event.preventDefault(); take(i); });
      list.appendChild(row);
    });
    status.textContent = hits.length ? words.search_found.replace("{count}", hits.length) : words.search_none;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    choose(found.length ? 0 : -1);
  }

  input.addEventListener("input", seek);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", function (event) {
    const n = found.length;
    if (event.key === "Escape") close();
    else if (event.key === "Enter") take(chosen);
    else if (event.key === "ArrowDown" && list.hidden) seek();
    else if (event.key === "ArrowDown" && n) choose((chosen + 1) % n);
    else if (event.key === "ArrowUp" && n) choose((chosen + n - 1) % n);
    else return;
    event.preventDefault();
  });
  map.on("walkcover:language", function () { entries = null; });

  nameParts();
});
