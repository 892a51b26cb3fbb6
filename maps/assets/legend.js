"use strict";
/* The legend's numbers follow a state that the page has counted itself, in what-if and at a step. */
walkcover.extend(function (map) {
  const source = walkcover.data.whatif, state = walkcover.state;
  const first = document.querySelector("tbody.when-before"), body = document.createElement("tbody");
  body.className = "when-counted";
  /* Like the first, without the reasons below "not covered". */
  const lines = Array.from(first.rows).filter(function (line) { return !line.classList.contains("sub"); });
  const cells = lines.map(function (line) {
    const copy = body.appendChild(line.cloneNode(true));
    for (const part of copy.querySelectorAll("[data-key]")) {
      part.dataset.key = "whatif." + part.dataset.key;
      part.dataset.value = "";
    }
    return [copy.cells[1], copy.cells[2]];
  });
  const far = body.rows[2].cells[0], own = Array.from(far.childNodes);
  first.parentNode.appendChild(body);

  function minutes(steps) {
    const value = steps * source.step_s / 60;
    return Number.isInteger(value) ? String(value) : value.toFixed(1);
  }

  /* The bands keep their limits; the widest one ends at the limit that is set. */
  function write(count) {
    cells.forEach(function (line, which) {
      const people = count.peopleIn[which] / source.fractions;
      line[0].textContent = walkcover.count(count.inClass[which]);
      line[1].textContent = walkcover.count(people);
      line[1].dataset.value = people;
    });
    const text = walkcover.say(source.words.class_walk)
      .replace("{low}", minutes(2 * source.band)).replace("{high}", minutes(count.limit));
    far.replaceChildren(...(count.limit > 2 * source.band ? [own[0], text] : own));
  }

  map.on("walkcover:state walkcover:language", function () {
    const count = state.override && state.override.count;
    document.body.classList.toggle("counted", Boolean(count));
    if (count) write(count);
  });
});
