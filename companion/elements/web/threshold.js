// Drag an alarm's threshold over two heaps of scores: what it catches, what rings for nothing, how many alarms are real, the bill.
companionFigures.define("threshold", (root, [model], figure) => {
  const { html, svg, once, status, slider, button, draggable } = companionFigures.parts;
  const shows = (figure.dataset.shows ?? "alarms bill").split(" ");
  const { names: [usual, unusual], pictured } = model.facts;
  const scores = { normal: model.numbers("normal"), anomalous: model.numbers("anomalous") };
  const normal = scores.normal.slice().sort(), anomalous = scores.anomalous.slice().sort();
  const largest = Math.max(normal.at(-1), anomalous.at(-1)), ten = 10 ** Math.floor(Math.log10(largest));
  const tick = ten * (largest < 2 * ten ? 0.5 : largest < 5 * ten ? 1 : 2), ticks = Math.ceil(largest / tick), high = tick * ticks;
  const STOPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

  const count = (n) => n.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const percent = (share) => `${Number((100 * share).toFixed(share < 0.1 ? 1 : 0))} %`;
  const money = (v) => Number(v.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });

  function above(sorted, t) { // the share of scores that lie above t
    let low = 0, end = sorted.length;
    while (low < end) { const middle = (low + end) >> 1; if (sorted[middle] > t) end = middle; else low = middle + 1; }
    return 1 - low / sorted.length;
  }
  // Every threshold that matters: everything rings at 0, nothing at the highest score.
  const points = [...new Set([0, ...normal, ...anomalous])].sort((a, b) => a - b)
    .map((t) => ({ t, caught: above(anomalous, t), falseAlarms: above(normal, t) }));
  const precision = ({ caught, falseAlarms }, rate) => caught * rate / (caught * rate + falseAlarms * (1 - rate));
  const cost = ({ caught, falseAlarms }) => miss() * (1 - caught) * base() + check() * (caught * base() + falseAlarms * (1 - base()));
  // A threshold for a false-alarm rate: the score of a rank, as the lesson has it.
  const rank = (rate) => Math.ceil(Number(((normal.length + 1) * (1 - rate)).toFixed(9)));
  const auc = points.slice(1).reduce((sum, p, i) => sum + (points[i].falseAlarms - p.falseAlarms) * (points[i].caught + p.caught) / 2, 0);

  // Plots: a drawing in a unit square, stretched to its place; what is round or written lies over it.
  const line = (xy) => "M" + xy.map(([x, y]) => `${x.toFixed(4)} ${(1 - y).toFixed(4)}`).join("L");
  const dot = (kind = "") => html("span", { class: `dot ${kind}` });
  const put = (element, x, y) => { element.style.left = `${100 * x}%`; element.style.bottom = `${100 * y}%`; };
  const plot = (properties, ...drawn) => html("div", { ...properties, class: `plot ${properties.class ?? ""}` },
    svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, ...drawn));

  const BINS = 45;
  const heights = [normal, anomalous].map((all) => {
    const bins = Array(BINS).fill(0);
    for (const s of all) bins[Math.min(BINS - 1, Math.floor(s / high * BINS))] += 1 / all.length;
    return bins;
  });
  const top = 1.12 * Math.max(...heights.flat());
  const heap = (bins, kind) => svg("path", { class: kind,
    d: `${line([[0, 0], ...bins.flatMap((h, i) => [[i / BINS, h / top], [(i + 1) / BINS, h / top]]), [1, 0]])}Z` });
  const rings = html("span", { class: "rings" }, "rings"), quiet = html("span", { class: "quiet" }, "quiet");
  const knob = html("span", { class: "knob" });
  const histogram = plot({ class: "histogram", tabindex: 0, role: "slider", "aria-label": "threshold", "aria-valuemin": 0, "aria-valuemax": high },
    heap(heights[0], "usual"), heap(heights[1], "unusual"));
  histogram.append(rings, quiet, knob);
  const axis = () => html("div", { class: "ends note" }, ...Array.from({ length: ticks + 1 }, (_, i) => html("span", {}, String(Number((i * tick).toPrecision(3))))));

  const rocDot = dot(), prDot = dot();
  const roc = plot({ role: "img" }, svg("path", { class: "guess", d: line([[0, 0], [1, 1]]) }),
    svg("path", { class: "curve", d: line(points.map((p) => [p.falseAlarms, p.caught])) }));
  roc.append(rocDot);
  const prCurve = svg("path", { class: "curve" }), prUnsure = svg("path", { class: "guess" }), pr = plot({ role: "img" }, prUnsure, prCurve);
  pr.append(prDot);
  const prTitle = html("span");
  const square = (name, title, drawing, across) => html("div", { class: "square" }, html("p", { class: "note" }, html("b", {}, name), title), drawing,
    html("div", { class: "ends note" }, html("span", {}, "0"), html("span", {}, across), html("span", {}, "1")));

  const cells = Array.from({ length: 4 }, () => html("td"));
  const caption = html("caption", { class: "note" });
  const row = (name, kind, two) => html("tr", {}, html("th", { scope: "row" }, html("i", { class: kind }), name), ...two);
  const table = html("table", {}, caption, html("tbody", {},
    html("tr", {}, html("td"), html("th", { scope: "col" }, "rings"), html("th", { scope: "col" }, "quiet")),
    row(unusual, "unusual", cells.slice(0, 2)), row(usual, "usual", cells.slice(2))));
  const alarms = html("div", { class: "alarms", role: "img" }, ...Array.from({ length: 100 }, () => html("i")));

  const priced = () => { drawPrices(); draw(); };
  const stops = (label, from, to, value, says) => {
    const own = STOPS.filter((v) => v >= from && v <= to);
    const control = slider({ label, min: 0, max: own.length - 1, step: 1, value: own.indexOf(value), says: (i) => says(own[i]), oninput: priced });
    return Object.assign(control, { stop: () => own[control.value] });
  };
  const baseRate = stops("Base rate", 2, 10000, 1000, (n) => `1 in ${count(n)}`);
  const missPrice = stops("A miss costs", 1, 10000, 100, count), checkPrice = stops("A look costs", 1, 100, 1, count);
  const base = () => 1 / baseRate.stop(), miss = missPrice.stop, check = checkPrice.stop;

  const billCurve = svg("path", { class: "curve" }), billDot = dot(), cheapDot = dot("hollow");
  const bill = plot({ class: "bill", role: "img" }, billCurve);
  bill.append(cheapDot, billDot);
  const billSays = html("p", { class: "note" });
  let dearest = 1, cheapest = points[0];

  function drawPrices() { // what depends on the base rate and on the prices alone
    const ringing = points.filter((p) => p.caught || p.falseAlarms).map((p) => ({ at: [p.caught, precision(p, base())], sure: p.falseAlarms > 0 }));
    prCurve.setAttribute("d", line(ringing.filter((p) => p.sure).map((p) => p.at)));
    prUnsure.setAttribute("d", line(ringing.filter((p, i) => !p.sure || !ringing[i + 1]?.sure).map((p) => p.at)));
    prTitle.textContent = `precision at 1 in ${count(baseRate.stop())}`;
    const costs = points.map(cost);
    dearest = 1.08 * Math.max(...costs);
    cheapest = points[costs.indexOf(Math.min(...costs))];
    billCurve.setAttribute("d", line(points.flatMap((p, i) => [[p.t / high, costs[i] / dearest], [(points[i + 1]?.t ?? high) / high, costs[i] / dearest]])));
    put(cheapDot, cheapest.t / high, cost(cheapest) / dearest);
  }

  const strips = {};
  for (const kind of shows.includes("pictures") && pictured ? ["anomalous", "normal"] : []) {
    const canvas = html("canvas", { width: 8 * 28, height: 28, role: "img" }), text = html("p", { class: "note" });
    strips[kind] = { canvas, text, pen: canvas.getContext("2d"), element: html("div", { class: "strip" }, text, canvas) };
  }
  // Some of those that were judged wrongly: the pictures were chosen evenly, by rank of the score.
  function drawStrip(kind, words, wrong) {
    const { canvas, text, pen } = strips[kind];
    pen.clearRect(0, 0, canvas.width, 28);
    pictured[kind].filter((i) => wrong(scores[kind][i])).slice(0, 8).forEach((i, place) => {
      const grey = model.numbers(`${kind} pictures`, pictured[kind].indexOf(i)), image = pen.createImageData(28, 28);
      image.data.fill(255);
      for (let j = 0; j < 784; j++) image.data[4 * j] = image.data[4 * j + 1] = image.data[4 * j + 2] = 255 * grey[j];
      pen.putImageData(image, 28 * place, 0);
    });
    const all = scores[kind];
    text.textContent = `${words}: ${count(all.filter(wrong).length)} of ${count(all.length)}`;
    canvas.setAttribute("aria-label", `Some ${words}.`);
  }

  const says = status();
  let t = 0;
  const set = (value) => { t = Math.min(high, Math.max(0, value)); draw(); };

  const draw = once(() => {
    const now = { t, caught: above(anomalous, t), falseAlarms: above(normal, t) };
    const shares = `${percent(now.caught)} of the ${unusual} and ${percent(now.falseAlarms)} of the ${usual}`;
    rings.style.left = quiet.style.width = knob.style.left = `${100 * t / high}%`;
    histogram.setAttribute("aria-valuenow", t.toFixed(4));
    histogram.setAttribute("aria-valuetext", `${t.toFixed(3)}: rings for ${shares}`);
    put(rocDot, now.falseAlarms, now.caught);
    roc.setAttribute("aria-label", `ROC curve. The threshold catches ${percent(now.caught)} at ${percent(now.falseAlarms)} false alarms.`);
    const inUse = shows.includes("alarms"), cases = 100000;
    const ofStrange = inUse ? cases * base() : anomalous.length, ofUsual = inUse ? cases - ofStrange : normal.length;
    caption.textContent = inUse ? `Of ${count(cases)} cases in use` : "Of the cases of the test";
    [[now.caught, ofStrange], [now.falseAlarms, ofUsual]].forEach(([share, all], i) => {
      const ring = Math.round(share * all);
      cells[2 * i].replaceChildren(`${count(ring)} `, html("small", {}, percent(share)));
      cells[2 * i + 1].textContent = count(Math.round(all) - ring);
    });
    if (strips.normal) {
      drawStrip("anomalous", `${unusual} that pass`, (s) => s <= t);
      drawStrip("normal", `${usual} that ring`, (s) => s > t);
    }
    if (shows.includes("bill")) {
      put(billDot, t / high, cost(now) / dearest);
      const never = miss() * base();
      billSays.textContent = `The bill: ${money(cost(now))} a case on average. The lowest is ${money(cost(cheapest))} (the ring); if nobody ever looks, ${money(never)}.`;
      bill.setAttribute("aria-label", billSays.textContent);
    }
    if (!inUse) return says.say(`The threshold of ${t.toFixed(3)} rings for ${shares}.`);
    const real = precision(now, base()); // not a number where nothing rings
    prDot.hidden = Number.isNaN(real);
    if (!prDot.hidden) put(prDot, now.caught, real);
    pr.setAttribute("aria-label", `Precision-recall curve. ${prDot.hidden ? "Nothing rings." : `Precision ${percent(real)} where ${percent(now.caught)} are caught.`}`);
    const of = real > 0 && real < 0.005 ? (real < 0.0005 ? 10000 : 1000) : 100, found = Math.round(of * real);
    [...alarms.children].forEach((one, i) => { one.className = prDot.hidden ? "" : i < Math.round(100 * real) ? "unusual" : "usual"; });
    const sentence = `Of ${count(of)} alarms, ${count(found)} ${found === 1 ? "is" : "are"} real.`;
    alarms.setAttribute("aria-label", prDot.hidden ? "No alarms." : sentence);
    if (prDot.hidden) says.say("Nothing rings: no alarm, and nothing is caught.");
    else if (!now.falseAlarms) says.say(`None of the ${normal.length} ${usual} rings. But they are too few to say how rare false alarms are: do not trust this precision.`);
    else says.say(`${sentence} The threshold rings for ${shares}; of ${count(baseRate.stop())} cases, all but one are ${usual}.`);
  });

  draggable(histogram, histogram, { move: (x) => set(x * high), step: (dx, dy) => set(t + (dx + dy) * high / 140) });
  histogram.style.touchAction = "pan-y"; // the page still scrolls
  const atRate = [0.01, 0.05].filter((rate) => rank(rate) <= normal.length)
    .map((rate) => button(`${percent(rate)} false alarms`, () => set(normal[rank(rate) - 1])));
  root.append(
    html("div", { class: "wide" },
      html("p", { class: "key" }, html("span", {}, html("i", { class: "usual" }), `${usual} (${count(normal.length)})`), " ",
        html("span", {}, html("i", { class: "unusual" }), `${unusual} (${count(anomalous.length)})`)),
      histogram, axis(), html("p", { class: "note" }, "Score. Drag the threshold, or use the arrow keys.")),
    html("div", { class: "buttons wide" }, ...atRate),
    says,
    ...(shows.includes("alarms") ? [html("div", { class: "wide" }, baseRate)] : []),
    html("div", { class: "parts wide" },
      square("ROC curve", html("span", {}, `caught; AUC ${auc.toFixed(2)}`), roc, "false alarms"),
      ...(shows.includes("alarms") ? [square("PR curve", prTitle, pr, "caught")] : []),
      html("div", { class: "grow" }, table, ...(shows.includes("alarms") ? [html("p", { class: "note" }, "A hundred alarms"), alarms] : []),
        ...Object.values(strips).map(({ element }) => element))),
    ...(shows.includes("bill") ? [missPrice, checkPrice, html("div", { class: "wide" }, bill, axis(), billSays),
      html("div", { class: "buttons wide" }, button("Lowest bill", () => set(cheapest.t)))] : []),
  );
  drawPrices();
  set(figure.dataset.start ? Number(figure.dataset.start) : normal[Math.min(rank(0.01), normal.length) - 1]);
});
