"use strict";
/* Plays the building of the suggested sites, stage by stage, beside the curve of what is covered. */
walkcover.extend(function (map) {
  const data = walkcover.data, words = walkcover.words, player = document.getElementById("player");
  if (!player) return;
  const steps = walkcover.unpackJson(data.player.steps), start = data.player.start, last = steps.length;
  const WIDTH = 300, HEIGHT = 118, LEFT = 34, RIGHT = 8, TOP = 8, BOTTOM = 20;
  const PLAY_MS = Math.max(150, Math.min(1000, 20000 / last));
  const MOST_DOTS = 60;
  const byId = function (id) { return document.getElementById(id); };
  const slider = byId("step"), list = byId("steps"), text = byId("step-text"), play = byId("step-play");
  const ring = L.circleMarker([0, 0], { radius: 17, className: "step-ring", interactive: false, pane: walkcover.pane(map, "step-ring", 590) });
  let step = 0, timer = 0, used = false, own = false, count = null;
  slider.max = last;

  function shareAt(k) { return k ? steps[k - 1].share : start.share; }

  /* The curve. Its axis starts at a round tenth below the first share, and says so. */

  const floor = Math.min(0.9, Math.floor(start.share * 10) / 10);
  function x(k) { return LEFT + (WIDTH - LEFT - RIGHT) * k / last; }
  function y(share) { return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share) / (1 - floor); }

  function draw(parent, name, attributes, said) {
    const element = L.SVG.create(name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (said !== undefined) element.textContent = said;
    parent.appendChild(element);
    return element;
  }

  const svg = draw(byId("curve"), "svg", { viewBox: "0 0 " + WIDTH + " " + HEIGHT, role: "img" });
  [floor, (1 + floor) / 2, 1].forEach(function (share) {
    draw(svg, "line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) });
    draw(svg, "text", { class: "y", x: LEFT - 4, y: y(share) + 4 }, +(share * 100).toFixed(1) + "%");
  });
  let path = "M" + x(0) + " " + y(start.share);
  steps.forEach(function (one, i) { path += " H" + x(i + 1) + " V" + y(one.share); });
  draw(svg, "path", { class: "line", d: path });
  const stageTexts = [];
  steps.forEach(function (one, i) {
    if (i && one.stage === steps[i - 1].stage) return;
    if (i) draw(svg, "line", { class: "stage", x1: x(i + 0.5), x2: x(i + 0.5), y1: TOP, y2: HEIGHT - BOTTOM });
    let end = i;
    while (end < last && steps[end].stage === one.stage) end++;
    const middle = (x(i) + x(end)) / 2;
    stageTexts.push({ said: one.stage, wide: x(end) - x(i), element: draw(svg, "text", { class: "x", x: middle, y: HEIGHT - 5 }) });
  });
  if (last <= MOST_DOTS) steps.forEach(function (one, i) { draw(svg, "circle", { class: "dot", cx: x(i + 1), cy: y(one.share), r: 2.6 }); });
  const cursor = draw(svg, "circle", { class: "cursor", r: 5.5 });
  svg.addEventListener("click", function (event) {
    const frame = svg.getBoundingClientRect();
    const at = (event.clientX - frame.left) * WIDTH / frame.width;
    go(Math.round((at - LEFT) / (WIDTH - LEFT - RIGHT) * last));
  });

  /* The list: a button per step, so that a keyboard and a screen reader have them too. */

  const buttons = [];
  function write() {
    svg.setAttribute("aria-label", words.player_curve);
    stageTexts.forEach(function (one) {
      const said = walkcover.say(one.said);
      let width = 0;
      for (const letter of said) width += letter.charCodeAt(0) > 0x2e80 ? 11 : 6;
      one.element.textContent = width <= one.wide + 6 ? said : "";
    });
    list.replaceChildren();
    buttons.length = 0;
    steps.forEach(function (one, i) {
      if (!i || one.stage !== steps[i - 1].stage) {
        const head = list.appendChild(document.createElement("li"));
        head.className = "stage";
        head.textContent = walkcover.say(one.stage);
      }
      const button = list.appendChild(document.createElement("li")).appendChild(document.createElement("button"));
      button.type = "button";
      const number = document.createElement("i"), name = document.createElement("span"), gain = document.createElement("small");
      number.textContent = one.order;
      name.textContent = [one.zone, one.near].filter(Boolean).join(" ") || one.site;
      button.title = one.site;
      gain.textContent = "+" + one.gained;
      button.append(number, " ", name, " ", gain);
      button.addEventListener("click", function () { go(i + 1); });
      buttons.push(button);
    });
    show();
  }

  function show() {
    const now = step ? steps[step - 1] : null;
    cursor.setAttribute("cx", x(step));
    cursor.setAttribute("cy", y(shareAt(step)));
    slider.value = step;
    buttons.forEach(function (button, i) {
      button.classList.toggle("built", i < step);
      if (i === step - 1) button.setAttribute("aria-current", "step"); else button.removeAttribute("aria-current");
    });
    if (now) list.scrollTop = buttons[step - 1].offsetTop - list.clientHeight / 2;
    const where = now ? words.player_step.replace("{step}", step).replace("{count}", last) : words.player_start;
    const gain = now
      ? words.player_gain.replace("{people}", now.gained).replace("{share}", now.share_text)
      : start.share_text;
    text.textContent = where + " · " + gain;
    slider.setAttribute("aria-valuetext", text.textContent);
    mark();
  }

  /* Before the player is used the map shows all suggestions; then what is built up to its step. */
  function mark() {
    for (const one of walkcover.state.markers) {
      const sign = one.marker.getElement();
      if (sign) sign.classList.toggle("unbuilt", used && one.site.order > step);
    }
    if (used && step) ring.setLatLng(steps[step - 1].at).addTo(map); else ring.remove();
  }

  /* Now, or after building: as if the reader had switched, so that everything follows. */
  function switchTo(value) {
    const input = document.querySelector("input[name=when][value=" + value + "]");
    if (input.checked) return;
    input.checked = true;
    own = true;
    input.dispatchEvent(new Event("change"));
    own = false;
  }

  /* Dots, zones and legend of a step between: counted anew from the walks to every site. */
  function showBetween() {
    const between = step > 0 && step < last;
    document.body.classList.toggle("stepping", between);
    if (!data.player.recount) return;
    if (between) {
      const counting = walkcover.counting, order = steps[step - 1].order, source = data.whatif;
      const open = Uint8Array.from(counting.sites(), function (site) { return site.after && site.order <= order ? 1 : 0; });
      const shown = walkcover.state.override !== null && count !== null;
      const changed = count ? counting.change(count, open, source.limit) : undefined;
      count = count || counting.open(open, source.limit);
      counting.show(map, count, function () { return []; }, shown ? changed : undefined);
    } else if (walkcover.state.override) {
      walkcover.state.override = null;
      walkcover.state.residences.repaint();
      map.fire("walkcover:state");
    }
  }

  function go(k) {
    step = Math.max(0, Math.min(last, k));
    used = true;
    switchTo(step === last ? "after" : "before");
    showBetween();
    show();
    if (step && !map.getBounds().contains(steps[step - 1].at)) map.panTo(steps[step - 1].at);
    map.fire("walkcover:step", { step: step, order: step ? steps[step - 1].order : 0 });
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    face();
  }

  function face() {
    const key = timer ? "player_pause" : "player_play";
    play.textContent = timer ? "❚❚" : "▶";
    play.dataset.label = key;
    play.title = words[key];
    play.setAttribute("aria-label", words[key]);
  }

  play.addEventListener("click", function () {
    if (timer) { pause(); return; }
    if (step === last) go(0);
    timer = setInterval(function () {
      go(step + 1);
      if (step === last) pause();
    }, PLAY_MS);
    face();
  });
  byId("step-back").addEventListener("click", function () { pause(); go(step - 1); });
  byId("step-forward").addEventListener("click", function () { pause(); go(step + 1); });
  slider.addEventListener("input", function () { pause(); go(Number(slider.value)); });
  document.querySelectorAll("input[name=when]").forEach(function (input) {
    input.addEventListener("change", function () {
      if (own) return;
      pause();
      used = false;
      if (input.value !== "whatif") {
        step = input.value === "after" ? last : 0;
        showBetween();
      } else document.body.classList.remove("stepping");
      show();
    });
  });
  map.on("layeradd", function () { if (used) mark(); });
  map.on("walkcover:language", write);
  write();
  face();
});
