// From one digit to another: the straight way between their codes, decoded, beside that between their pixels.
companionFigures.define("morph", (root, [model]) => {
  const { html, once, status, slider, picture, pad } = companionFigures.parts;
  const digits = Array.from({ length: model.tensors.digits.shape[0] }, (_, i) => model.numbers("digits", i));
  const STILLS = 7;
  const ends = [null, null], codes = [null, null];
  const between = ([a, b], t) => a.map((v, i) => v + t * (b[i] - v));
  const coded = (t) => model.run("decode 1", between(codes, t)), faded = (t) => between(ends, t);
  const ink = (x) => x.filter((v) => v > 0.25).length; // pixels of more than a quarter of white

  const byCode = picture({ caption: "through the code" }), byPixels = picture({ caption: "fading pixels" });
  const strip = (text) => {
    const canvas = html("canvas", { width: 28 * STILLS, height: 28, role: "img", "aria-label": `${text}: seven stills from the first digit to the second.` });
    const pen = canvas.getContext("2d"), small = picture();
    const element = html("div", { class: "strip" }, html("span", { class: "note" }, text), canvas);
    element.show = (way) => {
      for (let i = 0; i < STILLS; i++) {
        small.show(way(i / (STILLS - 1)));
        pen.drawImage(small.querySelector("canvas"), 28 * i, 0);
      }
    };
    return element;
  };
  const strips = [strip("Through the code"), strip("Fading pixels")];
  const share = slider({ label: "From the first digit to the second", min: 0, max: 1, step: 0.01, value: 0.5,
    says: (v) => v.toFixed(2), oninput: () => draw() });
  const says = status();

  const draw = once(() => {
    const t = share.value, a = coded(t), b = faded(t);
    byCode.show(a, `Decoded from the code at ${t.toFixed(2)} of the way.`);
    byPixels.show(b, `The pixels, faded at ${t.toFixed(2)} of the way.`);
    const [from, to] = ends.map(ink);
    says.say(t === 0 || t === 1 ? "At an end, the code gives the network's reconstruction, and the pixels are those of the digit itself."
      : `At ${t.toFixed(2)} of the way, ${ink(a)} pixels carry ink through the code, ${ink(b)} where pixels fade. The two digits have ${from} and ${to}.`);
  });
  const changed = once(() => {
    ends.forEach((x, i) => { codes[i] = model.run("encode 1", x); });
    strips[0].show(coded);
    strips[1].show(faded);
    draw();
  });
  const given = (i, start) => pad({ digits, start, caption: ["The first digit: take one or draw.", "The second."][i],
    onchange: (x) => { ends[i] = x; if (ends[0] && ends[1]) changed(); } });

  root.append(html("p", { class: "note wide" }, "Move the slider: through the code the strokes move, whereas fading pixels show both digits at once. Then try two digits of your own."),
    html("div", { class: "pads" }, given(0, 3), given(1, 8)), html("div", { class: "halfway" }, byCode, byPixels),
    html("div", { class: "wide" }, share), ...strips, says);
});
