// <companion-figure kind="..." models="a b">a still picture and a sentence</companion-figure>: a figure to play with. Once it
// comes near the view, its scripts and weights are loaded and it is built in place of what stands in it, which stays where scripts
// are off and on paper. In a live notebook, everything is in the element itself. Works from disk: no fetch, no modules.
(() => {
  if (customElements.get("companion-figure")) return; // a notebook's cell that ran again
  const base = document.currentScript?.src ? new URL(".", document.currentScript.src) : null;
  const asked = {};

  function script(path) { // -> a promise, fulfilled once the script has run
    return (asked[path] ??= new Promise((done, failed) => {
      const element = Object.assign(document.createElement("script"), { src: new URL(path, base), onload: done });
      element.onerror = () => failed(new Error(`${path} could not be loaded`));
      document.head.append(element);
    }));
  }

  async function load(figure) {
    const kind = figure.getAttribute("kind"), names = (figure.getAttribute("models") ?? "").split(" ").filter(Boolean);
    if (base) {
      await script("engine.js");
      await script("parts.js"); // after the engine, which it uses
      await Promise.all([script(`${kind}.js`), ...names.map((name) => script(`models/${name}.js`))]);
      return names.map((name) => companionFigures.model(name));
    }
    const own = [...figure.querySelectorAll("script[data-model]")];
    return own.map((data) => new companionFigures.Model(JSON.parse(data.textContent)));
  }

  customElements.define("companion-figure", class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.ready) return; // moved within the page
      const near = new IntersectionObserver(([entry]) => {
        if (!entry.isIntersecting) return;
        near.disconnect();
        this.build();
      }, { rootMargin: "800px" });
      near.observe(this);
    }

    async build() {
      const models = await load(this);
      const still = document.createElement("div");
      still.className = "still"; // shown on paper only
      still.append(...this.childNodes);
      const live = document.createElement("div");
      live.className = "live";
      live.setAttribute("role", "group");
      live.setAttribute("aria-label", this.getAttribute("label"));
      this.append(still, live);
      companionFigures.builder(this.getAttribute("kind"))(live, models, this);
      this.dataset.ready = "true";
    }
  });
})();
