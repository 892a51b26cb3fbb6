"use strict";
/*
 * Counts who walks to which open site, from walks of the run rounded up to steps of 10 s; limits
 * are whole steps, so that people come out exactly.
 */
walkcover.counting = (function () {
  const source = walkcover.data.whatif, state = walkcover.state, running = walkcover.running;
  const GAP = 3, NOT_SNAPPED = 4, CLASSES = 6;
  /* With more changes at once than this, all are counted anew. */
  const FEW_SITES = 6;
  const DASH = "—";
  let model = null, siteList = null;

  function sites() { return (siteList = siteList || walkcover.unpackJson(source.sites)); }

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
    const next = starts.slice(), site = new Uint16Array(home.length), sorted = new Int32Array(home.length);
    const firsts = new Int32Array(counts.length + 1);
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
      firsts[row + 1] = pair;
    }
    for (let i = 0; i < sorted.length; i++) sorted[i] = Math.floor(sorted[i] / turns);
    return { starts: starts, site: site, steps: sorted, home: home, firsts: firsts };
  }

  /* Read on first use: who only looks at the map does not wait for it. */
  function need() {
    if (model) return model;
    const points = state.residences;
    model = readPairs(points.x.length);
    model.people = source.people ? walkcover.unpack(source.people) : points.people;
    model.zone = points.zone;
    model.fixed = points.states[0].classes;
    model.zones = source.zones.reduce(function (most, zone) { return Math.max(most, ...zone.parts); }, -1) + 1;
    model.total = model.people.reduce(function (sum, people) { return sum + people; }, 0);
    model.inZone = new Float64Array(model.zones);
    for (let i = 0; i < model.people.length; i++) {
      if (model.zone[i] >= 0) model.inZone[model.zone[i]] += model.people[i];
    }
    return model;
  }

  /* Walk a residence to its first open site. */
  function judge(count, i) {
    const m = model, end = m.starts[i + 1];
    let pair = m.starts[i];
    while (pair < end && !count.open[m.site[pair]]) pair++;
    const found = pair < end, steps = found ? m.steps[pair] : -1;
    count.site[i] = found ? m.site[pair] : -1;
    count.steps[i] = steps;
    if (m.fixed[i] >= NOT_SNAPPED) count.classes[i] = m.fixed[i];
    else if (!found || steps > count.limit) count.classes[i] = GAP;
    else count.classes[i] = steps <= source.band ? 0 : steps <= 2 * source.band ? 1 : 2;
  }

  /* Add a residence to the sums, or take it out with the sign -1. All sums are whole numbers. */
  function add(count, i, sign) {
    const m = model, people = sign * m.people[i];
    count.inClass[count.classes[i]] += sign;
    count.peopleIn[count.classes[i]] += people;
    if (count.steps[i] < 0 || count.steps[i] > count.limit) return;
    count.people += people;
    count.personSteps += people * count.steps[i];
    count.load[count.site[i]] += people;
    if (m.zone[i] >= 0) count.zones[m.zone[i]] += people;
  }

  function countAll(count, open, limit) {
    count.open = open.slice();
    count.limit = limit;
    count.people = count.personSteps = 0;
    for (const key of ["load", "zones", "inClass", "peopleIn"]) count[key].fill(0);
    for (let i = 0; i < model.people.length; i++) {
      judge(count, i);
      add(count, i, 1);
    }
    return count;
  }

  /*
   * Count with some sites open: people and their steps within the limit, people by site (`load`),
   * by zone of residence, and residences and people by class of the legend. People are whole
   * numbers of people or of the fractions that the data name.
   */
  function countOpen(open, limit) {
    const m = need(), n = m.people.length;
    return countAll({
      load: new Float64Array(sites().length), zones: new Float64Array(m.zones),
      inClass: new Float64Array(CLASSES), peopleIn: new Float64Array(CLASSES),
      classes: new Uint8Array(n), site: new Int32Array(n), steps: new Int32Array(n),
    }, open, limit);
  }

  /* Bring a count to other open sites and another limit; gives residences whose class changed. */
  function change(count, open, limit) {
    const changed = [], rows = [];
    for (let row = 0; row < open.length; row++) if (open[row] !== count.open[row]) rows.push(row);
    if (limit !== count.limit || rows.length > FEW_SITES) {
      const before = count.classes.slice();
      countAll(count, open, limit);
      for (let i = 0; i < before.length; i++) if (before[i] !== count.classes[i]) changed.push(i);
      return changed;
    }
    for (const row of rows) {
      count.open[row] = open[row];
      for (let pair = model.firsts[row]; pair < model.firsts[row + 1]; pair++) {
        const i = model.home[pair], before = count.classes[i];
        add(count, i, -1);
        judge(count, i);
        add(count, i, 1);
        if (before !== count.classes[i]) changed.push(i);
      }
    }
    return changed;
  }

  function openSites(count) { return count.open.reduce(function (sum, one) { return sum + one; }, 0); }

  function figures(count) {
    const people = count.people / source.fractions, total = model.total / source.fractions, open = openSites(count);
    return {
      covered_people: people,
      covered_share: total ? people / total : NaN,
      gap_people: total - people,
      mean_walk_s: count.people ? source.step_s * count.personSteps / count.people : NaN,
      sites: open,
      people_per_site: open ? total / open : NaN,
    };
  }

  function share(part) {
    if (!isFinite(part)) return DASH;
    if (part >= 0.9995 && part < 1) return ">99.9%";
    if (part > 0 && part < 0.0005) return "<0.1%";
    return (100 * part).toFixed(1) + "%";
  }

  /* People of an entry of the list of zones, from sums by zone of residence. */
  function inParts(values, zone) {
    return zone.parts.reduce(function (sum, part) { return sum + values[part]; }, 0) / source.fractions;
  }

  function zoneShare(count, zone) { return inParts(count.zones, zone) / inParts(model.inZone, zone); }

  /* Share of a zone in words and its class on the map: how many of the steps it has reached. */
  function zoneOf(count, id) {
    const zone = source.zones.find(function (one) { return one.id === id; });
    const part = zone ? zoneShare(count, zone) : NaN;
    if (!isFinite(part)) return { share: "", class: -1 };
    return { share: share(part), class: source.share_steps.filter(function (step) { return part >= step; }).length };
  }

  /* Have map, labels and legend show a count; `rows` says more of a residence in its popup. */
  function show(map, count, rows, changed) {
    state.override = { count: count, classes: count.classes, rows: rows, zone: function (id) { return zoneOf(count, id); } };
    state.residences.repaint(changed);
    map.fire("walkcover:state");
  }

  return {
    sites: sites, open: countOpen, change: change, figures: figures, share: share,
    inParts: inParts, zoneShare: zoneShare, show: show, DASH: DASH,
  };
})();
