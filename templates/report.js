"use strict";
// Lights what belongs together. All texts are in the page already: nothing is made of text here.
(() => {
  const body = document.body;
  const every = (selector, root = document) => [...root.querySelectorAll(selector)];
  const lists = every(".code");
  const docker = every("#dockerfile .line");
  const nix = every("#nix .line");
  const articles = every("#evidence article");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const evidence = document.getElementById("evidence");
  let chosen = null;
  let timer = 0;

  const number = (line) => Number(line.dataset.line || line.dataset.link || 0);
  const isDocker = (line) => line.dataset.line !== undefined;
  const owner = (at) => (docker[at - 1] ? Number(docker[at - 1].dataset.owner) : 0);

  // The lines of one side that belong to line `at` of the Dockerfile: those of the line, else those of its instruction.
  const counterparts = (at) => {
    const exact = nix.filter((line) => Number(line.dataset.link) === at);
    if (exact.length || !owner(at)) return exact;
    return nix.filter((line) => line.dataset.link && owner(Number(line.dataset.link)) === owner(at));
  };
  const partners = (line) => (isDocker(line) ? counterparts(number(line)) : docker.filter((one) => number(one) === number(line)));

  const bring = (line) => {
    if (!line) return;
    const details = line.closest("details");
    if (details) details.open = true;
    const pane = line.closest(".pane");
    const box = pane.getBoundingClientRect();
    const place = line.getBoundingClientRect();
    if (pane.scrollHeight <= pane.clientHeight) return;
    if (place.top > box.top + 90 && place.bottom < box.bottom - 20) return;
    pane.scrollBy({ top: place.top - box.top - box.height / 3, behavior: still.matches ? "auto" : "smooth" });
  };

  const tell = (at) => {
    const mine = owner(at);
    articles.forEach((one) => { one.hidden = one.id !== `e${mine}`; });
    every("#evidence [data-line]").forEach((one) => {
      one.classList.toggle("here", one.localName !== "article" && mine !== at && Number(one.dataset.line) === at);
    });
    evidence.scrollTop = 0;
  };

  const light = (line) => {
    every(".lit, .near").forEach((one) => one.classList.remove("lit", "near"));
    const at = line ? number(line) : 0;
    if (line) line.classList.add("lit");
    if (at) {
      const mine = owner(at);
      docker.filter((one) => mine && Number(one.dataset.owner) === mine).forEach((one) => one.classList.add("near"));
      docker[at - 1]?.classList.add("lit");
      counterparts(at).forEach((one) => one.classList.add("lit"));
    }
    tell(at);
  };

  const choose = (line) => {
    chosen?.setAttribute("aria-selected", "false");
    chosen = line;
    light(line);
    if (!line) return;
    line.setAttribute("aria-selected", "true");
    every(".line", line.parentElement).forEach((one) => { one.tabIndex = one === line ? 0 : -1; });
    bring(partners(line)[0]);
  };

  const go = (line) => {
    if (!line) return;
    const details = line.closest("details");
    if (details) details.open = true;
    line.focus({ preventScroll: true });
    bring(line);
    line.scrollIntoView({ block: "nearest" });
  };

  const next = () => {
    const open = docker.filter((line) => line.classList.contains("needs"));
    const at = chosen ? number(chosen) : 0;
    return open.find((line) => number(line) > at) || open[0];
  };

  lists.forEach((list) => {
    list.setAttribute("role", "listbox");
    every(".line", list).forEach((line, at) => {
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.tabIndex = at === 0 ? 0 : -1;
    });
    list.addEventListener("focusin", (event) => choose(event.target.closest(".line")));
    list.addEventListener("pointerover", (event) => {
      const line = event.target.closest(".line");
      if (!line || event.pointerType === "touch") return;
      light(line);
      clearTimeout(timer);
      timer = setTimeout(() => bring(partners(line)[0]), 250);
    });
    list.addEventListener("pointerleave", () => { clearTimeout(timer); light(chosen); });
    list.addEventListener("keydown", (event) => {
      const line = event.target.closest(".line");
      const moves = {
        ArrowDown: line.nextElementSibling,
        ArrowUp: line.previousElementSibling,
        Home: list.firstElementChild,
        End: list.lastElementChild,
        Enter: partners(line)[0],
      };
      if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      go(moves[event.key]);
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { document.activeElement?.blur(); choose(null); }
    if (event.key === "n" || event.key === "N") go(next());
  });
  every('a[href^="#"]').forEach((link) => link.addEventListener("click", (event) => {
    event.preventDefault();
    go(document.getElementById(link.hash.slice(1)));
  }));
  addEventListener("beforeprint", () => every("details").forEach((one) => { one.open = true; }));
  evidence.setAttribute("aria-live", "polite");
  evidence.tabIndex = 0;
  body.classList.add("live");
  choose(null);
  const start = document.getElementById(location.hash.slice(1));
  if (start?.classList.contains("line")) go(start);
})();
