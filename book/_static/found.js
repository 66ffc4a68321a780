// Where a link leads into a fold, the fold opens. A page that was found by the search (see search.js) marks the words found in
// the section that the link names; if all of them are folded away there, the fold with the first opens. No text is changed.
{
  const open = (element) => {
    for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  };

  // The text under a heading, less that under further ones; of an entry of the glossary, its text.
  function* textsOf(target) {
    for (const part of target.matches("dt") ? [target, target.nextElementSibling] : [target]) {
      const walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) if (!target.matches("section") || walk.currentNode.parentElement.closest("section") === target) yield walk.currentNode;
    }
  }

  function land() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    open(target);
    const words = new URLSearchParams(location.search).get("found")?.match(/[\p{L}\p{N}-]+/gu);
    if (!words) return;
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})(?![\\p{L}\\p{N}])`, "giu");
    const ranges = [];
    for (const text of textsOf(target)) {
      for (const { 0: word, index } of text.data.matchAll(pattern)) {
        const range = new Range();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        ranges.push(range);
      }
    }
    if (window.Highlight) CSS.highlights.set("found", new Highlight(...ranges));
    const places = ranges.map((range) => range.startContainer.parentElement).filter((place) => !place.closest("script, style, summary"));
    if (places.length && !places.some((place) => place.checkVisibility())) {
      open(places[0]);
      places[0].scrollIntoView({ block: "center" });
    }
  }

  addEventListener("load", land); // when the other scripts have set the folds
  addEventListener("hashchange", land);
}
