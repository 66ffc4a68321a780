// What the figures share: controls with a name, a value and a target of 44 px; pictures; a pad to draw a digit on; things to drag.
// Everything works by mouse, finger and keys, and says in words what it shows.
companionFigures.parts ??= (() => {
  const SVG = "http://www.w3.org/2000/svg";

  function fill(element, properties, children) {
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }
  // html("p", {class: "note", onclick: f}, "text", other) -> an element; svg(...) the same for drawings.
  const html = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);
  const svg = (tag, properties = {}, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  // -> a function that asks for f to be called before the next frame, once, however often it is asked.
  function once(f) {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; f(); });
    };
  }

  // The page's colours, for a canvas: inks(element, changed) -> (name, other) => the value of a CSS variable, and calls changed
  // when the page turns dark or light.
  function inks(element, changed) {
    let known = {}; // to ask for a style takes long
    const anew = () => { known = {}; changed(); };
    const watch = new MutationObserver(anew);
    for (const e of [document.documentElement, document.body]) watch.observe(e, { attributes: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", anew);
    return (name, other) => (known[name] ??= getComputedStyle(element).getPropertyValue(name).trim() || other);
  }

  // A square canvas, as fine as the screen: draw(pen, side in CSS pixels) is called when its size changes, and by .redraw().
  function plane(properties, draw) {
    const canvas = html("canvas", properties), pen = canvas.getContext("2d");
    canvas.redraw = once(() => {
      const side = canvas.clientWidth, fine = Math.round(side * devicePixelRatio);
      if (!fine) return;
      if (canvas.width !== fine) canvas.width = canvas.height = fine;
      pen.setTransform(fine / side, 0, 0, fine / side, 0, 0);
      pen.clearRect(0, 0, side, side);
      draw(pen, side);
    });
    new ResizeObserver(canvas.redraw).observe(canvas);
    return canvas;
  }

  // Long work in pieces: -> a function that takes a generator and runs it from frame to frame, some ms in each; a new one takes
  // the place of the one before.
  function inPieces(ms = 4) {
    let work = null;
    const go = () => {
      const end = performance.now() + ms;
      while (work && performance.now() < end) if (work.next().done) work = null;
      if (work) requestAnimationFrame(go);
    };
    return (generator) => { if (!work) requestAnimationFrame(go); work = generator; };
  }

  // Random numbers that a seed decides (mulberry32): -> a function that gives the next, even over [0, 1); and normal ones of it.
  function random(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
      return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
    };
  }
  const normals = (count, next) => Float32Array.from({ length: count },
    () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())); // Box and Muller

  // A line of text that screen readers announce, at most every half second.
  function status(properties = {}) {
    const element = html("p", { class: "says", "aria-live": "polite", ...properties });
    let next = "", timer = 0, last = 0;
    const show = () => { timer = 0; last = performance.now(); if (element.textContent !== next) element.textContent = next; };
    element.say = (text) => {
      next = text;
      const wait = 500 - (performance.now() - last);
      if (wait <= 0) show(); else timer ||= setTimeout(show, wait);
    };
    return element;
  }

  // slider({label, min, max, step, value, says: (v) => "words", oninput: (v) => ...}) -> an element with .value
  function slider({ label, min = 0, max = 1, step = 0.01, value = min, says = String, oninput }) {
    const input = html("input", { type: "range", min, max, step, "aria-label": label }); // the label element would name the <output>
    const output = html("output");
    const show = () => { output.textContent = says(Number(input.value)); input.setAttribute("aria-valuetext", output.textContent); };
    input.value = value;
    input.addEventListener("input", () => { show(); oninput?.(Number(input.value)); });
    const element = html("label", { class: "slider" }, html("span", {}, label), output, input);
    Object.defineProperty(element, "value", { get: () => Number(input.value), set: (v) => { input.value = v; show(); } });
    show();
    return element;
  }

  // choice({label, options: {name: "text"}, value, onchange: (name) => ...}) -> radio buttons as a row, with .value
  let groups = 0;
  function choice({ label, options, value = Object.keys(options)[0], onchange }) {
    const name = `companion-choice-${groups++}`;
    const element = html("fieldset", { class: "choice" }, html("legend", {}, label));
    for (const [key, text] of Object.entries(options)) {
      const input = html("input", { type: "radio", name, value: key, onchange: () => onchange?.(key) });
      input.checked = key === value;
      element.append(html("label", {}, input, html("span", {}, text)));
    }
    Object.defineProperty(element, "value", {
      get: () => element.querySelector("input:checked").value,
      set: (key) => { element.querySelector(`input[value="${CSS.escape(key)}"]`).checked = true; },
    });
    return element;
  }

  const button = (text, onclick) => html("button", { type: "button", onclick }, text);

  // A grey picture of side x side numbers, 0 black to 1 white: .show(numbers, "in words"). Not smooth: pixels are to be seen.
  // (No <figure>: pages have styles of their own for those.)
  function picture({ side = 28, caption = "" } = {}) {
    const canvas = html("canvas", { width: side, height: side, role: "img" });
    const element = html("div", { class: "picture" }, canvas, html("div", { class: "note" }, caption));
    const pen = canvas.getContext("2d"), image = pen.createImageData(side, side);
    image.data.fill(255);
    element.show = (numbers, words) => {
      for (let i = 0; i < numbers.length; i++) {
        const v = 255 * Math.min(1, Math.max(0, numbers[i]));
        image.data[4 * i] = image.data[4 * i + 1] = image.data[4 * i + 2] = v;
      }
      pen.putImageData(image, 0, 0);
      if (words) canvas.setAttribute("aria-label", words);
    };
    element.caption = (text) => { element.lastChild.textContent = text; };
    return element;
  }

  // Lines drawn in a unit square -> 28 x 28 numbers as MNIST has them: as large as fits a box of 20 pixels, about as
  // thick as its strokes, the middle of its ink in the middle.
  const FINE = 4, PEN = 2.4; // fine pixels a pixel; thickness in pixels
  function asDigit(lines) {
    const numbers = new Float32Array(784), points = lines.flat();
    if (!points.length) return numbers;
    const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
    const left = Math.min(...xs), top = Math.min(...ys);
    const wide = Math.max(...xs) - left, high = Math.max(...ys) - top;
    const scale = Math.min((20 - PEN) / Math.max(wide, high, 1e-6), 60); // a dot stays a dot
    const pen = html("canvas", { width: 28 * FINE, height: 28 * FINE }).getContext("2d", { willReadFrequently: true });
    Object.assign(pen, { lineWidth: PEN * FINE, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    const drawn = (dx, dy) => { // in pixels -> fine pixels of ink, 0 to 255
      pen.clearRect(0, 0, 28 * FINE, 28 * FINE);
      for (const line of lines) {
        pen.beginPath();
        for (const [x, y] of line.length > 1 ? line : [line[0], line[0]]) {
          pen.lineTo(((x - left - wide / 2) * scale + dx) * FINE, ((y - top - high / 2) * scale + dy) * FINE);
        }
        pen.stroke();
      }
      return pen.getImageData(0, 0, 28 * FINE, 28 * FINE).data;
    };
    const side = 28 * FINE;
    let ink = drawn(14, 14), total = 0, x = 0, y = 0;
    for (let i = 0; i < side * side; i++) { const v = ink[4 * i + 3]; total += v; x += v * (i % side); y += v * Math.floor(i / side); }
    ink = drawn(28 - (x / total + 0.5) / FINE, 28 - (y / total + 0.5) / FINE);
    for (let i = 0; i < side * side; i++) {
      numbers[28 * Math.floor(i / side / FINE) + Math.floor((i % side) / FINE)] += ink[4 * i + 3] / 255 / FINE ** 2;
    }
    return numbers;
  }

  // pad({digits: [numbers, ...], onchange: (numbers) => ...}): draw a digit with mouse or finger, or with keys: arrows move the
  // pen, the space bar puts it down and lifts it. Shows one of the given digits until something is drawn. -> element with .numbers
  function pad({ digits = [], start = 0, onchange, caption = "Draw here" }) {
    const SIDE = 280;
    const canvas = html("canvas", { width: SIDE, height: SIDE, tabindex: 0, role: "application",
      "aria-label": "Drawing pad. Draw with mouse or finger. With keys: arrows move the pen, the space bar puts it down and lifts it, Delete clears." });
    const pen = canvas.getContext("2d");
    let lines = [], given = digits.length ? start % digits.length : -1, at = [0.5, 0.5], down = false;
    const small = picture();
    const element = html("div", { class: "pad" }, canvas, html("div", { class: "buttons" },
      button("Clear", () => clear()),
      ...(digits.length ? [button("Another digit", () => { lines = []; given = (given + 1) % digits.length; down = false; changed(); })] : [])),
    html("p", { class: "note" }, caption));
    const changed = once(() => {
      element.numbers = given >= 0 ? digits[given] : asDigit(lines);
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, SIDE, SIDE);
      if (given >= 0) {
        small.show(element.numbers);
        pen.imageSmoothingEnabled = false;
        pen.drawImage(small.querySelector("canvas"), 0, 0, SIDE, SIDE);
      }
      Object.assign(pen, { lineWidth: SIDE * 0.08, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
      for (const line of lines) {
        pen.beginPath();
        for (const [x, y] of line.length > 1 ? line : [line[0], line[0]]) pen.lineTo(x * SIDE, y * SIDE);
        pen.stroke();
      }
      if (document.activeElement === canvas && canvas.matches(":focus-visible")) { // where the pen of the keys is
        Object.assign(pen, { lineWidth: 3, strokeStyle: down ? "#ee6677" : "#66ccee" });
        pen.beginPath();
        pen.arc(at[0] * SIDE, at[1] * SIDE, 12, 0, 7);
        pen.stroke();
      }
      onchange?.(element.numbers);
    });
    const clear = () => { lines = []; given = -1; down = false; changed(); };
    const begin = (point) => { if (given >= 0) { given = -1; lines = []; } lines.push([point]); changed(); };
    const go = (point) => { lines.at(-1).push(point); changed(); };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((v) => Math.min(1, Math.max(0, v)));
    };
    canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); down = false; begin(place(event)); });
    canvas.addEventListener("pointermove", (event) => { if (event.buttons) go(place(event)); });
    canvas.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (move) {
        at = at.map((v, i) => Math.min(0.95, Math.max(0.05, v + move[i] * (event.shiftKey ? 0.12 : 0.04))));
        if (down) go(at); else changed();
      } else if (event.key === " ") {
        down = !down;
        if (down) begin(at); else changed();
      } else if (event.key === "Delete" || event.key === "Backspace") clear();
      else return;
      event.preventDefault();
    });
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => changed());
    changed();
    return element;
  }

  // Make an element one that is dragged, and moved by arrow keys: move(x, y) gets places in the frame, 0 to 1 from left and top;
  // step(dx, dy) gets whole steps, right and up, five at a time with Shift.
  function draggable(handle, frame, { move, step }) {
    const place = (event) => {
      const box = frame.getBoundingClientRect();
      move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    };
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus();
      place(event);
    });
    handle.addEventListener("pointermove", (event) => { if (event.buttons) place(event); });
    handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!by) return;
      event.preventDefault();
      step(...by.map((d) => d * (event.shiftKey ? 5 : 1)));
    });
    handle.style.touchAction = "none";
  }

  return { html, svg, calm, once, inPieces, random, normals, inks, plane, status, slider, choice, button, picture, asDigit, pad, draggable };
})();
