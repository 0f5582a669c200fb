// Drills in order: picture, count, and a timer that runs through both sides. All text is set as text, never as HTML.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  const running = new Set();
  const drawn = (svg) => document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);

  const card = (drill, place) => {
    const label = data.start + " " + drill.timer_s + " s";
    const button = make("button", { type: "button", "aria-label": `${drill.name}: ${label}` }, label);
    const bar = make("div", { class: "bar" });
    const said = make("span", { class: "said", role: "status" });
    let timer = 0;
    const stop = (words) => {
      clearInterval(timer);
      running.delete(timer);
      timer = 0;
      bar.style.width = "0";
      button.textContent = label;
      said.textContent = words;
    };
    button.onclick = () => {
      if (timer) return stop("");
      item.classList.remove("done");
      // The clock, not the number of ticks: a page in the background ticks slowly.
      const begun = performance.now();
      timer = setInterval(() => {
        const passed = (performance.now() - begun) / 1000;
        const round = Math.floor(passed / drill.timer_s);
        if (round >= drill.rounds) { item.classList.add("done"); return stop(data.done); }
        const left = drill.timer_s * (round + 1) - passed;
        bar.style.width = 100 * (1 - left / drill.timer_s) + "%";
        button.textContent = data.stop + " " + Math.ceil(left) + " s";
        const words = round ? drill.change : "";
        if (said.textContent !== words) said.textContent = words;
      }, 100);
      running.add(timer);
    };
    const head = make("h4", {}, make("span", { class: "place", "aria-hidden": "true" }, String(place + 1)), drill.name);
    const item = make("li", {}, make("div", { class: "picture" }, drawn(drill.picture)), head,
      make("p", { class: "count" }, drill.count), make("p", {}, drill.how),
      make("div", { class: "timer" }, button, said), make("div", { class: "track", "aria-hidden": "true" }, bar));
    return item;
  };
  root.replaceChildren(make("ol", {}, ...data.drills.map(card)));
  return () => running.forEach(clearInterval);
}
