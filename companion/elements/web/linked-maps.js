// Maps of the same digits. The digit that is pointed at is marked on every map, joined to its ten nearest neighbours in pixels:
// by a line where the map has kept one among its own ten nearest, dashed where it has not.
companionFigures.define("linked-maps", (root, [model]) => {
  const { html, inks, once, plane, status, choice, picture } = companionFigures.parts;
  const { maps, labels, neighbours, kept: average, start } = model.facts;
  const OTHER = ["#CC6677", "#332288", "#DDCC77", "#117733", "#88CCEE", "#9933EE", "#44AA99", "#999933", "#AA4499", "#555555"];
  const count = labels.length, all = Array.from({ length: count }, (_, i) => i);
  let digit = start;

  // A map in a square from 0 to 1, as large as fits, up at the top.
  const placed = (name) => {
    const z = model.numbers(`map ${name}`), ends = [0, 1].map((a) => {
      const own = z.filter((_, i) => i % 2 === a);
      return [own.reduce((x, y) => Math.min(x, y)), own.reduce((x, y) => Math.max(x, y))];
    });
    const size = Math.max(...ends.map(([a, b]) => b - a));
    return z.map((v, i) => 0.5 + (i % 2 ? -1 : 1) * (v - (ends[i % 2][0] + ends[i % 2][1]) / 2) * 0.92 / size);
  };

  // The nearest points of a map to a place, the nearest first.
  function nearest(places, x, y, many, without = -1) {
    const best = [], far = []; // the nearest so far, and how far they lie
    for (let i = 0; i < count; i++) {
      const d = (places[2 * i] - x) ** 2 + (places[2 * i + 1] - y) ** 2;
      if (i === without || (best.length === many && d >= far[many - 1])) continue;
      let k = best.length === many ? many - 1 : best.length;
      for (; k > 0 && far[k - 1] > d; k--) { best[k] = best[k - 1]; far[k] = far[k - 1]; }
      best[k] = i;
      far[k] = d;
    }
    return best;
  }

  // Where a kind is densest: there its digit is written.
  function crowd(places, kind) {
    const own = all.filter((i) => labels[i] === kind), fifth = Math.ceil(own.length / 5) - 1;
    const reach = own.map((i) => own.map((j) => (places[2 * i] - places[2 * j]) ** 2 + (places[2 * i + 1] - places[2 * j + 1]) ** 2).sort((a, b) => a - b)[fifth]);
    return own[reach.indexOf(Math.min(...reach))];
  }

  const kinds = [...new Set(labels)].sort((a, b) => a - b);
  const views = maps.map((name) => {
    const places = placed(name), crowds = kinds.map((kind) => [kind, crowd(places, kind)]);
    const at = (i, side) => [places[2 * i] * side, places[2 * i + 1] * side];
    // Below, all digits, drawn anew only when a class is chosen or the page turns dark; above, what is marked.
    const ground = plane({ "aria-hidden": "true" }, (pen, side) => {
      const only = lit(), r = Math.max(1.5, side / 130);
      for (const light of [false, true]) {
        pen.globalAlpha = light ? 1 : 0.6;
        for (const i of all) {
          if ((only === null || labels[i] === only) !== light) continue;
          pen.fillStyle = light ? colour(labels[i]) : ink("--line");
          pen.beginPath();
          pen.arc(...at(i, side), r, 0, 7);
          pen.fill();
        }
      }
      pen.globalAlpha = 1;
      Object.assign(pen, { font: "bold 16px sans-serif", textAlign: "center", textBaseline: "middle", lineWidth: 4, lineJoin: "round", strokeStyle: ink("--paper") });
      for (const [kind, i] of crowds) {
        if (only !== null && kind !== only) continue;
        pen.fillStyle = colour(kind);
        pen.strokeText(kind, ...at(i, side));
        pen.fillText(kind, ...at(i, side));
      }
    });
    const marks = plane({ tabindex: 0, role: "application", "aria-label": `${name}. Point at a digit; the arrow keys step to the next one on this map.` }, (pen, side) => {
      const here = nearest(places, places[2 * digit], places[2 * digit + 1], 10, digit);
      const line = ink("--ink"), halo = ink("--paper"), middle = at(digit, side);
      for (const [style, width] of [[halo, 3.5], [line, 1.5]]) {
        Object.assign(pen, { strokeStyle: style, lineWidth: width });
        for (const i of neighbours[digit]) {
          pen.setLineDash(here.includes(i) ? [] : [4, 3]);
          pen.beginPath();
          pen.moveTo(...middle);
          pen.lineTo(...at(i, side));
          pen.stroke();
        }
      }
      pen.setLineDash([]);
      for (const i of [...neighbours[digit], digit]) {
        Object.assign(pen, { fillStyle: colour(labels[i]), strokeStyle: line, lineWidth: i === digit ? 3 : 1.5 });
        pen.beginPath();
        pen.arc(...at(i, side), i === digit ? 7 : 3.5, 0, 7);
        pen.fill();
        pen.stroke();
      }
    });

    const point = (event) => {
      const box = marks.getBoundingClientRect();
      show(nearest(places, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, 1)[0]);
    };
    marks.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) point(event); });
    marks.addEventListener("pointerdown", point);
    // The next digit to one side: near, and rather straight ahead than aside.
    const step = ([dx, dy]) => {
      let best = digit, least = Infinity;
      for (const i of all) {
        const x = places[2 * i] - places[2 * digit], y = places[2 * i + 1] - places[2 * digit + 1];
        const ahead = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx), cost = ahead + 2 * aside;
        if (ahead > Math.max(1e-6, aside / 2) && cost < least) [best, least] = [i, cost];
      }
      digit = best;
    };
    marks.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      for (let k = 0; k < (event.shiftKey ? 5 : 1); k++) step(by);
      show(digit);
    });
    const caption = html("p", { class: "note" });
    return {
      name, ground, marks,
      keeps: () => {
        const here = nearest(places, places[2 * digit], places[2 * digit + 1], 10, digit);
        const many = neighbours[digit].filter((i) => here.includes(i)).length;
        caption.replaceChildren(html("b", {}, name), html("br"), `keeps ${many} of 10`);
        return many;
      },
      element: html("div", { class: "map" }, html("div", { class: "frame" }, ground, marks), caption),
    };
  });

  const ink = inks(root, () => views.forEach(({ ground, marks }) => { ground.redraw(); marks.redraw(); }));
  const colour = (kind) => ink(`--digit-${kind}`, OTHER[kind]);
  const classes = choice({
    label: "Light up", options: { all: "all", ...Object.fromEntries(kinds.map((kind) => [kind, String(kind)])) }, value: "all",
    onchange: () => views.forEach(({ ground }) => ground.redraw()),
  });
  for (const input of classes.querySelectorAll("input")) {
    if (input.value !== "all") input.nextSibling.style.setProperty("--own", `var(--digit-${input.value}, ${OTHER[input.value]})`);
  }
  const lit = () => (classes.value === "all" ? null : Number(classes.value));

  const large = picture(), others = neighbours[start].map(() => picture());
  const says = status();
  const tell = once(() => {
    large.show(model.numbers("pictures", digit), `The digit pointed at, a ${labels[digit]}.`);
    large.caption(`a ${labels[digit]}`);
    neighbours[digit].forEach((i, k) => {
      others[k].show(model.numbers("pictures", i), `Neighbour ${k + 1} in pixels, a ${labels[i]}.`);
      others[k].caption(String(labels[i]));
    });
    const found = views.map((view) => `${view.name} has ${view.keeps()}`);
    says.say(`A ${labels[digit]}. Of its ten nearest neighbours in pixels, ${found.slice(0, -1).join(", ")} and ${found.at(-1)} among its ten nearest on the map.`);
  });
  function show(i) {
    digit = i;
    for (const { marks } of views) marks.redraw();
    tell();
  }

  root.append(
    html("div", { class: "side" }, large, html("div", {}, html("p", { class: "note" }, "Its ten nearest in pixels:"), html("div", { class: "others" }, ...others))),
    html("div", { class: "maps" }, ...views.map(({ element }) => element)),
    says,
    html("p", { class: "note wide" }, `Full line: among the ten nearest on that map, too. Dashed: not. Kept on average over all ${count.toLocaleString("en")} digits: ` +
      `${maps.map((name, m) => `${name} ${average[m].toFixed(1)}`).join(", ")}.`),
    classes,
  );
  show(start);
});
