// <frame-slider label="..." start="3"> <img data-value alt>... </frame-slider>: shows one image at a time, chosen with a
// slider. Works from disk, without a kernel; without this script the images stand one below the other.
customElements.define("frame-slider", class extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("input")) return; // moved within the page: already built
    const frames = [...this.querySelectorAll("img")];
    if (!frames.length) { // the parser has not reached the images yet
      document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
      return;
    }
    const label = document.createElement("label");
    const name = document.createElement("span");
    const slider = Object.assign(document.createElement("input"), {
      type: "range", min: 0, max: frames.length - 1, step: 1, value: this.getAttribute("start") || 0,
    });
    const value = document.createElement("output");
    const text = document.createElement("p");
    text.setAttribute("aria-live", "polite");
    name.textContent = this.getAttribute("label");
    label.append(name, slider, value);
    this.prepend(label);
    this.append(text);
    const show = () => {
      frames.forEach((frame, i) => { frame.hidden = i !== Number(slider.value); });
      const frame = frames[slider.value];
      value.textContent = frame.dataset.value;
      text.textContent = frame.alt;
      slider.setAttribute("aria-valuetext", frame.dataset.value);
    };
    slider.addEventListener("input", show);
    show();
    this.dataset.ready = "true";
  }
});
