// Shift a digit by whole pixels: what its copy out of place costs, beside the average digit and a blank page.
companionFigures.define("shift-digit", (root, [model]) => {
  const { html, once, status, choice, button, picture, pad, draggable } = companionFigures.parts;
  const SIDE = 28, FAR = 14;
  const average = model.numbers("average"), blank = new Float32Array(SIDE * SIDE);
  const digits = Array.from({ length: model.tensors.digits.shape[0] }, (_, i) => model.numbers("digits", i));
  let x = digits[0], right = 2, down = 0;

  function shifted() { // filled with black, as in the lesson
    const out = new Float32Array(SIDE * SIDE);
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const to = row + down, at = column + right;
        if (to >= 0 && to < SIDE && at >= 0 && at < SIDE) out[SIDE * to + at] = x[SIDE * row + column];
      }
    }
    return out;
  }

  function coarse(numbers) { // means of 4 by 4 pixels
    const out = new Float32Array(49);
    numbers.forEach((v, i) => { out[7 * Math.floor(i / SIDE / 4) + Math.floor((i % SIDE) / 4)] += v / 16; });
    return out;
  }
  const mse = (a, b) => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / a.length;
  // Answers are kept 0.001 from 0 and 1, as in the lesson, or a single pixel would decide.
  const sure = (v) => Math.min(0.999, Math.max(0.001, v));
  const bce = (a, b) => a.reduce((sum, v, i) => sum - b[i] * Math.log(sure(v)) - (1 - b[i]) * Math.log(1 - sure(v)), 0);
  const prices = {
    mse: { name: "MSE", of: mse, says: (v) => v.toFixed(3) },
    coarse: { name: "MSE of 4 by 4 means", short: "4 by 4 MSE", of: (a, b) => mse(coarse(a), coarse(b)), says: (v) => v.toFixed(3) },
    bce: { name: "BCE", of: bce, says: (v) => `${v.toFixed(0)} nats` },
  };
  const price = choice({ label: "Price", options: Object.fromEntries(Object.entries(prices).map(([key, { name, short }]) => [key, short ?? name])), onchange: () => draw() });

  // White where digit and copy agree, one colour for ink that is missing, another for ink that is too much.
  const board = html("canvas", { width: SIDE, height: SIDE, tabindex: 0, role: "application", "aria-label": "The digit, and its copy that you shift. Drag it, or use the arrow keys." });
  const pen = board.getContext("2d"), image = pen.createImageData(SIDE, SIDE);
  const MISSING = [102, 204, 238], TOO_MUCH = [238, 102, 119]; // cyan and red of the course's palette
  function overlay(copy) {
    for (let i = 0; i < copy.length; i++) {
      const both = Math.min(x[i], copy[i]), missing = x[i] - both, tooMuch = copy[i] - both;
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * both + missing * MISSING[c] + tooMuch * TOO_MUCH[c];
      image.data[4 * i + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
  }

  const answers = ["your copy", "the average digit", "a blank page"].map((name) => {
    const small = picture(), bar = html("span", { class: "bar" }), value = html("span", { class: "value" });
    return { small, bar, value, element: html("div", { class: "answer" }, small, html("div", {}, name, value, bar)) };
  });
  const says = status();
  const where = () => [right && `${Math.abs(right)} ${right > 0 ? "right" : "left"}`, down && `${Math.abs(down)} ${down > 0 ? "down" : "up"}`].filter(Boolean).join(", ");

  const draw = once(() => {
    const copy = shifted(), { name, of, says: inWords } = prices[price.value];
    const found = [copy, average, blank].map((answer) => of(answer, x));
    const [own, ofAverage, ofBlank] = found;
    const most = Math.max(2.1 * ofBlank, 1.05 * ofAverage, own); // the same wherever the copy lies
    overlay(copy);
    [copy, average, blank].forEach((answer, i) => {
      answers[i].small.show(answer, ["Your copy.", "The average digit, a grey blob.", "A black page."][i]);
      answers[i].value.textContent = inWords(found[i]);
      answers[i].bar.style.width = `${100 * found[i] / most}%`;
    });
    if (!x.some((v) => v)) says.say("Draw a digit, or take another.");
    else if (!right && !down) says.say(`In its place, the copy costs ${inWords(own)}${price.value === "bce" ? ": grey pixels have their price" : ""}. Shift it.`);
    else {
      const than = (other) => (own > other ? "more than" : "less than");
      says.say(`Shifted ${where()}: by ${name}, the copy costs ${inWords(own)}, ${than(ofBlank)} a blank page, and ${than(ofAverage)} the average digit.`);
    }
  });

  const to = (dx, dy) => { [right, down] = [dx, dy].map((v) => Math.max(-FAR, Math.min(FAR, v))); draw(); };
  let held = null; // where the pointer took hold, less the shift
  board.addEventListener("pointerdown", () => { held = null; });
  draggable(board, board, {
    move: (px, py) => {
      held ??= [px * SIDE - right, py * SIDE - down];
      to(Math.round(px * SIDE - held[0]), Math.round(py * SIDE - held[1]));
    },
    step: (dx, dy) => to(right + dx, down - dy),
  });
  root.append(
    html("div", { class: "board" }, board,
      html("p", { class: "note" }, html("i", { class: "missing" }), "ink that is missing", html("br"), html("i", { class: "more" }), "ink that is too much"),
      html("div", { class: "buttons" }, button("Back to its place", () => to(0, 0)))),
    html("div", { class: "grow" }, price, ...answers.map(({ element }) => element)),
    says,
    pad({ digits, caption: "Draw a digit, or take one.", onchange: (numbers) => { x = numbers; draw(); } }),
  );
});
