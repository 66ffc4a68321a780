// The Swiss roll in space, to be turned, beside a flat code of it. One brush, with a ring on each side: what lies in it lights up
// on both. On the roll it holds the points near one point in space, on the code those in a circle.
companionFigures.define("swiss-roll", (root, [model], figure) => {
  const { html, once, inks, plane, status, choice, draggable } = companionFigures.parts;
  const { codes, start, ring } = model.facts;
  const points = model.numbers("points"), length = model.numbers("arc length"), count = length.length;
  const BALL = 0.5; // radius of the brush on the roll, whose windings lie about .9 apart
  // From dark to light along the sheet (viridis): on a light page without its lightest part, on a dark one without its darkest.
  const RAMP = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];
  const low = length.reduce((a, b) => Math.min(a, b)), high = length.reduce((a, b) => Math.max(a, b));
  const reach = Math.max(...Array.from({ length: count }, (_, i) => Math.hypot(...points.subarray(3 * i, 3 * i + 3))));
  const tall = [1, -1].map((sign) => sign * Math.max(...Array.from({ length: count }, (_, i) => sign * points[3 * i + 1])));

  // A code in a square from 0 to 1, as large as fits, up at the top; its scale, and its greatest width.
  const flat = Object.fromEntries(codes.map((name) => {
    const z = model.numbers(`code ${name}`), ends = [0, 1].map((a) => {
      const own = z.filter((_, i) => i % 2 === a);
      return [own.reduce((x, y) => Math.min(x, y)), own.reduce((x, y) => Math.max(x, y))];
    });
    const size = Math.max(...ends.map(([a, b]) => b - a)), scale = 0.9 / size;
    const places = z.map((v, i) => 0.5 + (i % 2 ? -1 : 1) * (v - (ends[i % 2][0] + ends[i % 2][1]) / 2) * scale);
    return [name, { places, ring: ring * size * scale, width: widest(places, [...Array(count).keys()]) }];
  }));

  function widest(places, some) {
    let most = 0;
    for (const i of some) for (const j of some) most = Math.max(most, (places[2 * i] - places[2 * j]) ** 2 + (places[2 * i + 1] - places[2 * j + 1]) ** 2);
    return Math.sqrt(most);
  }

  let turn = 0.4, tilt = 1.15, side = "code", at = [0, 0], centre = 0, want = [0, 0], chosen = [];
  const seen = new Float32Array(3 * count); // the roll as it is turned: right, down, towards the reader, 0 to 1
  const order = Array.from({ length: count }, (_, i) => i);
  const shown = () => flat[which.value];

  function look() {
    const [ct, st, cp, sp] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
    for (let i = 0; i < count; i++) {
      const x = points[3 * i], y = points[3 * i + 1], z = points[3 * i + 2];
      const back = st * x + ct * z;
      seen[3 * i] = 0.5 + 0.47 * (ct * x - st * z) / reach;
      seen[3 * i + 1] = 0.5 - 0.47 * (cp * y - sp * back) / reach;
      seen[3 * i + 2] = 0.5 + 0.5 * (sp * y + cp * back) / reach;
    }
    order.sort((a, b) => seen[3 * a + 2] - seen[3 * b + 2]);
  }

  // What the brush holds, now that it has moved on one side.
  function choose() {
    const { places, ring: r } = shown();
    const far = side === "roll"
      ? (i) => Math.hypot(points[3 * i] - points[3 * centre], points[3 * i + 1] - points[3 * centre + 1], points[3 * i + 2] - points[3 * centre + 2]) / BALL
      : (i) => Math.hypot(places[2 * i] - at[0], places[2 * i + 1] - at[1]) / r;
    const distances = order.map((_, i) => far(i));
    chosen = distances.map((d) => d < 1);
    if (side === "roll") at = [places[2 * centre], places[2 * centre + 1]];
    else {
      centre = distances.indexOf(Math.min(...distances));
      want = [length[centre], points[3 * centre + 1]];
    }
    redraw();
  }

  const onRoll = (i) => { side = "roll"; centre = i; choose(); };
  const onCode = (x, y) => { side = "code"; at = [x, y].map((v) => Math.min(1, Math.max(0, v))); choose(); };

  // The point of the roll that is meant by a place: the foremost of those near it, else the nearest.
  function pointed(x, y) {
    let best = 0, least = Infinity;
    for (let i = 0; i < count; i++) {
      const d = Math.hypot(seen[3 * i] - x, seen[3 * i + 1] - y), cost = d < 0.04 ? -seen[3 * i + 2] : d;
      if (cost < least) [best, least] = [i, cost];
    }
    onRoll(best);
    want = [length[best], points[3 * best + 1]];
  }

  // Arrow keys walk over the sheet: along it, and across it. The sheet is about four times as long as it is high.
  function walk(dx, dy) {
    const within = (v, [most, least]) => Math.min(most, Math.max(least, v));
    want = [within(want[0] + dx * (high - low) / 50, [high, low]), within(want[1] + dy * (tall[0] - tall[1]) / 12, tall)];
    const cost = (i) => (4 * (length[i] - want[0]) / (high - low)) ** 2 + ((points[3 * i + 1] - want[1]) / (tall[0] - tall[1])) ** 2;
    const goal = want;
    onRoll(order.reduce((a, b) => (cost(b) < cost(a) ? b : a)));
    want = goal;
  }

  const ink = inks(figure, () => { recolour(); redraw(); });
  let colours = [];
  function recolour() {
    const [r, g, b] = getComputedStyle(figure).color.match(/[\d.]+/g).map(Number), dark = r + g + b > 382;
    const [first, last] = dark ? [0.35, 1] : [0, 0.62];
    const colour = (share) => {
      const t = (first + (last - first) * share) * (RAMP.length - 1), i = Math.min(RAMP.length - 2, Math.floor(t));
      return `rgb(${RAMP[i].map((v, k) => Math.round(v + (t - i) * (RAMP[i + 1][k] - v)))})`;
    };
    colours = Array.from(length, (v) => colour((v - low) / (high - low)));
    strip.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(colour)})`;
  }

  function dot(pen, x, y, r, i, line) {
    pen.fillStyle = colours[i];
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.fill();
    if (line) pen.stroke();
  }

  function circle(pen, x, y, r, mine) {
    Object.assign(pen, { strokeStyle: ink("--ink"), lineWidth: mine ? 2.5 : 1.5, globalAlpha: 1 });
    pen.setLineDash(mine ? [] : [3, 3]);
    pen.beginPath();
    pen.arc(x, y, mine ? r : 12, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
  }

  const roll = plane({ tabindex: 0, role: "application", "aria-label": "The roll. Drag it, or use the arrow keys, to turn it." }, (pen, width) => {
    look();
    Object.assign(pen, { strokeStyle: ink("--ink"), lineWidth: 1 });
    for (const i of order) {
      const near = seen[3 * i + 2];
      pen.globalAlpha = chosen[i] ? 1 : 0.35 + 0.5 * near;
      dot(pen, seen[3 * i] * width, seen[3 * i + 1] * width, (chosen[i] ? 2.6 : 1.6) + 1.4 * near, i, chosen[i]);
    }
    const [x, y] = seen.subarray(3 * centre);
    circle(pen, x * width, y * width, 0.47 * BALL / reach * width, side === "roll");
    put(grips.roll, x, y);
  });

  const code = plane({ "aria-hidden": "true" }, (pen, width) => {
    const { places, ring: r } = shown();
    Object.assign(pen, { strokeStyle: ink("--ink"), lineWidth: 1 });
    for (const lit of [false, true]) { // the chosen ones over the others
      pen.globalAlpha = lit ? 1 : 0.7;
      for (let i = 0; i < count; i++) if (chosen[i] === lit) dot(pen, places[2 * i] * width, places[2 * i + 1] * width, lit ? 3.6 : 2.3, i, lit);
    }
    circle(pen, at[0] * width, at[1] * width, r * width, side === "code");
    put(grips.code, ...at);
  });

  const put = (grip, x, y) => { grip.style.left = `${100 * x}%`; grip.style.top = `${100 * y}%`; };
  const grip = (words) => html("div", { class: "grip", tabindex: 0, role: "application", "aria-label": words });
  const grips = {
    roll: grip("The ring on the roll. Drag it; or left and right walk along the sheet, up and down across it."),
    code: grip("The ring on the code. Drag it, or use the arrow keys."),
  };
  const frames = { roll: html("div", { class: "frame" }, roll, grips.roll), code: html("div", { class: "frame" }, code, grips.code) };
  draggable(grips.roll, frames.roll, { move: pointed, step: walk });
  draggable(grips.code, frames.code, { move: onCode, step: (dx, dy) => onCode(at[0] + dx * 0.02, at[1] - dy * 0.02) });

  // Beside the ring: a press puts the ring there; on the roll, dragging turns.
  const place = (canvas, event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  let from = null, moved = 0;
  roll.addEventListener("pointerdown", (event) => { roll.setPointerCapture(event.pointerId); from = [event.clientX, event.clientY]; moved = 0; });
  roll.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) return;
    const by = [event.clientX - from[0], event.clientY - from[1]];
    moved += Math.abs(by[0]) + Math.abs(by[1]);
    from = [event.clientX, event.clientY];
    turnBy(by[0] / 120, by[1] / 120);
  });
  roll.addEventListener("pointerup", (event) => { if (from && moved < 6) pointed(...place(roll, event)); from = null; });
  roll.addEventListener("pointercancel", () => { from = null; });
  roll.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    turnBy(...by.map((d) => d * (event.shiftKey ? 0.4 : 0.08)));
  });
  code.addEventListener("click", (event) => onCode(...place(code, event)));
  function turnBy(right, down) {
    turn -= right;
    tilt = Math.min(1.57, Math.max(-1.57, tilt + down));
    roll.redraw();
  }

  const says = status();
  const tell = once(() => {
    const some = order.filter((i) => chosen[i]), own = some.map((i) => length[i]);
    if (!some.length) return says.say("No point lies in the ring. Move it to where points are.");
    const apart = Math.max(...own) - Math.min(...own), whole = Math.round(high - low), { places, width } = shown();
    const many = some.length === 1 ? "1 point lies" : `${some.length} points lie`;
    if (side === "roll") {
      const share = Math.round(100 * widest(places, some) / width);
      return says.say(`${many} in the ring on the roll, at most ${apart.toFixed(0)} apart along the sheet, which is ${whole} long. In the code, the farthest two lie ${share} % of its width apart.`);
    }
    says.say(`${many} in the ring on the code. Along the sheet, which is ${whole} long, the farthest two lie ${apart.toFixed(0)} apart: ` +
      (apart > whole / 4 ? "close in this code does not mean close on the sheet." : "here, close in the code means close on the sheet."));
  });
  function redraw() { roll.redraw(); code.redraw(); tell(); }

  const which = choice({
    label: "The code", options: Object.fromEntries(codes.map((name) => [name, name])), value: figure.dataset.code,
    onchange: () => { if (side === "code") at = [...shown().places.subarray(2 * centre, 2 * centre + 2)]; choose(); },
  });
  const strip = html("div", { class: "strip" });
  root.append(
    which,
    html("div", { class: "views" },
      html("div", {}, html("p", { class: "note" }, "The roll. Drag beside the ring to turn it."), frames.roll),
      html("div", {}, html("p", { class: "note" }, "Its code of two numbers. Drag the ring."), frames.code)),
    html("div", { class: "key" }, html("span", {}, `inner end, ${Math.round(low)}`), strip, html("span", {}, `${Math.round(high)}, outer end`),
      html("p", { class: "note" }, "Colour: arc length along the sheet")),
    says,
  );
  recolour();
  look();
  at = [...shown().places.subarray(2 * start[which.value], 2 * start[which.value] + 2)];
  choose();
});
