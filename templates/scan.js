"use strict";
// Tables are put in order by the column whose heading is chosen. No text is made into anything here.
(() => {
  const order = new Intl.Collator("en", { numeric: true });
  document.querySelectorAll("table").forEach((table) => {
    const headings = [...table.tHead.rows[0].cells];
    headings.forEach((heading, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const falling = heading.ariaSort === "ascending";
        headings.forEach((one) => one.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((one, other) => order.compare(one.cells[at].textContent, other.cells[at].textContent) * (falling ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  });
})();
