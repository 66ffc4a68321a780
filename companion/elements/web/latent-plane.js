// The planes of a plain autoencoder and of a VAE, side by side: codes of test digits, and in each a place to move, decoded as it goes.
companionFigures.define("latent-plane", (root, [model]) => {
  const { html, svg, once, status, picture, draggable } = companionFigures.parts;
  const { digits, frames, crowds } = model.facts;
  const SIDE = 320, sigma = model.numbers("sigma");
  const signed = (v) => v.toFixed(1).replace("-", "−");

  const sides = [["plain", "Plain autoencoder"], ["vae", "VAE"]].map(([name, title]) => {
    const z = model.numbers(`codes ${name}`), [across, up, far] = frames[name], scale = SIDE / 2 / far;
    const x = (v) => SIDE / 2 + (v - across) * scale, y = (v) => SIDE / 2 - (v - up) * scale;
    const paths = Array(10).fill("");
    for (let i = 0; i < digits.length; i++) paths[digits[i]] += `M${x(z[2 * i]).toFixed(1)} ${y(z[2 * i + 1]).toFixed(1)}h0`;
    // the nearest code: a ring around a point, or its cloud, one sigma wide each way
    const near = svg("ellipse", { class: "near" });
    const drawing = svg("svg", { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img", "aria-label": `${title}: the codes of 1,000 test digits in its plane, from ${signed(across - far)} to ${signed(across + far)} and from ${signed(up - far)} to ${signed(up + far)}. The dashed circle around zero has radius 2.` },
      ...paths.map((d, i) => svg("path", { class: "codes", d, style: `--digit: var(--digit-${i}, var(--d${i}))` })),
      svg("circle", { class: "prior", cx: x(0), cy: y(0), r: 2 * scale }), near,
      ...crowds[name].map(([a, b], i) => svg("text", { class: "name", x: x(a), y: y(b) + 6, "text-anchor": "middle", style: `--digit: var(--digit-${i}, var(--d${i}))` }, String(i))));
    const handle = html("div", { class: "handle", tabindex: 0, role: "slider", "aria-label": `place in the plane: ${title}`, "aria-valuemin": (across - far).toFixed(2), "aria-valuemax": (across + far).toFixed(2) });
    const plane = html("div", { class: "plane" }, drawing, handle), drawn = picture(), place = html("p", { class: "note" });
    const at = [0, 0];
    const go = (...to) => { to.forEach((v, i) => { const middle = i ? up : across; at[i] = Math.min(middle + far, Math.max(middle - far, v)); }); draw(); };
    const there = (u, v) => go(across + (2 * u - 1) * far, up + (1 - 2 * v) * far);
    draggable(handle, plane, { move: there, step: (dx, dy) => go(at[0] + dx * far / 50, at[1] + dy * far / 50) });
    drawing.addEventListener("click", (event) => {
      const box = drawing.getBoundingClientRect();
      there((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    const show = () => {
      let best = 0, distance = Infinity;
      for (let i = 0; i < digits.length; i++) {
        const d = Math.hypot(z[2 * i] - at[0], z[2 * i + 1] - at[1]);
        if (d < distance) [best, distance] = [i, d];
      }
      const [a, b] = [z[2 * best], z[2 * best + 1]];
      const widths = name === "vae" ? [sigma[2 * best], sigma[2 * best + 1]] : [4 / scale, 4 / scale];
      for (const [key, v] of Object.entries({ cx: x(a), cy: y(b), rx: widths[0] * scale, ry: widths[1] * scale })) near.setAttribute(key, v);
      handle.style.left = `${(100 * x(at[0])) / SIDE}%`;
      handle.style.top = `${(100 * y(at[1])) / SIDE}%`;
      const spot = `(${signed(at[0])}, ${signed(at[1])})`;
      handle.setAttribute("aria-valuenow", at[0].toFixed(2));
      handle.setAttribute("aria-valuetext", spot);
      drawn.show(model.run(name, at), `What the ${title} draws at ${spot}.`);
      place.textContent = `Decoded at ${spot}`;
      const inside = name === "vae" && Math.hypot((a - at[0]) / widths[0], (b - at[1]) / widths[1]) <= 1;
      return `${title}: the nearest code, that of a ${digits[best]}, lies ${distance.toFixed(2)} away${inside ? ", and you stand in its cloud" : ""}.`;
    };
    const element = html("div", { class: "side" }, html("b", {}, title), plane, html("div", { class: "drawn" }, drawn, place));
    return { element, show };
  });
  const says = status();
  const draw = once(() => says.say(sides.map((side) => side.show()).join(" ")));

  root.append(html("p", { class: "note wide" }, "Drag the two rings, first within the dashed circles, where a standard normal draws. Where do you find a place that draws nothing?"),
    ...sides.map((side) => side.element), says);
  draw();
});
