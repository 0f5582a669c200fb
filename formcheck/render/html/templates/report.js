
"use strict";
(() => {
  const holder = document.getElementById("plot-data");
  const slider = document.getElementById("scrub");
  if (holder && slider) {
    const data = JSON.parse(holder.textContent);
    const times = data.times;
    const first = times[0], last = times[times.length - 1];
    const figures = data.plots.map((plot) => {
      const figure = document.querySelector(`[data-plot="${plot.name}"]`);
      const cursor = figure.querySelector(".cursor");
      const dots = plot.lines.map(() => cursor.appendChild(document.createElement("i")));
      return { plot, cursor, dots, area: figure.querySelector(".area"), readout: figure.querySelector(".readout") };
    });
    const clock = (s) => `${Math.floor(s / 60)}:${(s % 60).toFixed(1).padStart(4, "0")}`;
    const degrees = (value) => value === null ? data.words.not_measured : `${Math.round(value)}°`.replace("-", "−");

    const show = (index) => {
      const at = times[index];
      const rep = data.reps.find((each) => each.start <= at && at <= each.end);
      const where = rep ? data.words.during.replace("{time}", clock(at)).replace("{rep}", rep.index) : clock(at);
      const said = [];
      for (const { plot, cursor, dots, readout } of figures) {
        cursor.hidden = false;
        cursor.style.left = `${100 * (at - first) / (last - first)}%`;
        plot.lines.forEach((line, number) => {
          const value = line.values[index];
          const height = 100 * (value - plot.low) / (plot.high - plot.low);
          dots[number].hidden = value === null;
          dots[number].style.bottom = `${Math.min(100, Math.max(0, height))}%`;
        });
        // The back has one line where it was judged and another where it was not: what is missing needs no words.
        const known = plot.lines.filter((line) => line.values[index] !== null);
        const words = known.length ? known.map((line) => `${line.name} ${degrees(line.values[index])}`) : [degrees(null)];
        readout.textContent = `${where} · ${words.join(" · ")}`;
        said.push(known.length ? words.join(", ") : `${plot.title} ${degrees(null)}`);
      }
      slider.value = index;
      slider.setAttribute("aria-valuetext", `${where}: ${said.join(", ")}`);
    };
    const nearest = (at) => {
      let low = 0, high = times.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (times[middle] < at) low = middle; else high = middle;
      }
      return at - times[low] < times[high] - at ? low : high;
    };
    slider.parentElement.hidden = false;
    slider.addEventListener("input", () => show(Number(slider.value)));
    for (const { area } of figures) {
      const follow = (event) => {
        const box = area.getBoundingClientRect();
        const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
        show(nearest(first + share * (last - first)));
      };
      area.addEventListener("pointermove", follow);
      area.addEventListener("pointerdown", follow);
    }
  }

  const choice = document.querySelector(".choose");
  if (choice) {
    const figure = choice.closest("figure");
    const words = figure.querySelector("[data-way-words]");
    choice.hidden = false;
    choice.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      for (const each of choice.children) each.setAttribute("aria-pressed", String(each === button));
      for (const way of figure.querySelectorAll("path[data-way]")) {
        const chosen = way.dataset.way === button.dataset.way;
        way.classList.toggle("main", chosen);
        way.classList.toggle("other", !chosen);
        if (chosen) way.parentNode.appendChild(way);
      }
      words.textContent = `${button.textContent}${button.dataset.words ? " " + button.dataset.words : ""}.`;
    });
  }
})();
