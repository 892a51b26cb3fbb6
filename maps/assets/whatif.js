"use strict";
/* Opens and closes sites in the page, shows what changes, and hands the chosen sites on. */
walkcover.extend(function (map) {
  const source = walkcover.data.whatif, shared = walkcover.state, counting = walkcover.counting;
  const sites = counting.sites();
  const DASH = counting.DASH;
  const rowOf = new Map(sites.map(function (site, row) { return [site.id, row]; }));
  /* What is open now and after building; "base" is what the difference is taken to. */
  const STATES = { now: flags("now"), after: flags("after") };
  const chosen = { base: "now", open: STATES.now.slice(), limit: source.limit };
  const markers = new Map(shared.markers.map(function (one) { return [one.site.id, one.marker]; }));
  const cells = {}, loads = [];
  const ring = L.circleMarker([0, 0], { radius: 17, className: "step-ring", interactive: false, pane: walkcover.pane(map, "step-ring", 590) });
  let counted = null, baseline = null, waiting = false, restoring = false;

  function flags(key) {
    return Uint8Array.from(sites, function (site) { return site[key] ? 1 : 0; });
  }

  function element(id) { return document.getElementById(id); }

  function word(key) { return walkcover.say(source.words[key]); }

  function fill(key, values) {
    return word(key).replace(/\{(\w+)\}/g, function (all, name) { return name in values ? values[name] : all; });
  }

  function number(value) { return isFinite(value) ? walkcover.count(value) : DASH; }

  function signed(value, text) {
    if (!isFinite(value)) return DASH;
    const size = text(Math.abs(value));
    return /[1-9]/.test(size) ? (value > 0 ? "+" : "−") + size : "0";
  }

  const WRITE = {
    covered_share: { value: counting.share, difference: function (d) { return signed(d, function (x) { return (100 * x).toFixed(1) + " " + word("unit_points"); }); } },
    mean_walk_s: {
      value: function (s) { return isFinite(s) ? (s / 60).toFixed(1) : DASH; },
      difference: function (d) { return signed(d, function (x) { return (x / 60).toFixed(1); }); },
    },
  };
  const PLAIN = { value: number, difference: function (d) { return signed(d, walkcover.count); } };

  /* Most of what is shown stays as it is: only what changes is written. */
  function write(cell, text) { if (cell.textContent !== text) cell.textContent = text; }

  function put(key, value, text) {
    const cell = cells[key] || (cells[key] = document.querySelector('[data-key="' + key + '"]'));
    write(cell, text);
    cell.dataset.value = value;
  }

  function minutes(steps) {
    const s = steps * source.step_s;
    return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
  }

  function short(value) { return Number.isInteger(value) ? String(value) : value.toFixed(1); }

  function showFigures() {
    const now = counting.figures(counted), base = counting.figures(baseline);
    for (const key in now) {
      const how = WRITE[key] || PLAIN;
      put("whatif." + key, now[key], how.value(now[key]));
      put("whatif_base." + key, base[key], how.value(base[key]));
      put("whatif_difference." + key, now[key] - base[key], how.difference(now[key] - base[key]));
    }
    write(element("whatif-base-name"), chosen.base === "after" ? word("after") : word("before"));
    const text = minutes(chosen.limit) + " " + word("unit_min"), slider = element("whatif-limit");
    slider.value = chosen.limit;
    slider.setAttribute("aria-valuetext", text);
    write(element("whatif-limit-text"), text);
    element("whatif-said").classList.remove("warning");
    write(element("whatif-said"), fill("whatif_said", {
      people: number(now.covered_people), share: counting.share(now.covered_share),
      difference: PLAIN.difference(now.covered_people - base.covered_people),
    }));
  }

  /* Names for those who do not see the page, in the language shown. */
  function nameParts() {
    for (const part of document.querySelectorAll("[data-whatif-label]")) {
      part.setAttribute("aria-label", word(part.dataset.whatifLabel));
    }
  }

  function showSites() {
    const one = source.fractions;
    for (let row = 0; row < sites.length; row++) {
      const line = cells.sites[row], open = chosen.open[row] === 1, load = counted.load[row] / one;
      const more = load - baseline.load[row] / one, shown = loads[row];
      if (line.box.checked !== open) line.box.checked = open;
      if (!shown || shown.load !== load || shown.more !== more) {
        write(line.load, (load > source.norm_high ? "▲ " : "") + number(load));
        line.load.dataset.value = load;
        write(line.difference, PLAIN.difference(more));
        loads[row] = { load: load, more: more };
      }
      mark(row);
    }
  }

  function showZones() {
    source.zones.forEach(function (zone, i) {
      const line = cells.zones[i], people = counting.inParts(counted.zones, zone);
      write(line.head, walkcover.say(zone.title));
      write(line.people, number(people));
      line.people.dataset.value = people;
      write(line.difference, PLAIN.difference(people - counting.inParts(baseline.zones, zone)));
      write(line.share, counting.share(counting.zoneShare(counted, zone)));
    });
  }

  /* A site's sign on the map says whether it is open here, and whether that is a change. */
  function mark(row) {
    const marker = markers.get(sites[row].id), icon = marker && marker.getElement();
    const open = chosen.open[row] === 1, changed = chosen.open[row] !== STATES[chosen.base][row];
    cells.sites[row].line.classList.toggle("changed", changed);
    if (!icon) return;
    const shown = (active() ? "on" : "off") + open + changed;
    if (icon.dataset.shown === shown) return;
    icon.dataset.shown = shown;
    icon.classList.toggle("open", open);
    icon.classList.toggle("shut", !open);
    icon.classList.toggle("changed", changed);
    if (active()) icon.setAttribute("aria-pressed", String(open)); else icon.removeAttribute("aria-pressed");
  }

  function active() { return document.body.classList.contains("whatif"); }

  /* Count and show what has changed. */
  function refresh() {
    const start = performance.now();
    let changed;
    baseline = baseline || counting.open(STATES[chosen.base], source.limit);
    if (counted) changed = counting.change(counted, chosen.open, chosen.limit);
    else counted = counting.open(chosen.open, chosen.limit);
    api.recount_ms = performance.now() - start;
    showFigures();
    showSites();
    showZones();
    counting.show(map, counted, residenceRows, changed);
    history.replaceState(null, "", toHash());
    api.refresh_ms = performance.now() - start;
  }

  /* Many changes within one frame are shown once. */
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(function () {
      waiting = false;
      if (active()) refresh();
    });
  }

  function residenceRows(i) {
    const row = counted.site[i];
    const text = row < 0 ? fill("whatif_none", { limit: short(source.longest * source.step_s / 60) })
      : "≤ " + minutes(counted.steps[i]) + " " + word("unit_min") + " → " + sites[row].title;
    return [[word("whatif_walk"), text]];
  }

  function toggle(row) {
    chosen.open[row] = 1 - chosen.open[row];
    soon();
  }

  function reset(base) {
    chosen.base = base;
    chosen.open = STATES[base].slice();
    chosen.limit = source.limit;
    baseline = null;
    soon();
  }

  /* Ids that differ from a state: closed ones and opened ones. */
  function changes(from) {
    const closed = [], opened = [];
    sites.forEach(function (site, row) {
      if (chosen.open[row] !== from[row]) (chosen.open[row] ? opened : closed).push(site);
    });
    return { close: closed, open: opened };
  }

  function toHash() {
    const change = changes(STATES[chosen.base]), parts = ["whatif=" + chosen.base];
    parts.push("limit=" + chosen.limit * source.step_s);
    for (const key in change) {
      const ids = change[key].map(function (site) { return encodeURIComponent(site.id); });
      if (ids.length) parts.push(key + "=" + ids.join(","));
    }
    return "#" + parts.join("&");
  }

  /* Null where the address holds no what-if; it throws where it holds one that cannot be read. */
  function fromHash(hash) {
    const fields = new Map(hash.replace(/^#/, "").split("&").map(function (part) {
      const at = part.indexOf("=");
      return [part.slice(0, at), part.slice(at + 1)];
    }));
    const base = fields.get("whatif");
    if (base === undefined) return null;
    const limit = fields.has("limit") ? Number(fields.get("limit")) / source.step_s : source.limit;
    if (!(base === "now" || (base === "after" && source.has_after))) throw new Error(base);
    if (!Number.isInteger(limit) || limit < source.shortest || limit > source.longest) throw new Error(fields.get("limit"));
    const open = STATES[base].slice(), unknown = [];
    for (const [key, flag] of [["close", 0], ["open", 1]]) {
      for (const code of (fields.get(key) || "").split(",")) {
        const id = decodeURIComponent(code);
        if (rowOf.has(id)) open[rowOf.get(id)] = flag; else if (code) unknown.push(id);
      }
    }
    return { base: base, open: open, limit: limit, unknown: unknown };
  }

  /* Take over what the page's address says; what cannot be taken over is said, not dropped. */
  function restore() {
    const address = location.hash;
    let wanted = null;
    try {
      wanted = fromHash(address);
    } catch (error) {
      enter();
      say(fill("whatif_bad", { text: address }));
      return;
    }
    if (!wanted) return;
    chosen.base = wanted.base;
    chosen.open = wanted.open;
    chosen.limit = wanted.limit;
    baseline = null;
    enter();
    if (wanted.unknown.length) say(fill("whatif_unknown", { ids: wanted.unknown.join(", ") }));
  }

  function say(text) {
    element("whatif-said").textContent = text;
    element("whatif-said").classList.add("warning");
  }

  /* JSON writes texts as TOML does, but for one character. */
  function tomlText(text) { return JSON.stringify(text).replace(/\x7f/g, "\\u007f"); }

  function tomlList(list) {
    if (!list.length) return "[]";
    return "[\n" + list.map(function (site) {
      return "  " + tomlText(site.id) + ",  # " + site.lon.toFixed(6) + ", " + site.lat.toFixed(6) + "\n";
    }).join("") + "]";
  }

  /* Changes against the sites as they are now; the limit is rounded up by less than a millisecond. */
  function scenario() {
    const change = changes(STATES.now);
    const limit = Math.ceil(chosen.limit * source.step_s / 60 * 1e9 - 1e-3) / 1e9;
    return "name = " + tomlText(element("whatif-name").value) + "\n" +
      "close = " + tomlList(change.close) + "\n" +
      "open = " + tomlList(change.open) + "\n\n" +
      "[walk]\nlimit_min = " + limit + "\n";
  }

  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([scenario()], { type: "application/toml" }));
    link.download = "scenario.toml";
    link.click();
    /* The browser reads the file after this turn. */
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }

  /* The radio decides what is shown; setting it from here takes the same way as a click. */
  function enter() {
    const radio = document.querySelector("input[name=when][value=whatif]");
    if (active()) { refresh(); return; }
    radio.checked = true;
    restoring = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    restoring = false;
  }

  function unchanged() {
    const base = STATES[chosen.base];
    return chosen.limit === source.limit && chosen.open.every(function (one, row) { return one === base[row]; });
  }

  function switchTo(value) {
    const on = value === "whatif";
    if (on === active()) return;
    if (on && !restoring && unchanged()) {
      /* Nothing would be lost: one goes on from the state that was shown. */
      chosen.base = shared.after ? "after" : "now";
      chosen.open = STATES[chosen.base].slice();
      baseline = null;
    }
    document.body.classList.toggle("whatif", on);
    element("whatif").hidden = !on;
    map.closePopup();
    markers.forEach(function (marker) {
      if (on) {
        marker.walkcoverPopup = marker.getPopup();
        marker.unbindPopup();
      } else marker.bindPopup(marker.walkcoverPopup);
    });
    if (on) refresh();
    else {
      shared.override = counted = null;
      history.replaceState(null, "", "#");
      for (let row = 0; row < sites.length; row++) mark(row);
    }
  }

  function cell(line, tag) {
    const made = document.createElement(tag);
    line.appendChild(made);
    return made;
  }

  function buildSites() {
    const body = document.querySelector("#whatif-sites tbody");
    cells.sites = sites.map(function (site, row) {
      const line = body.insertRow(), head = cell(line, "th"), label = document.createElement("label");
      head.scope = "row";
      const box = document.createElement("input");
      box.type = "checkbox";
      box.autocomplete = "off";
      box.addEventListener("change", function () { toggle(row); });
      label.append(box, (site.order ? site.order + " · " : "") + site.title);
      head.appendChild(label);
      return { line: line, box: box, load: cell(line, "td"), difference: cell(line, "td") };
    });
  }

  function buildZones() {
    const body = document.querySelector("#whatif-zones tbody");
    cells.zones = source.zones.map(function (zone) {
      const line = body.insertRow(), head = cell(line, "th");
      head.scope = "row";
      if (zone.parent) line.className = "parent";
      return { head: head, people: cell(line, "td"), difference: cell(line, "td"), share: cell(line, "td") };
    });
  }

  function listen() {
    /* In the capturing phase, so that the page's own listener paints all of what is set here. */
    document.addEventListener("change", function (event) {
      if (event.target.name === "when") switchTo(event.target.value);
    }, true);
    element("whatif-limit").addEventListener("input", function (event) {
      chosen.limit = Number(event.target.value);
      soon();
    });
    element("whatif-now").addEventListener("click", function () { reset("now"); });
    if (source.has_after) element("whatif-after").addEventListener("click", function () { reset("after"); });
    element("whatif-download").addEventListener("click", download);
    window.addEventListener("hashchange", restore);
    map.on("walkcover:language", function () {
      nameParts();
      if (active()) refresh();
    });
    sites.forEach(function (site, row) {
      const marker = markers.get(site.id);
      if (!marker) return;
      marker.on("add", function () { mark(row); });
      marker.on("click", function () { if (active()) toggle(row); });
      /* A sign that has the focus answers to the keyboard as a button does. */
      marker.on("keypress", function (event) {
        if (active() && (event.originalEvent.key === "Enter" || event.originalEvent.key === " ")) {
          event.originalEvent.preventDefault();
          toggle(row);
        }
      });
      marker.bindTooltip(function () {
        const box = document.createElement("span");
        box.textContent = site.title;
        if (active() && counted) {
          box.textContent += " · " + (chosen.open[row] ? word("status_open") : word("status_closed")) +
            " · " + number(counted.load[row] / source.fractions) + " " + word("unit_people");
        }
        return box;
      });
    });
  }

  /* Reached by keyboard in the list, a site is ringed on the map. */
  function ringSites() {
    const list = element("whatif-sites");
    list.addEventListener("focusin", function (event) {
      const row = cells.sites.findIndex(function (one) { return one.box === event.target; });
      if (row >= 0) ring.setLatLng([sites[row].lat, sites[row].lon]).addTo(map);
    });
    list.addEventListener("focusout", function () { ring.remove(); });
  }

  const api = { chosen: chosen, scenario: scenario, recount_ms: 0, refresh_ms: 0 };
  walkcover.whatIf = api;
  const slider = element("whatif-limit");
  slider.min = source.shortest;
  slider.max = source.longest;
  slider.value = source.limit;
  element("whatif-name").value = source.name;
  buildSites();
  buildZones();
  nameParts();
  listen();
  ringSites();
  restore();
});
