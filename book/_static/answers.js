// <exercise-answer>: buttons for a choice, a field for a number, and what the exercise's check says of the answer. The
// rule was asked of the check when the page was built (_ext/exercise_answers.py), so that no kernel is needed.
customElements.define("exercise-answer", class extends HTMLElement {
  connectedCallback() {
    const bytes = Uint8Array.from(atob(this.getAttribute("rule")), (c) => c.charCodeAt(0));
    const rule = JSON.parse(new TextDecoder().decode(bytes));
    this.verdict = Object.assign(document.createElement("p"), { className: "verdict" });
    this.verdict.setAttribute("role", "status");
    this.replaceChildren(rule.letters ? this.choice(rule) : this.field(rule), this.verdict);
  }

  choice({ letters }) {
    const group = document.createElement("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Your answer");
    group.append("Your answer: ");
    for (const [letter, [right, said]] of Object.entries(letters)) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: letter });
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        for (const other of group.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
        this.say(right, said);
      });
      group.append(button);
    }
    return group;
  }

  field({ numbers, otherwise }) {
    const form = document.createElement("form");
    const input = Object.assign(document.createElement("input"), { type: "text", autocomplete: "off", size: 9 });
    const label = document.createElement("label");
    label.append("Your answer: ", input);
    form.append(label, Object.assign(document.createElement("button"), { textContent: "Check" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const found = numberIn(input.value);
      if (Number.isNaN(found)) return this.say(false, "Give a number, such as 12.5 or 3/4.");
      const inside = ([low, high]) => (low ?? -Infinity) <= found && found <= (high ?? Infinity);
      const [, , right, said] = numbers.find(inside) ?? [0, 0, false, `You answered ${+found.toPrecision(6)}. ${otherwise}`];
      return this.say(right, said);
    });
    return form;
  }

  say(right, said) {
    this.verdict.classList.toggle("right", right);
    this.verdict.textContent = `${right ? "Correct." : "Not yet."} ${said}`;
  }
});

// "12.5", "12,5", "2,485", "1 000", "3/4", "-1e-3" -> a number; anything else -> NaN.
function numberIn(text) {
  const parts = text.replace(/\s/g, "").replace("−", "-").split("/");
  if (parts.length > 2) return NaN;
  const [above, below = 1] = parts.map((part) => {
    const grouped = /^[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(part); // a comma before three digits parts thousands
    const plain = grouped ? part.replaceAll(",", "") : part.replace(",", ".");
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  });
  return Number.isFinite(above / below) ? above / below : NaN;
}
