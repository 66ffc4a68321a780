// The button of a page with folded code opens all of it or closes it, not the solutions, and what was chosen holds for the
// pages that follow. It stands in the row of chips (see _ext/page_head.py), or where there is none comes below the title.
// Without this script each fold opens by hand.
document.addEventListener("DOMContentLoaded", () => {
  const folds = [...document.querySelectorAll(".cell.tag_hide-input:not(.tag_hide-cell, .tag_solution) > details")];
  const title = document.querySelector("article h1");
  if (!folds.length || !title) return;
  let button = document.querySelector("ul.chips .code-switch");
  if (!button) {
    button = Object.assign(document.createElement("button"), { type: "button", className: "code-switch" });
    title.after(button);
  }
  const allOpen = () => folds.every((fold) => fold.open);
  const name = () => { button.textContent = allOpen() ? "Hide all code" : "Show all code"; };
  const setAll = (open) => { folds.forEach((fold) => { fold.open = open; }); name(); };
  // A browser may keep nothing, or refuse to be asked: on a page from disk, or in a private window.
  const remember = (choice) => { try { localStorage.setItem("code", choice); } catch { /* for this page alone, then */ } };
  const remembered = () => { try { return localStorage.getItem("code"); } catch { return null; } };
  button.addEventListener("click", () => {
    const open = !allOpen();
    setAll(open);
    remember(open ? "shown" : "hidden");
  });
  folds.forEach((fold) => fold.addEventListener("toggle", name)); // one opened by hand may be the last
  setAll(remembered() === "shown");
});
