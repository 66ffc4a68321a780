// <frame-slider axes='[{"label": "...", "values": ["0", "1"], "start": 0}, ...]'> <img data-value alt>... </frame-slider>:
// shows one image at a time, chosen with one slider an axis (the last axis moves fastest). Works from disk, without a
// kernel; without this script the images stand one below the other.
customElements.define("frame-slider", class extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("input")) return; // moved within the page: already built
    const frames = [...this.querySelectorAll("img")];
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
    const text = document.createElement("p");
    text.setAttribute("aria-live", "polite");
    this.prepend(...controls.map((c) => c.label));
    this.append(text);
    const show = () => {
      let index = 0;
      for (const { slider, value, values } of controls) {
        index = index * values.length + Number(slider.value);
        value.textContent = values[slider.value];
        slider.setAttribute("aria-valuetext", values[slider.value]);
      }
      frames.forEach((frame, i) => { frame.hidden = i !== index; });
      text.textContent = frames[index].alt;
    };
    controls.forEach(({ slider }) => slider.addEventListener("input", show));
    show();
    this.dataset.ready = "true";
  }
});
