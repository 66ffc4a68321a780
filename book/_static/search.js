// The search page: sections of the course, best first, with the words that were found. The index is a script that the build
// has written (_ext/search_index.py), so that nothing is fetched, and the page works from disk.
addEventListener("DOMContentLoaded", () => {
  const GREEK = {
    α: "alpha", β: "beta", γ: "gamma", δ: "delta", ε: "epsilon", ϵ: "epsilon", ζ: "zeta", η: "eta", θ: "theta", κ: "kappa", λ: "lambda",
    μ: "mu", ν: "nu", π: "pi", ρ: "rho", σ: "sigma", τ: "tau", φ: "phi", ϕ: "phi", χ: "chi", ψ: "psi", ω: "omega",
  };
  // Spellings that count as one. They need not make words, only the same of both: "noize" is as good as "noise".
  const SPELLINGS = [
    [/^var(?=epsilon|phi|theta|sigma)/, ""], // as formulas have it
    [/parametri/, "parameteri"], // reparametrization
    [/(\w{2})our/, "$1or"], // colour, behaviour
    [/([iy])s(e|ed|er|es|ing|ation|ations)$/, "$1z$2"], // visualisation, analyse
    [/grey/, "gray"],
    [/(cen|me|li)tre/, "$1ter"],
    [/(\w)ll(ed|ing|er)$/, "$1l$2"], // labelled, modelling
    [/(lic|def)ence/, "$1ense"],
    [/(ss|x|ch|sh)es$/, "$1"], // plurals
    [/ies$/, "y"],
    [/(\w\w[^su])s$/, "$1"],
  ];
  const WEIGHTS = [6, 1, 0.2, 0.3, 0.1]; // of words in a title or a term explained, in prose, in folded answers, in code, in what code prints
  const PAGES = 10; // the most that are shown, with SECTIONS of each
  const SECTIONS = 3;
  const WIDTH = 220; // of what is quoted, in characters

  const known = new Map();
  function spelling(word) {
    let made = known.get(word);
    if (made === undefined) {
      made = GREEK[word] ?? word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
      for (const [pattern, other] of SPELLINGS) made = made.replace(pattern, other);
      known.set(word, made);
    }
    return made;
  }

  const WORD = /[\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*/gu;
  // The words of a text as [start, end, spellings]: "U-Net" is found as unet and as net.
  function wordsOf(text) {
    return Array.from(text.matchAll(WORD), ({ 0: word, index }) => {
      const parts = word.split("-");
      const spellings = parts.length > 1 ? [parts.join(""), ...parts.filter((part) => part.length > 1)] : parts;
      return [index, index + word.length, spellings.map((one) => spelling(one.toLowerCase()))];
    });
  }
  const whole = (text) => wordsOf(text.replace(/['’]s\b/g, "")).map(([, , [first]]) => first);

  const sections = COURSE.sections.map(([page, anchor, title, weight, terms, ...texts]) => {
    const [address, pageTitle] = COURSE.pages[page];
    const names = [title, title.split(": ")[0]].map((name) => whole(name.replace(/^\d+\. /, ""))); // "4. Losses: what ...", "Losses"
    return { page, address, pageTitle, anchor, title, weight, texts, names, terms: terms.map(whole), length: 0 };
  });
  const index = new Map(); // spelling -> Map of section -> how often it is there, by weight
  for (const section of sections) {
    [`${section.title} ${section.terms.flat().join(" ")}`, ...section.texts].forEach((text, kind) => {
      for (const [, , spellings] of wordsOf(text)) {
        for (const one of spellings) {
          if (!index.has(one)) index.set(one, new Map());
          const places = index.get(one);
          places.set(section, (places.get(section) ?? 0) + WEIGHTS[kind]);
        }
        section.length += WEIGHTS[kind];
      }
    });
  }
  const usual = sections.reduce((sum, { length }) => sum + length, 0) / sections.length;
  const rarity = (word) => Math.log(1 + sections.length / index.get(word).size);

  // Slips between two words: letters added, left out, changed or swapped; more than `most` are not counted.
  function slips(a, b, most) {
    if (Math.abs(a.length - b.length) > most) return most + 1;
    let [before, last] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
    for (let i = 1; i <= a.length; i++) {
      const row = [i];
      for (let j = 1; j <= b.length; j++) {
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
      }
      if (Math.min(...row) > most) return most + 1;
      [before, last] = [last, row];
    }
    return last[b.length];
  }

  // What a word of the query may stand for: words of the course, each with how good a match it is.
  function meanings(asked) {
    const found = new Map();
    if (index.has(asked)) found.set(asked, 1);
    if (asked.length > 1) {
      for (const word of index.keys()) {
        if (word.startsWith(asked) && word !== asked) found.set(word, 0.7 * Math.sqrt(asked.length / word.length));
      }
    }
    const most = asked.length < 4 ? 0 : asked.length < 8 ? 1 : 2;
    for (let allowed = 1; allowed <= most && !found.size; allowed++) {
      for (const word of index.keys()) if (slips(asked, word, allowed) <= allowed) found.set(word, 0.5);
    }
    return found;
  }

  // "u net" and "auto encoder" are one word here, where that is the more usual.
  function joined(words) {
    const made = [];
    for (let i = 0; i < words.length; i++) {
      const both = words[i] + words[i + 1];
      const count = (word) => index.get(word)?.size ?? 0;
      made.push(count(both) > Math.min(count(words[i]), count(words[i + 1])) ? (i++, both) : words[i]);
    }
    return made;
  }

  // How well a name is what was asked for: 1 if they are the same words.
  function likeness(name, asked) {
    const met = asked.reduce((sum, found) => sum + Math.max(0, ...name.map((word) => found.get(word) ?? 0)), 0);
    return name.length ? (met / name.length) * (met / asked.length) : 0;
  }

  // -> [{section, score, words}], best first; words are the spellings that were found.
  function search(query) {
    const words = joined(whole(query));
    const asked = words.map(meanings);
    const found = new Map();
    asked.forEach((one) => {
      const best = new Map(); // the section's best word for this one of the query
      for (const [word, match] of one) {
        for (const [section, often] of index.get(word)) {
          const share = (2.2 * often) / (often + 0.6 + 0.6 * (section.length / usual));
          const score = match * match * rarity(word) * share;
          const hit = found.get(section) ?? { section, score: 0, met: 0, words: new Set() };
          hit.words.add(word);
          found.set(section, hit);
          best.set(section, Math.max(best.get(section) ?? 0, score));
        }
      }
      for (const [section, score] of best) {
        found.get(section).score += score;
        found.get(section).met += 1;
      }
    });
    const most = Math.max(0, ...Array.from(found.values(), (hit) => hit.met)); // all words, or as many as there are together
    const hits = Array.from(found.values()).filter((hit) => hit.met === most);
    for (const hit of hits) {
      const { terms, names, texts, weight } = hit.section;
      const closest = (all) => Math.max(0, ...all.map((name) => likeness(name, asked)));
      hit.score += 30 * closest(terms) + 10 * closest(names);
      if (words.length > 1 && whole(texts[0]).join(" ").includes(words.join(" "))) hit.score *= 1.3;
      hit.score *= weight;
    }
    return hits.sort((a, b) => b.score - a.score);
  }

  // The stretch of a text with most of the words that were found, which are marked.
  function quote(hit) {
    const { title, texts } = hit.section;
    const marks = (text) => wordsOf(text).filter(([, , spellings]) => spellings.some((one) => hit.words.has(one)));
    const kind = marks(title).length ? 0 : Math.max(0, texts.findIndex((text) => marks(text).length));
    const text = texts[kind];
    const marked = marks(text);
    const inside = (from) => marked.filter(([start, end]) => start >= from && end <= from + WIDTH);
    const distinct = (from) => new Set(inside(from).map(([, , [first]]) => first)).size;
    let from = 0; // where the title has all the words, the text is quoted from its beginning
    if (new Set(marks(title).flatMap(([, , spellings]) => spellings)).size < hit.words.size && marked.length) {
      from = Math.max(0, marked.reduce((best, mark) => (distinct(mark[0]) > distinct(best[0]) ? mark : best))[0] - 60);
    }
    if (from > 0) from = text.indexOf(" ", from) + 1;
    const to = text.length <= from + WIDTH ? text.length : text.lastIndexOf(" ", from + WIDTH);
    const line = document.createElement("p");
    if (kind > 0) line.append(["", "In an answer: ", "In the code: ", "In the output: "][kind]);
    line.append(from > 0 ? "… " : "");
    let at = from;
    for (const [start, end] of inside(from).filter(([, end]) => end <= to)) {
      line.append(text.slice(at, start), Object.assign(document.createElement("mark"), { textContent: text.slice(start, end) }));
      at = end;
    }
    line.append(text.slice(at, to), to < text.length ? " …" : "");
    return [line, [...new Set(marked.map(([start, end]) => text.slice(start, end).toLowerCase()))]];
  }

  const field = document.querySelector(".bd-search-container input[name=q]");
  const [status, list] = ["search-status", "search-found"].map((id) => document.getElementById(id));

  function resultOf(hit) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const [line, words] = quote(hit);
    link.href = `${hit.section.address}?${new URLSearchParams({ found: words.slice(0, 8).join(" ") })}#${hit.section.anchor}`;
    link.textContent = hit.section.title;
    item.append(link, line);
    return item;
  }

  function show() {
    const query = field.value.trim();
    const hits = query ? search(query) : [];
    const pages = new Map();
    for (const hit of hits) pages.set(hit.section.page, [...(pages.get(hit.section.page) ?? []), hit]);
    list.replaceChildren(...Array.from(pages.values()).slice(0, PAGES).map((own) => {
      const item = document.createElement("li");
      const rows = document.createElement("ul");
      rows.append(...own.slice(0, SECTIONS).map(resultOf));
      item.append(Object.assign(document.createElement("h2"), { textContent: own[0].section.pageTitle }), rows);
      return item;
    }));
    const count = (number, one) => `${number} ${one}${number === 1 ? "" : "s"}`;
    const said = `${count(hits.length, "section")} on ${count(pages.size, "page")}`;
    status.textContent = !query ? "" : !hits.length ? `Nothing found for “${query}”. Try another word.`
      : pages.size > PAGES ? `${said}; the best ${PAGES} pages are here.` : `${said}.`;
    try { history.replaceState(null, "", query ? `?${new URLSearchParams({ q: query })}` : "?"); } catch { /* a page from disk may not, in some browsers */ }
  }

  let waiting;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 150);
  });
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    show();
    list.querySelector("a")?.focus();
  });
  // The arrows go from the field through the results and back.
  document.querySelector(".bd-search-container").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [field, ...list.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (!next || !stops.includes(document.activeElement)) return;
    event.preventDefault();
    next.focus();
  });
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  show();
});
