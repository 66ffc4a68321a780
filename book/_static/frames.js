// <frame-slider axes='[{"label": "...", "values": ["0", "1"], "start": 0}, ...]'> <div class="frame"> <img alt> </div>...
// </frame-slider>: shows one frame at a time, chosen with one slider an axis (the last axis moves fastest). A frame may
// have a picture for each theme. Works from disk, without a kernel; without this script the frames stand one below the other.
customElements.define("frame-slider", class extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("input")) return; // moved within the page: already built
    const frames = [...this.querySelectorAll(".frame")];
    const axes = JSON.parse(this.getAttribute("axes"));
    if (frames.length < axes.reduce((n, axis) => n * axis.values.length, 1)) { // the parser has not read them all yet
      document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
      return;
    }
    const controls = axes.map((axis) => {
      const label = document.createElement("label");
      const name = document.createElement("span");
      const slider = Object.assign(document.createElement("input"), {
        type: "range", min: 0, max: axis.values.length - 1, step: 1, value: axis.start,
      });
      const value = document.createElement("output");
      name.textContent = axis.label;
      label.append(name, slider, value);
      return { label, slider, value, values: axis.values };
    });
    // All frames, each with its description, lie in one place (see book.css), so that it is as high as the highest of them
    // and nothing below it moves. On paper no slider moves: frames from all over the range stand there, each with its
    // values; those of a plane stand as they lie in it.
    const place = Object.assign(document.createElement("div"), { className: "frames" });
    const plane = axes.length > 1;
    this.classList.toggle("plane", plane);
    const shares = plane ? [0, 1 / 2, 1] : [0, 1 / 4, 1 / 2, 3 / 4, 1];
    const descriptions = frames.map((frame) => frame.querySelector("img").alt);
    frames.forEach((frame, index) => {
      const at = []; // the frame's place on each axis
      for (let i = axes.length - 1, rest = index; i >= 0; i--) {
        at[i] = rest % axes[i].values.length;
        rest = Math.floor(rest / axes[i].values.length);
      }
      const caption = Object.assign(document.createElement("div"), { className: "caption" });
      const position = document.createElement("strong");
      position.textContent = axes.map((axis, i) => `${axis.label} ${axis.values[at[i]]}`).join(", ") + ": ";
      caption.append(position, descriptions[index]);
      caption.setAttribute("aria-hidden", "true"); // it is the picture's alt text
      frame.classList.toggle("spread", axes.every(
        ({ values }, i) => shares.some((share) => Math.round(share * (values.length - 1)) === at[i])));
      if (plane) frame.style.order = at[0] - at[1] * axes[0].values.length; // the first axis to the right, the second up
      frame.append(caption);
      place.append(frame);
    });
    const text = document.createElement("p");
    text.setAttribute("aria-live", "polite");
    this.prepend(...controls.map((c) => c.label));
    this.append(place, text);
    const show = () => {
      let index = 0;
      for (const { slider, value, values } of controls) {
        index = index * values.length + Number(slider.value);
        value.textContent = values[slider.value];
        slider.setAttribute("aria-valuetext", values[slider.value]);
      }
      frames.forEach((frame, i) => frame.classList.toggle("shown", i === index));
      text.textContent = descriptions[index];
    };
    controls.forEach(({ slider }) => slider.addEventListener("input", show));
    show();
    this.dataset.ready = "true";
  }
});
