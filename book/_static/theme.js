// The theme's own script chooses between light and dark once the page is read; until then a figure would stand there in
// both, and be loaded in both.
{
  const root = document.documentElement;
  if (root.dataset.theme === "auto") {
    root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
}
