// A Gaussian cloud of one unit or two, dragged by its middle and its widths, before the standard normal: its KL divergence in nats.
companionFigures.define("cloud", (root) => {
  const { html, svg, once, status, choice, draggable } = companionFigures.parts;
  const SIDE = 320, REACH = 4, FAR = 3, NARROW = 0.05, WIDE = 3; // the plot in its own units; the axes; how far mu and sigma go
  const EDGE = 30; // where the handles of the widths lie, away from the middle
  const mu = [1, -0.5], sigma = [0.3, 0.8];
  const at = (v) => SIDE / 2 + (v * SIDE) / 2 / REACH, within = (v, low, high) => Math.min(high, Math.max(low, v));

  const prior = svg("path", { class: "prior" }), outer = svg("path", { class: "prior" }), own = svg("path", { class: "own" });
  const guides = svg("path", { class: "guide" }), widths = svg("path", { class: "sigma" }), axes = svg("path", { class: "axis" });
  const ticks = svg("g", { "text-anchor": "middle" });
  const name = svg("text", {}), drawing = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" },
    prior, outer, axes, own, guides, widths, ticks, name);
  const handle = (kind) => html("div", { class: `handle ${kind}`, tabindex: 0, role: "slider" });
  const middle = handle("middle"), across = handle("width"), up = handle("width second");
  const plot = html("div", { class: "plot" }, drawing, middle, across, up);
  const two = () => units.value === "2";
  const value = (v) => (v - 0.5) * 2 * REACH; // a place in the frame, 0 to 1 -> a number
  const change = (list, i, v, low, high) => { list[i] = within(Math.round(100 * v) / 100, low, high); };
  const setMu = (i, v) => change(mu, i, v, -FAR, FAR), setSigma = (i, v) => change(sigma, i, v, NARROW, WIDE);
  draggable(middle, plot, {
    move: (x, y) => { setMu(0, value(x)); if (two()) setMu(1, -value(y)); draw(); },
    step: (dx, dy) => { setMu(0, mu[0] + (dx + (two() ? 0 : dy)) * 0.05); if (two()) setMu(1, mu[1] + dy * 0.05); draw(); },
  });
  draggable(across, plot, {
    move: (x) => { setSigma(0, value(x) - mu[0]); draw(); },
    step: (dx, dy) => { setSigma(0, sigma[0] + (dx + dy) * 0.05); draw(); },
  });
  draggable(up, plot, {
    move: (_, y) => { setSigma(1, -value(y) - mu[1]); draw(); },
    step: (dx, dy) => { setSigma(1, sigma[1] + (dx + dy) * 0.05); draw(); },
  });

  const part = (text, kind) => {
    const element = html("div", { class: `part ${kind}` }, html("span", {}, text), html("b"), html("div", { class: "bar" }, html("i")));
    element.show = (nats) => {
      element.children[1].textContent = `${nats.toFixed(2)} nats`;
      element.querySelector("i").style.width = `${Math.min(100, (100 * nats) / 5)}%`;
    };
    return element;
  };
  const lies = [part("μ² / 2", ""), part("second unit: μ² / 2", "second")];
  const width = [part("(σ² − 1 − log σ²) / 2", "wide-part"), part("second unit: (σ² − 1 − log σ²) / 2", "wide-part second")];
  const total = html("p", { class: "total" });
  const units = choice({ label: "Units", options: { 1: "1", 2: "2" }, onchange: () => draw() });
  const bill = html("div", { class: "bill" }, units, total, lies[0], width[0], lies[1], width[1]);
  const says = status();

  const density = (v, m, s) => Math.exp(-((v - m) ** 2) / 2 / s ** 2) / s / Math.sqrt(2 * Math.PI);
  const BASE = SIDE - 34, TOP = 48; // one unit: where the axis lies, and the highest curve's top

  function curve(m, s, scale) { // finely where the curve is narrow
    let path = `M0 ${BASE}`;
    for (const v of [-REACH, ...Array.from({ length: 121 }, (_, i) => m + s * (i / 12 - 5)).filter((v) => Math.abs(v) < REACH), REACH]) {
      path += `L${at(v).toFixed(1)} ${(BASE - density(v, m, s) * scale).toFixed(1)}`;
    }
    return `${path}L${SIDE} ${BASE}`;
  }

  function ellipse(x, y, a, b) { // in numbers of the axes
    const r = SIDE / 2 / REACH;
    return `M${at(x - a)} ${at(-y)}a${a * r} ${b * r} 0 1 0 ${2 * a * r} 0a${a * r} ${b * r} 0 1 0 ${-2 * a * r} 0`;
  }

  const put = (element, x, y) => { element.style.left = `${(100 * x) / SIDE}%`; element.style.top = `${(100 * y) / SIDE}%`; };
  const tell = (element, label, v, low, high, text) => {
    for (const [key, worth] of Object.entries({ label, valuenow: v, valuemin: low, valuemax: high, valuetext: text })) element.setAttribute(`aria-${key}`, worth);
  };

  const draw = once(() => {
    const [m, s] = [mu, sigma], both = two();
    bill.classList.toggle("two", both);
    up.style.display = both ? "" : "none";
    const x = at(m[0]), right = at(m[0] + s[0]), zero = SIDE / 2;
    if (both) {
      const y = at(-m[1]), top = at(-m[1] - s[1]);
      prior.setAttribute("d", ellipse(0, 0, 1, 1));
      outer.setAttribute("d", ellipse(0, 0, 2, 2));
      own.setAttribute("d", ellipse(m[0], m[1], s[0], s[1]));
      axes.setAttribute("d", `M0 ${zero}H${SIDE}M${zero} 0V${SIDE}`);
      widths.setAttribute("d", `M${x} ${y}H${right}M${x} ${y}V${top}`);
      guides.setAttribute("d", `M${right} ${y}V${SIDE - EDGE}M${x} ${top}H${EDGE}`);
      put(middle, x, y); put(across, right, SIDE - EDGE); put(up, EDGE, top);
    } else {
      const scale = (BASE - TOP) / Math.max(density(0, 0, 1), density(0, 0, s[0]));
      prior.setAttribute("d", curve(0, 1, scale));
      outer.setAttribute("d", "");
      own.setAttribute("d", curve(m[0], s[0], scale));
      axes.setAttribute("d", `M0 ${BASE}H${SIDE}`);
      widths.setAttribute("d", `M${x} ${EDGE}H${right}`);
      guides.setAttribute("d", `M${x} ${EDGE}V${BASE}M${right} ${EDGE}V${BASE}`);
      put(middle, x, BASE); put(across, right, EDGE);
    }
    ticks.replaceChildren(...[-2, 0, 2].map((v) => svg("text", { x: both && !v ? zero - 8 : at(v), y: both ? zero + 16 : SIDE - 4 }, String(v).replace("-", "−"))));
    name.textContent = both ? "N(0, I), to 1 and 2" : "N(0, 1)";
    name.setAttribute("x", 6);
    name.setAttribute("y", both ? 16 : BASE - 6);
    const n = both ? 2 : 1, lie = m.map((v) => v ** 2 / 2), cost = s.map((v) => (v ** 2 - 1 - Math.log(v ** 2)) / 2);
    const sum = (list) => list.slice(0, n).reduce((a, b) => a + b, 0), kl = sum(lie) + sum(cost);
    for (const i of [0, 1]) { lies[i].show(lie[i]); width[i].show(cost[i]); }
    total.textContent = `KL = ${kl.toFixed(2)} nats`;
    const words = (i) => `μ = ${m[i].toFixed(2)}, σ = ${s[i].toFixed(2)}`.replace("-", "−");
    tell(middle, both ? "middle of the cloud, both units" : "middle of the cloud", m[0], -FAR, FAR, both ? `μ = ${m[0].toFixed(2)} and ${m[1].toFixed(2)}` : `μ = ${m[0].toFixed(2)}`);
    tell(across, "width of the cloud", s[0], NARROW, WIDE, `σ = ${s[0].toFixed(2)}`);
    tell(up, "width of the cloud, second unit", s[1], NARROW, WIDE, `σ = ${s[1].toFixed(2)}`);
    up.setAttribute("aria-orientation", "vertical");
    drawing.setAttribute("aria-label", `The cloud, ${both ? `${words(0)}; second unit ${words(1)}` : words(0)}, before the standard normal.`);
    const kind = s.slice(0, n).every((v) => v < 1) ? "narrow" : s.slice(0, n).every((v) => v > 1) ? "wide" : "narrow or wide";
    says.say(kl < 0.005 ? "KL = 0.00 nats: the cloud is the standard normal, and only that is free."
      : `${both ? `${words(0)}; second unit ${words(1)}` : words(0)}. Of ${kl.toFixed(2)} nats, ${sum(lie).toFixed(2)} are paid for lying off zero and ${sum(cost).toFixed(2)} for being ${kind}.`);
  });

  root.append(html("p", { class: "note wide" }, "Drag the middle (blue) and the width (red). Make the cloud free; then halve σ again and again."), plot, bill, says);
  draw();
});
