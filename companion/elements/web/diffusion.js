// Latent diffusion, step by step: a code drowned in noise, and noise walked back to the digit that was ordered, by DDIM's step as in
// companion.diffusion.sample, guided as in companion.diffusion.Guided.
companionFigures.define("diffusion", (root, [model]) => {
  const { html, once, inPieces, random, normals, status, slider, choice, button, picture } = companionFigures.parts;
  const STOPS = 8, ANY = 10; // pictures of a walk; the label that stands for "no label"
  const kinds = { ...Array.from("0123456789"), any: "no label" };
  let noise = model.numbers("noise"), seed = 0, path = null; // path: codes and guesses, [k] at time k / steps

  const order = choice({ label: "Draw me a ...", options: kinds, value: "any", onchange: () => walkAnew() });
  const small = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, picture()]));
  for (const input of order.querySelectorAll("input")) input.nextSibling.prepend(small[input.value].querySelector("canvas"));
  const strength = slider({ label: "Strength of guidance, w", max: 8, step: 0.5, value: 1, says: String, oninput: () => walkAnew() });
  const steps = slider({ label: "Steps", min: 1, max: 50, step: 1, value: 21, says: String, oninput: () => walkAnew() });
  const time = slider({ label: "Time t: 0 is the digit, 1 is noise alone", max: 21, step: 1, value: 14,
    says: (k) => (k / steps.value).toFixed(2), oninput: () => draw() });
  const timeInput = time.querySelector("input");
  const says = status();

  // Three rows: what is seen at the time of the slider, large, and at eight times from 0 to 1.
  const rows = ["There: a test digit's code drowns in noise, from left to right", "Back: noise becomes a digit, step by step, from right to left",
    "The guess at the clean digit, at each time of the way back"].map((text) => ({ text, now: picture(), cells: Array.from({ length: STOPS }, () => picture()) }));
  const times = Array.from({ length: STOPS }, () => html("span"));
  const walk = html("div", { class: "walk wide" }, html("span", {}, "now"), ...times);
  for (const { text, now, cells } of rows) {
    walk.append(html("p", { class: "note" }, text), now, ...cells);
    cells.forEach((cell, i) => cell.addEventListener("click", () => { time.value = stop(i); draw(); }));
  }
  const stop = (i) => Math.round((i * steps.value) / (STOPS - 1));

  const amounts = (t) => [Math.cos((t * Math.PI) / 2), Math.sin((t * Math.PI) / 2)];
  const label = (kind) => (kind === "any" ? ANY : Number(kind));
  const decoded = (z) => model.run("decode", z);

  function guess(z, t, kind, w) {
    const told = model.run("denoise", z, [t], [label(kind)]);
    if (kind === "any" || w === 0) return told;
    const untold = model.run("denoise", z, [t], [ANY]);
    return told.map((v, i) => (1 + w) * v - w * untold[i]);
  }

  function* sample(kind, n, w) {
    const codes = [], guesses = [];
    let z = noise;
    for (let k = n; k > 0; k--) {
      const [a, s] = amounts(k / n), [a2, s2] = amounts((k - 1) / n);
      const clean = guess(z, k / n, kind, w);
      codes[k] = z;
      guesses[k] = clean;
      z = z.map((v, i) => a2 * clean[i] + (s2 * (v - a * clean[i])) / s);
      yield;
    }
    codes[0] = guesses[0] = z;
    return { codes, guesses, n };
  }

  // The code of the test digit at time k / n, with the noise that the way back starts from.
  function there(k, n) {
    const [a, s] = amounts(k / n), code = model.numbers("codes", order.value === "any" ? 7 : label(order.value));
    return noise.map((v, i) => a * code[i] + s * v);
  }

  const codesAt = (k) => [there(k, path.n), path.codes[k], path.guesses[k]];
  const words = ["A test digit's code in noise, decoded", "The walk's code, decoded", "The guess, decoded"];

  // All that is seen, the most wanted first. The other digits come last: from the same noise, each ordered in turn.
  function* everything() {
    const kind = order.value, n = steps.value, w = strength.value;
    path = yield* sample(kind, n, w);
    draw();
    yield;
    for (let i = 0; i < STOPS; i++) {
      const k = stop(i);
      times[i].textContent = (k / n).toFixed(1);
      for (const [r, code] of codesAt(k).entries()) {
        rows[r].cells[i].show(decoded(code), `${words[r]}, at time ${(k / n).toFixed(1)}.`);
        yield;
      }
    }
    for (const other of [kind, ...Object.keys(kinds).filter((o) => o !== kind)]) {
      const { codes } = other === kind ? path : yield* sample(other, n, w);
      small[other].show(decoded(codes[0]));
      yield;
    }
    root.setAttribute("aria-busy", "false");
  }

  const work = inPieces();
  function walkAnew() {
    const t = time.value / Number(timeInput.max);
    timeInput.max = steps.value;
    time.value = Math.round(t * steps.value);
    strength.querySelector("input").disabled = order.value === "any"; // there is no wish to be exaggerated
    root.setAttribute("aria-busy", "true");
    work(everything());
  }

  const draw = once(() => {
    if (path?.n !== steps.value) return; // its walk is under way
    const k = time.value, t = k / path.n, [a, s] = amounts(t), end = decoded(path.codes[0]);
    const seen = codesAt(k).map(decoded);
    seen.forEach((numbers, r) => rows[r].now.show(numbers, `${words[r]}, at time ${t.toFixed(2)}.`));
    const nearest = Math.round(t * (STOPS - 1));
    for (const { cells } of rows) cells.forEach((cell, i) => cell.classList.toggle("here", i === nearest));
    const off = seen[2].reduce((sum, v, i) => sum + (v - end[i]) ** 2, 0) / end.length;
    const any = order.value === "any", unpushed = any || strength.value === 0;
    const wish = any ? "with no label" : `told to draw a ${order.value}`;
    const average = k === path.n && unpushed ? ` Noise alone says nothing, so it is about the average ${any ? "digit" : order.value}.` : "";
    says.say(`At time ${t.toFixed(2)} a code is ${a.toFixed(2)} of signal and ${s.toFixed(2)} of noise. The guess, ${wish}, is ` + (k
      ? `${off.toFixed(3)} (mean squared error per pixel) from the digit at the end of the walk.${average}` : "the digit at the end of the walk."));
  });

  root.append(
    html("div", { class: "wide" }, order, html("p", { class: "note" }, "All of them start from the same noise.")),
    html("div", { class: "grow" }, strength), html("div", { class: "grow" }, steps),
    button("New noise", () => { noise = normals(noise.length, random(++seed)); walkAnew(); }),
    html("div", { class: "wide" }, time), walk, says,
  );
  walkAnew();
});
