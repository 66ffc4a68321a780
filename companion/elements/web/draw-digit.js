// Draw a digit: what 2 to 32 numbers keep of it, by a network and by PCA, the numbers as bars to drag, and how unusual it is.
companionFigures.define("draw-digit", (root, [model], figure) => {
  const { html, svg, once, status, slider, choice, picture, pad, draggable } = companionFigures.parts;
  const { sizes, errors, spread } = model.facts;
  const shows = (figure.dataset.shows ?? "code pca strange").split(" ");
  const digits = Array.from({ length: model.tensors.digits.shape[0] }, (_, i) => model.numbers("digits", i));
  let x = digits[0], z = null, dragged = false;

  const size = sizes.length > 1 ? choice({
    label: "Numbers in the code", options: Object.fromEntries(sizes.map((k) => [k, String(k)])), value: String(figure.dataset.size ?? sizes.at(-1)),
    onchange: () => encode(),
  }) : null;
  const k = () => Number(size?.value ?? sizes[0]);
  const given = picture({ caption: "what goes in" }), redrawn = picture({ caption: "redrawn" }), byPCA = picture({ caption: "by PCA" });
  const bars = html("div", { class: "bars wide" });
  const says = status();

  const mean = (a, b) => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / a.length;
  const clipped = (numbers) => numbers.map((v) => Math.min(1, Math.max(0, v)));

  function encode() {
    z = model.run(`encode ${k()}`, x).slice();
    dragged = false;
    layOut();
    draw();
  }

  // One bar for each number of the code, from the smallest to the largest value that training digits have (98 in 100 of them).
  function layOut() {
    const [low, high] = spread[k()];
    bars.replaceChildren(...Array.from(z, (_, i) => {
      const bar = html("div", { class: "bar", tabindex: 0, role: "slider", "aria-label": `number ${i + 1} of the code`,
        "aria-valuemin": low[i].toFixed(1), "aria-valuemax": high[i].toFixed(1), "aria-orientation": "vertical" }, html("span"));
      const set = (v) => { z[i] = v; dragged = true; draw(); };
      draggable(bar, bar, {
        move: (_, y) => set(high[i] - y * (high[i] - low[i])),
        step: (dx, dy) => set(z[i] + (dx + dy) * (high[i] - low[i]) / 50),
      });
      return bar;
    }));
  }

  const draw = once(() => {
    const [low, high] = spread[k()];
    const out = model.run(`decode ${k()}`, z);
    [...bars.children].forEach((bar, i) => {
      const at = (v) => 100 * Math.min(1, Math.max(0, (high[i] - v) / (high[i] - low[i])));
      const zero = at(0), here = at(z[i]);
      bar.firstChild.style.top = `${Math.min(zero, here)}%`;
      bar.firstChild.style.height = `${Math.max(1.5, Math.abs(zero - here))}%`;
      bar.setAttribute("aria-valuenow", z[i].toFixed(2));
    });
    given.show(x, "The digit that goes in, 28 by 28 pixels.");
    redrawn.show(out, `The network's digit, redrawn from ${k()} numbers.`);
    const error = mean(out, x);
    redrawn.caption(dragged ? "from your numbers" : `redrawn, error ${error.toFixed(3)}`);
    if (shows.includes("pca")) {
      const code = model.run("pca encode", x).map((v, i) => (i < k() ? v : 0));
      const other = clipped(model.run("pca decode", code));
      byPCA.show(other, `PCA's digit, from ${k()} numbers.`);
      byPCA.caption(`by PCA, error ${mean(other, x).toFixed(3)}`);
    }
    if (dragged) return says.say("You moved a number of the code: the decoder draws what it now says. Draw or choose a digit to go back.");
    const share = errors[k()].filter((e) => e < error).length;
    const strange = share >= 100 ? "larger than that of every one of 1,000 new digits: to this network, your drawing is unusual"
      : `larger than that of ${share} in 100 new digits`;
    says.say(`${k()} numbers stand for 784 pixels. ` + (shows.includes("strange") ? `The error of ${error.toFixed(3)} is ${strange}.` : ""));
  });

  root.append(
    pad({ digits, caption: "Draw a digit, or take one.", onchange: (numbers) => { x = numbers; encode(); } }),
    html("div", { class: "grow" },
      ...(size ? [size] : []),
      html("div", { class: "pictures" }, given, redrawn, ...(shows.includes("pca") ? [byPCA] : [])),
      ...(shows.includes("code") ? [html("p", { class: "note" }, "The code. Drag a bar, or use the arrow keys:"), bars] : [])),
    says,
  );
});
