// On paper nothing can be opened: while a page is printed, every fold on it is open, and dark colours are light.
{
  const opened = [];
  const root = document.documentElement;
  let theme;
  addEventListener("beforeprint", () => {
    opened.push(...document.querySelectorAll("details:not([open])"));
    opened.forEach((fold) => { fold.open = true; });
    // The light pictures of a dark page have not been asked for yet.
    document.querySelectorAll('img[loading="lazy"]').forEach((image) => { image.loading = "eager"; });
    theme ??= root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    opened.splice(0).forEach((fold) => { fold.open = false; });
    root.dataset.theme = theme;
    theme = undefined;
  });
}
