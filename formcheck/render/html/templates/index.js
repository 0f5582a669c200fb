"use strict";
(() => {
  const form = document.querySelector(".filters");
  const body = document.querySelector(".sets tbody");
  if (!form || !body) return;
  const rows = [...body.rows];
  const words = new Map(rows.map((row) => [row, row.textContent.toLocaleLowerCase()]));
  const place = new Map(rows.map((row, index) => [row, index]));
  const count = document.querySelector(".count");
  const first = count.textContent;
  const compare = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" }).compare;

  const filter = () => {
    const wanted = new FormData(form);
    const parts = wanted.get("words").toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = ["lifter", "lift", "verdict"].every((name) => !wanted.get(name) || row.dataset[name] === wanted.get(name))
        && parts.every((part) => words.get(row).includes(part));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown === rows.length ? first : count.dataset.some.replace("{shown}", shown).replace("{total}", rows.length);
  };

  const sort = (key, down) => {
    const button = document.querySelector(`.sort[data-key="${key}"]`);
    const number = button && button.dataset.kind === "number";
    const value = (row) => number ? Number(row.dataset[key]) : row.dataset[key];
    // What is not known comes last, whichever way.
    const missing = (row) => row.dataset[key] === "" || (key === "load" && Number(row.dataset[key]) < 0);
    const order = [...rows].sort((one, two) => {
      if (missing(one) !== missing(two)) return missing(one) ? 1 : -1;
      const by = number ? value(one) - value(two) : compare(value(one), value(two));
      return (down ? -by : by) || place.get(one) - place.get(two);
    });
    body.append(...order);
    for (const each of document.querySelectorAll("th[aria-sort]")) each.setAttribute("aria-sort", "none");
    if (button) button.closest("th").setAttribute("aria-sort", down ? "descending" : "ascending");
    const choice = `${key} ${down ? "down" : "up"}`;
    if ([...form.elements.order.options].some((each) => each.value === choice)) form.elements.order.value = choice;
  };

  for (const button of document.querySelectorAll(".sort")) {
    button.addEventListener("click", () => {
      const now = button.closest("th").getAttribute("aria-sort");
      const downFirst = ["severity", "day", "load", "reps"].includes(button.dataset.key);
      sort(button.dataset.key, now === "none" ? downFirst : now === "ascending");
    });
  }
  form.hidden = false;
  form.addEventListener("input", (event) => {
    if (event.target.name === "order") {
      const [key, way] = event.target.value.split(" ");
      sort(key, way === "down");
    } else filter();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { filter(); sort("day", true); }));
  sort("day", true);
})();
