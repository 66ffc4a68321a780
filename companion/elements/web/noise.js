// Noise on a digit: kind and level, and who cleans it best. The level scales one draw of noise, so it can be compared from level to level.
companionFigures.define("noise", (root, [model]) => {
  const { html, svg, once, inPieces, random, normals, status, slider, choice, button, picture, pad } = companionFigures.parts;
  const digits = Array.from({ length: model.tensors.digits.shape[0] }, (_, i) => model.numbers("digits", i));
  const TRAINED = 0.2;
  // As gaussian_noise, salt_and_pepper_noise and masking_noise of companion.denoising, of a pixel v, with its draws: eps normal, u even.
  const kinds = {
    gaussian: { name: "Gaussian", letter: "sigma", most: 0.8, top: 0.08, start: TRAINED, noisy: (v, eps, u, level) => v + level * eps },
    salt: { name: "salt and pepper", letter: "p", most: 0.5, top: 0.16, start: 0.2,
      noisy: (v, eps, u, level) => (u < level / 2 ? 0 : u > 1 - level / 2 ? 1 : v) },
    masking: { name: "masking", letter: "p", most: 0.8, top: 0.12, start: 0.3, noisy: (v, eps, u, level) => (u >= level ? v : 0) },
  };
  const mixed = (colour) => `color-mix(in srgb, ${colour} 80%, var(--ink))`; // darker on light paper, lighter on dark
  const methods = {
    cut: { name: "cut off at 0 and 1", short: "cutting off", colour: "var(--quiet)", dash: "2 4" },
    pca: { name: "PCA, 32 numbers", short: "PCA", colour: mixed("var(--series-3, #228833)"), dash: "10 4" },
    narrow: { name: "network, 32 numbers", short: "the narrow network", colour: "var(--series-2, #ee6677)", dash: "" },
    wiener: { name: "Wiener filter", short: "the Wiener filter", colour: mixed("var(--series-6, #aa3377)"), dash: "8 3 2 3" },
    unet: { name: "U-Net", short: "the U-Net", colour: mixed("var(--series-1, #4477aa)"), dash: "" },
  };
  const names = Object.keys(methods);
  let x = digits[0], seed = 1, eps = null, u = null, curves = {};

  const kind = choice({ label: "Kind of noise", options: Object.fromEntries(Object.entries(kinds).map(([k, { name }]) => [k, name])), onchange: () => changeKind() });
  const now = () => kinds[kind.value];
  const level = slider({ label: "Level", max: 0.8, step: 0.02, value: TRAINED, says: (v) => `${now().letter} ${v.toFixed(2)}`, oninput: () => draw() });

  const spoilt = picture({ caption: "noisy" });
  for (const m of Object.values(methods)) m.picture = picture();
  const line = ({ colour, dash }) => svg("svg", { viewBox: "0 0 60 4", class: "key", "aria-hidden": "true" },
    svg("line", { x1: 0, x2: 60, y1: 2, y2: 2, stroke: colour, "stroke-width": 3, "stroke-dasharray": dash }));
  const pictures = html("div", { class: "pictures wide" }, spoilt, ...Object.values(methods).map((m) => html("div", { class: "answer" }, m.picture, line(m))));
  const says = status();

  // The errors over all levels, for this digit and this noise.
  const W = Math.min(640, Math.max(256, root.clientWidth)), H = 210, LEFT = 46, RIGHT = 14, BOTTOM = 40;
  const chart = svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "wide chart", role: "img" });
  const across = (v) => LEFT + ((W - LEFT - RIGHT) * v) / now().most;
  const up = (e) => H - BOTTOM - ((H - BOTTOM - 8) * e) / now().top;
  const marker = svg("line", { class: "marker", y1: 4, y2: H - BOTTOM });

  function spoil(level) {
    const { noisy } = now();
    return x.map((v, i) => noisy(v, eps[i], u[i], level));
  }
  const cleaned = (name, noisy) => (name === "cut" ? noisy : model.run(name, noisy)).map((v) => Math.min(1, Math.max(0, v)));
  const error = (answer) => answer.reduce((sum, v, i) => sum + (v - x[i]) ** 2, 0) / x.length;

  const draw = once(() => {
    const { letter, name } = now(), v = level.value, input = spoil(v), errors = {};
    // A screen cuts off, too: shown from -0.5 to 1.5, so that what lies below black and above white is seen.
    spoilt.show(letter === "sigma" ? input.map((w) => (w + 0.5) / 2) : input, `The digit with ${name} noise.`);
    spoilt.caption(`noisy${letter === "sigma" ? ", grey from −0.5 to 1.5" : ""}`);
    for (const key of names) {
      const answer = cleaned(key, input), m = methods[key];
      errors[key] = error(answer);
      m.picture.show(answer, `${m.name}: its answer, error ${errors[key].toFixed(4)}.`);
      m.picture.caption(`${m.name}: ${errors[key].toFixed(4)}`);
    }
    const ranked = [...names].sort((a, b) => errors[a] - errors[b]), [best] = ranked;
    for (const key of names) methods[key].picture.parentNode.classList.toggle("best", key === best);
    marker.setAttribute("x1", across(v));
    marker.setAttribute("x2", across(v));
    const found = [`${methods[best].short} comes nearest to the clean digit, with an error of ${errors[best].toFixed(4)}`];
    if (best !== "cut" && errors.cut < errors.narrow) found.push(`cutting off alone (${errors.cut.toFixed(4)}) beats the narrow network (${errors.narrow.toFixed(4)}), which cannot leave a picture alone`);
    else if (errors.unet > errors.narrow) found.push(`the U-Net (${errors.unet.toFixed(4)}) takes specks for ink, and the narrow network (${errors.narrow.toFixed(4)}) is ahead of it`);
    else if (best === "unet") found.push(`the narrow network is at ${errors.narrow.toFixed(4)}, cutting off alone at ${errors.cut.toFixed(4)}`);
    const known = letter !== "sigma" ? " None of them was made for this kind." : Math.abs(v - TRAINED) < 0.005 ? " The networks were trained at this level." : "";
    says.say(`${name[0].toUpperCase()}${name.slice(1)} noise, ${letter} ${v.toFixed(2)}: ${found.join("; ")}.${known}`);
  });

  function drawChart() {
    const { letter, most, top } = now();
    const text = (words, x, y, more) => svg("text", { x, y, ...more }, words);
    const parts = [];
    for (let e = 0; e <= top + 1e-9; e += top / 4) {
      parts.push(svg("line", { class: "grid", x1: LEFT, x2: W - RIGHT, y1: up(e), y2: up(e) }), text(e.toFixed(2), LEFT - 6, up(e) + 5, { "text-anchor": "end" }));
    }
    for (let v = 0; v <= most + 1e-9; v += most / 4) parts.push(text(v.toFixed(v === 0 || most === 0.8 ? 1 : 2), across(v), H - 22, { "text-anchor": "middle" }));
    parts.push(text(`level ${letter}${letter === "sigma" ? "; dashed: trained here" : ""}`, (LEFT + W) / 2, H - 4, { "text-anchor": "middle" }));
    if (letter === "sigma") {
      parts.push(svg("line", { class: "axis", x1: across(TRAINED), x2: across(TRAINED), y1: 8, y2: H - BOTTOM, "stroke-dasharray": "3 3" }));
    }
    for (const [name, points] of Object.entries(curves)) {
      // what leaves the frame is cut at its top
      const visible = points.filter(([, e], i) => e <= top || (i && points[i - 1][1] <= top)).map(([v, e], i, all) => {
        if (e <= top) return [v, e];
        const [v0, e0] = all[i - 1];
        return [v0 + ((v - v0) * (top - e0)) / (e - e0), top];
      });
      parts.push(svg("polyline", { points: visible.map(([v, e]) => `${across(v)},${up(e)}`).join(" "), fill: "none", "stroke-width": 2.5,
        stroke: methods[name].colour, "stroke-dasharray": methods[name].dash }));
    }
    chart.replaceChildren(...parts, marker);
    chart.setAttribute("aria-label", `Error of ${names.map((n) => methods[n].short).join(", ")} on this digit, over the level of the noise.`);
  }

  function* overLevels() {
    const { most } = now(), found = Object.fromEntries(names.map((name) => [name, []]));
    for (let i = 0; i <= 16; i++) {
      const noisy = spoil((i * most) / 16);
      for (const name of names) {
        found[name].push([(i * most) / 16, error(cleaned(name, noisy))]);
        yield;
      }
    }
    curves = found;
    drawChart();
  }

  const work = inPieces();
  function anew() {
    draw();
    work(overLevels());
  }
  function newNoise() {
    const next = random(seed++);
    eps = normals(784, next);
    u = Float32Array.from({ length: 784 }, next);
  }
  function changeKind() {
    level.querySelector("input").max = now().most;
    level.value = now().start;
    curves = {};
    drawChart();
    anew();
  }
  chart.addEventListener("click", (event) => {
    const box = chart.getBoundingClientRect(), v = (((event.clientX - box.left) / box.width) * W - LEFT) / (W - LEFT - RIGHT);
    level.value = Math.min(1, Math.max(0, v)) * now().most;
    draw();
  });

  newNoise();
  root.append(
    pad({ digits, caption: "Draw a digit, or take one.", onchange: (numbers) => { x = numbers; anew(); } }),
    html("div", { class: "grow" }, kind, level, html("div", { class: "buttons" }, button("New noise", () => { newNoise(); anew(); })),
      html("p", { class: "note" }, "Networks and Wiener filter were made for Gaussian noise of sigma 0.2.")),
    pictures, says,
    html("p", { class: "note wide" }, "The error on this digit, at each level of the same noise:"), chart,
  );
  drawChart();
});
