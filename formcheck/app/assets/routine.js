// Drills in order: picture, count, and a timer that runs through both sides, once for each set. All text is set as text, never as HTML.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  const running = new Set();
  const drawn = (svg) => document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);

  const card = (drill, place) => {
    const button = make("button", { type: "button" });
    const bar = make("div", { class: "bar" });
    const said = make("span", { class: "said", role: "status" });
    let timer = 0, set = 0;
    const name = (words) => {
      button.textContent = words;
      button.setAttribute("aria-label", `${drill.name}: ${words}`);
    };
    const tell = (words) => { if (said.textContent !== words) said.textContent = words; };
    const which = () => (drill.sets > 1 ? data.set.replace("{number}", set + 1).replace("{sets}", drill.sets) : "");
    // Each set waits for a tap: how long to rest is up to who does it.
    const stop = (words) => {
      clearInterval(timer);
      running.delete(timer);
      timer = 0;
      bar.style.width = "0";
      name(`${data.start} ${drill.timer_s} s`);
      tell(words);
    };
    const over = () => {
      set = (set + 1) % drill.sets;
      if (!set) item.classList.add("done");
      stop(set ? `${data.next} ${which()}` : data.done);
    };
    button.onclick = () => {
      if (timer) return stop(which());
      item.classList.remove("done");
      tell(which());
      // The clock, not the number of ticks: a page in the background ticks slowly.
      const begun = performance.now();
      timer = setInterval(() => {
        const passed = (performance.now() - begun) / 1000;
        const round = Math.floor(passed / drill.timer_s);
        if (round >= drill.rounds) return over();
        const left = drill.timer_s * (round + 1) - passed;
        bar.style.width = 100 * (1 - left / drill.timer_s) + "%";
        name(`${data.stop} ${Math.ceil(left)} s`);
        if (round) tell(drill.change);
      }, 100);
      running.add(timer);
    };
    const head = make("h3", {}, make("span", { class: "place", "aria-hidden": "true" }, String(place + 1)), drill.name);
    const item = make("li", {}, make("div", { class: "picture" }, drawn(drill.picture)), head,
      make("p", { class: "count" }, drill.count), make("p", {}, drill.how),
      make("div", { class: "timer" }, button, said), make("div", { class: "track", "aria-hidden": "true" }, bar));
    stop(which());
    return item;
  };
  root.replaceChildren(make("ol", {}, ...data.drills.map(card)));
  return () => running.forEach(clearInterval);
}
