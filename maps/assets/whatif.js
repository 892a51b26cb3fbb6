"use strict";
/*
 * Opens and closes sites in the page and counts anew. Everything is counted from walks of the run,
 * rounded up to steps of 10 s; the limit moves in the same steps, so that people come out exactly.
 */
const walkcoverWhatIf = (function () {
  const source = walkcover.data.whatif;
  const shared = walkcover.state;
  const sites = source.sites;
  const GAP = 3;
  const NOT_SNAPPED = 4;
  const DASH = "—";
  const rowOf = new Map(sites.map(function (site, row) { return [site.id, row]; }));
  /* What is open now and after building; "base" is what the difference is taken to. */
  const STATES = { now: flags("now"), after: flags("after") };
  const chosen = { base: "now", open: STATES.now.slice(), limit: source.limit };
  const markers = new Map();
  const cells = {};
  let model = null, counted = null, baseline = null, waiting = false, restoring = false, theMap = null;

  function flags(key) {
    return Uint8Array.from(sites, function (site) { return site[key] ? 1 : 0; });
  }

  function element(id) { return document.getElementById(id); }

  function word(key) { return walkcover.say(source.words[key]); }

  function fill(key, values) {
    return word(key).replace(/\{(\w+)\}/g, function (all, name) { return name in values ? values[name] : all; });
  }

  const running = walkcover.running;

  /* Pairs come site by site; they are sorted into rows by residence, the nearest site first. */
  function readPairs(residences) {
    const counts = walkcover.unpack(source.counts);
    const home = running(walkcover.unpack(source.residences));
    const key = running(walkcover.unpack(source.steps));
    const tied = running(walkcover.unpack(source.tied));
    const turn = walkcover.unpack(source.turn);
    /* Among equal steps the turn decides: it keeps the order of the unrounded walks. */
    const turns = turn.reduce(function (a, b) { return Math.max(a, b); }, 0) + 1;
    for (let pair = 0; pair < key.length; pair++) key[pair] *= turns;
    for (let i = 0; i < tied.length; i++) key[tied[i]] += turn[i];
    const starts = new Int32Array(residences + 1);
    for (let pair = 0; pair < home.length; pair++) starts[home[pair] + 1]++;
    running(starts);
    const next = starts.slice(), site = new Int32Array(home.length), sorted = new Int32Array(home.length);
    let pair = 0;
    for (let row = 0; row < counts.length; row++) {
      for (const end = pair + counts[row]; pair < end; pair++) {
        const first = starts[home[pair]];
        let at = next[home[pair]]++;
        for (; at > first && sorted[at - 1] > key[pair]; at--) {
          sorted[at] = sorted[at - 1];
          site[at] = site[at - 1];
        }
        sorted[at] = key[pair];
        site[at] = row;
      }
    }
    for (let i = 0; i < sorted.length; i++) sorted[i] = Math.floor(sorted[i] / turns);
    return { starts: starts, site: site, steps: sorted };
  }

  /* Read on first use: who only looks at the map does not wait for it. */
  function need() {
    if (model) return model;
    const points = shared.residences, people = walkcover.unpack(source.people);
    model = readPairs(people.length);
    model.people = people;
    model.zone = points.zone;
    model.fixed = points.states[0].classes;
    model.zones = source.zones.length ? 1 + source.zones.reduce(function (most, zone) { return Math.max(most, ...zone.parts); }, -1) : 0;
    model.total = people.reduce(function (sum, count) { return sum + count; }, 0);
    model.inZone = new Float64Array(model.zones);
    for (let i = 0; i < people.length; i++) if (points.zone[i] >= 0) model.inZone[points.zone[i]] += people[i];
    return model;
  }

  /*
   * Walk every residence to its first open site. People are whole numbers of people or of
   * thousandths, so that sums are exact; `classes` are those of the legend.
   */
  function recount(open, limit) {
    const m = need(), n = m.people.length, third = source.band;
    const result = {
      people: 0, personSteps: 0, load: new Float64Array(sites.length), zones: new Float64Array(m.zones),
      classes: new Uint8Array(n), site: new Int32Array(n), steps: new Int32Array(n), limit: limit,
    };
    for (let i = 0; i < n; i++) {
      let pair = m.starts[i];
      const end = m.starts[i + 1];
      while (pair < end && !open[m.site[pair]]) pair++;
      const found = pair < end;
      result.site[i] = found ? m.site[pair] : -1;
      result.steps[i] = found ? m.steps[pair] : -1;
      if (!found || m.steps[pair] > limit) {
        result.classes[i] = m.fixed[i] >= NOT_SNAPPED ? m.fixed[i] : GAP;
        continue;
      }
      const people = m.people[i], steps = m.steps[pair];
      result.classes[i] = m.fixed[i] >= NOT_SNAPPED ? m.fixed[i] : steps <= third ? 0 : steps <= 2 * third ? 1 : 2;
      result.people += people;
      result.personSteps += people * steps;
      result.load[m.site[pair]] += people;
      if (m.zone[i] >= 0) result.zones[m.zone[i]] += people;
    }
    result.sites = open.reduce(function (sum, one) { return sum + one; }, 0);
    return result;
  }

  function figuresOf(result) {
    const people = result.people / source.fractions, total = model.total / source.fractions;
    return {
      covered_people: people,
      covered_share: total ? people / total : NaN,
      gap_people: total - people,
      mean_walk_s: result.people ? source.step_s * result.personSteps / result.people : NaN,
      sites: result.sites,
      people_per_site: result.sites ? total / result.sites : NaN,
    };
  }

  function share(part) {
    if (!isFinite(part)) return DASH;
    if (part >= 0.9995 && part < 1) return ">99.9%";
    if (part > 0 && part < 0.0005) return "<0.1%";
    return (100 * part).toFixed(1) + "%";
  }

  function number(value) { return isFinite(value) ? walkcover.count(value) : DASH; }

  function signed(value, text) {
    if (!isFinite(value)) return DASH;
    const size = text(Math.abs(value));
    return /[1-9]/.test(size) ? (value > 0 ? "+" : "−") + size : "0";
  }

  const WRITE = {
    covered_share: { value: share, difference: function (d) { return signed(d, function (x) { return (100 * x).toFixed(1) + " " + word("unit_points"); }); } },
    mean_walk_s: {
      value: function (s) { return isFinite(s) ? (s / 60).toFixed(1) : DASH; },
      difference: function (d) { return signed(d, function (x) { return (x / 60).toFixed(1); }); },
    },
  };
  const PLAIN = { value: number, difference: function (d) { return signed(d, walkcover.count); } };

  function put(key, value, text) {
    const cell = cells[key] || (cells[key] = document.querySelector('[data-key="' + key + '"]'));
    cell.textContent = text;
    cell.dataset.value = value;
  }

  function minutes(steps) {
    const s = steps * source.step_s;
    return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
  }

  function showFigures() {
    const now = figuresOf(counted), base = figuresOf(baseline);
    for (const key in now) {
      const write = WRITE[key] || PLAIN;
      put("whatif." + key, now[key], write.value(now[key]));
      put("whatif_base." + key, base[key], write.value(base[key]));
      put("whatif_difference." + key, now[key] - base[key], write.difference(now[key] - base[key]));
    }
    for (const part of document.querySelectorAll("[data-whatif-label]")) {
      part.setAttribute("aria-label", word(part.dataset.whatifLabel));
    }
    element("whatif-base-name").textContent = chosen.base === "after" ? word("after") : word("before");
    element("whatif-limit").value = chosen.limit;
    const text = minutes(chosen.limit) + " " + word("unit_min");
    element("whatif-limit").setAttribute("aria-valuetext", text);
    element("whatif-limit-text").textContent = text;
    element("whatif-said").classList.remove("warning");
    element("whatif-said").textContent = fill("whatif_said", {
      people: number(now.covered_people), share: share(now.covered_share),
      difference: PLAIN.difference(now.covered_people - base.covered_people),
    });
  }

  function showSites() {
    const one = source.fractions;
    for (let row = 0; row < sites.length; row++) {
      const line = cells.sites[row], load = counted.load[row] / one;
      line.box.checked = chosen.open[row] === 1;
      line.load.textContent = (load > source.norm_high ? "▲ " : "") + number(load);
      line.load.dataset.value = load;
      line.difference.textContent = PLAIN.difference(load - baseline.load[row] / one);
      line.line.classList.toggle("changed", chosen.open[row] !== STATES[chosen.base][row]);
      mark(row);
    }
  }

  function inParts(values, zone) {
    return zone.parts.reduce(function (sum, part) { return sum + values[part]; }, 0) / source.fractions;
  }

  function showZones() {
    source.zones.forEach(function (zone, i) {
      const line = cells.zones[i], people = inParts(counted.zones, zone);
      line.head.textContent = walkcover.say(zone.title);
      line.people.textContent = number(people);
      line.people.dataset.value = people;
      line.difference.textContent = PLAIN.difference(people - inParts(baseline.zones, zone));
      line.share.textContent = share(people / inParts(model.inZone, zone));
    });
  }

  /* The legend keeps its bands; the widest one ends at the limit that is set. */
  function showLegend() {
    const sums = cells.legend.map(function () { return [0, 0]; });
    for (let i = 0; i < counted.classes.length; i++) {
      sums[counted.classes[i]][0]++;
      sums[counted.classes[i]][1] += model.people[i];
    }
    cells.legend.forEach(function (line, which) {
      line[0].textContent = number(sums[which][0]);
      line[1].textContent = number(sums[which][1] / source.fractions);
      line[1].dataset.value = sums[which][1] / source.fractions;
    });
    const low = 2 * source.band, far = cells.far;
    const text = fill("class_walk", {
      low: short(low * source.step_s / 60), high: short(counted.limit * source.step_s / 60),
    });
    far.cell.replaceChildren(...(counted.limit > low ? [far.own[0], text] : far.own));
  }

  function short(value) { return Number.isInteger(value) ? String(value) : value.toFixed(1); }

  /* A site's sign on the map says whether it is open here, and whether that is a change. */
  function mark(row) {
    const marker = markers.get(sites[row].id), icon = marker && marker.getElement();
    if (!icon) return;
    const open = chosen.open[row] === 1;
    icon.classList.toggle("open", open);
    icon.classList.toggle("shut", !open);
    icon.classList.toggle("changed", chosen.open[row] !== STATES[chosen.base][row]);
    if (active()) icon.setAttribute("aria-pressed", String(open)); else icon.removeAttribute("aria-pressed");
  }

  function active() { return document.body.classList.contains("whatif"); }

  /* The box that holds every residence whose class changes, or null where none does. */
  function changedBox(before, after) {
    const x = shared.residences.x, y = shared.residences.y;
    let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
    for (let i = 0; i < after.length; i++) {
      if (before[i] === after[i]) continue;
      if (x[i] < west) west = x[i];
      if (x[i] > east) east = x[i];
      if (y[i] < north) north = y[i];
      if (y[i] > south) south = y[i];
    }
    return west <= east ? [west, north, east, south] : null;
  }

  /* Count and show what has changed. */
  function refresh() {
    const start = performance.now(), before = counted;
    counted = recount(chosen.open, chosen.limit);
    baseline = baseline || recount(STATES[chosen.base], source.limit);
    api.recount_ms = performance.now() - start;
    shared.override = { classes: counted.classes, rows: residenceRows, zone: zoneNow };
    showFigures();
    showSites();
    showZones();
    showLegend();
    if (before) {
      const box = changedBox(before.classes, counted.classes);
      if (box) shared.residences.repaint(box);
    }
    theMap.fire("walkcover:state");
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

  /* Share of a zone in words and its class on the map: how many of the steps it has reached. */
  function zoneNow(id) {
    const zone = source.zones.find(function (one) { return one.id === id; });
    const part = zone ? inParts(counted.zones, zone) / inParts(model.inZone, zone) : NaN;
    if (!isFinite(part)) return { share: "", class: -1 };
    return { share: share(part), class: source.share_steps.filter(function (step) { return part >= step; }).length };
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
    theMap.closePopup();
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

  /* A third body for the legend, like the first without the reasons below "not covered". */
  function buildLegend() {
    const first = document.querySelector("tbody.when-before"), body = document.createElement("tbody");
    body.className = "when-whatif";
    const lines = Array.from(first.rows).filter(function (line) { return !line.classList.contains("sub"); });
    cells.legend = lines.map(function (line) {
      const copy = body.appendChild(line.cloneNode(true));
      for (const part of copy.querySelectorAll("[data-key]")) {
        part.dataset.key = "whatif." + part.dataset.key;
        part.dataset.value = "";
      }
      return [copy.cells[1], copy.cells[2]];
    });
    const far = body.rows[2].cells[0];
    cells.far = { cell: far, own: Array.from(far.childNodes) };
    first.parentNode.appendChild(body);
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
    theMap.on("walkcover:language", function () { if (active()) refresh(); });
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

  function start(map) {
    theMap = map;
    for (const one of shared.markers) markers.set(one.site.id, one.marker);
    const slider = element("whatif-limit");
    slider.min = source.shortest;
    slider.max = source.longest;
    slider.value = source.limit;
    element("whatif-name").value = source.name;
    buildSites();
    buildZones();
    buildLegend();
    listen();
    restore();
  }

  const api = {
    toggle: toggle, reset: reset, recount: recount, scenario: scenario,
    chosen: chosen, recount_ms: 0, refresh_ms: 0,
  };
  walkcover.extend(start);
  return api;
})();
