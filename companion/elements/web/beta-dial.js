// Beta as a dial over VAEs that differ in nothing else: what they redraw, what they draw from the prior, and what their codes cost.
companionFigures.define("beta-dial", (root, [model]) => {
  const { html, once, status, slider, button, picture } = companionFigures.parts;
  const { betas, units, measured } = model.facts;
  const digits = Array.from({ length: model.tensors.digits.shape[0] }, (_, i) => model.numbers("digits", i));
  const most = Math.max(...measured.map((m) => m.reconstruction));
  let first = 0, eps = [];

  // Twenty runs of a network are too many for one frame: a few milliseconds in each.
  let waiting = [];
  const work = once(() => {
    for (const end = performance.now() + 4; waiting.length && performance.now() < end;) waiting.shift()();
    if (waiting.length) work();
  });

  const sheet = (label, text, press) => { // ten pictures in two rows
    const canvas = html("canvas", { width: 28 * 5, height: 28 * 2, role: "img" }), small = picture(), pen = canvas.getContext("2d");
    const element = html("div", { class: "sheet" }, html("b", {}, label), canvas, button(text, press));
    element.show = (inputs, compute, words) => { // the pictures follow as time allows
      inputs.forEach((x, i) => waiting.push(() => { small.show(compute(x, i)); pen.drawImage(small.querySelector("canvas"), 28 * (i % 5), 28 * Math.floor(i / 5)); }));
      canvas.setAttribute("aria-label", words);
    };
    return element;
  };
  const throwDice = () => {
    const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    eps = Array.from({ length: 10 }, () => Array.from({ length: units }, normal));
  };
  const redrawn = sheet("Digits, and redrawn below", "Other digits", () => { first = (first + 5) % digits.length; draw(); });
  const samples = sheet("Drawn from N(0, I)", "Draw again", () => { throwDice(); draw(); });
  const part = (name, meter) => html("div", { class: "part" }, html("span", {}, name), html("b"), meter);
  const term = (name, kind) => part(name, html("div", { class: `bar ${kind}` }, html("i")));
  const bars = [term("reconstruction", ""), term("KL", "kl")];
  const active = part("active units", html("div", { class: "units", "aria-hidden": "true" }, ...Array.from({ length: units }, () => html("i"))));
  const dial = slider({ label: "β, the price of a nat", min: 0, max: betas.length - 1, step: 1, value: betas.indexOf(1), says: (i) => String(betas[i]), oninput: () => draw() });
  const says = status();

  const draw = once(() => {
    const beta = betas[dial.value], { reconstruction, kl, active: used } = measured[dial.value];
    const run = (x) => model.run(`decode ${beta}`, model.run(`encode ${beta}`, x));
    const five = digits.slice(first, first + 5);
    waiting = [];
    redrawn.show([...five, ...five], (x, i) => (i < 5 ? x : run(x)), `Five digits, and below each what the VAE with beta ${beta} redraws.`);
    samples.show(eps, (z) => model.run(`decode ${beta}`, z), `Ten draws from the prior, decoded by the VAE with beta ${beta}.`);
    work();
    [reconstruction, kl].forEach((nats, i) => {
      bars[i].querySelector("i").style.width = `${(100 * nats) / most}%`;
      bars[i].children[1].textContent = `${nats.toFixed(1)} nats`;
    });
    [...active.lastChild.children].forEach((unit, i) => unit.classList.toggle("on", i < used));
    active.children[1].textContent = `${used} of ${units}`;
    says.say(`β = ${beta}: to redraw a test digit costs ${reconstruction.toFixed(1)} nats, and its code ${kl.toFixed(1)}. ` +
      (used ? `${used} of ${units} units are in use.` : "No unit is in use: whatever goes in, the same comes out."));
  });

  throwDice();
  root.append(html("p", { class: "note wide" }, "Turn β up: codes get cheaper, pictures softer. How far can you go before the code falls silent?"),
    html("div", { class: "wide" }, dial), redrawn, samples,
    html("div", { class: "terms" }, ...bars, active), says);
  draw();
});
