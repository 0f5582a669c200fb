// One slider for two reps, as videos or as stick figures: both stand at the same time from lift-off.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  const say = saying(data);
  const videos = () => data.players.map((name) => document.querySelector(".st-key-" + name + " video"));
  const drawn = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  // --- what is shown
  const figures = data.figures.map((figure) => {
    const parts = Object.fromEntries(["far", "thin", "near", "back"].map((name) => [name, drawn("path", { class: name })]));
    const head = drawn("circle", { class: "head", r: 6 });
    const [left, top, right, bottom] = data.box;
    const picture = drawn("svg", { viewBox: `${left} ${top} ${right - left} ${bottom - top}`, role: "img", "aria-label": say("{title}: stick figure with the line of the back", figure) });
    picture.append(drawn("line", { class: "floor", x1: left, x2: right, y1: 0, y2: 0 }), parts.far, head, parts.thin, parts.near, parts.back);
    const words = make("span", { class: "words" });
    return { ...figure, parts, head, words, element: make("figure", {}, picture, make("figcaption", {}, make("strong", {}, figure.title), words)) };
  });
  // The first rep as a ghost behind the second: by phase, as two lifters or two loads differ in speed.
  const phased = data.phases[0].length > 1;
  const ghostPath = ["far", "thin", "near", "back"].map((name) => drawn("path", { class: `ghost ${name}` }));
  const ghostHead = drawn("circle", { class: "ghost head", r: 6 });
  const over = figures.length === 2 && phased ? make("button", { type: "button", "aria-pressed": "false" }, say("Lay over each other")) : null;
  let ghost = false;
  if (over) {
    const picture = figures[1].element.querySelector("svg");
    const behind = drawn("g", { class: "behind", visibility: "hidden" });
    behind.append(...ghostPath, ghostHead);
    picture.insertBefore(behind, picture.children[1]);
    over.onclick = () => {
      ghost = !ghost;
      over.setAttribute("aria-pressed", String(ghost));
      behind.setAttribute("visibility", ghost ? "visible" : "hidden");
      arrange();
      tell(Number(slider.value));
    };
  }
  const phaseOf = (at, from, to) => {
    if (at <= from[0]) return to[0] + at - from[0];
    for (let n = 1; n < from.length; n += 1) {
      if (at <= from[n]) return to[n - 1] + ((at - from[n - 1]) * (to[n] - to[n - 1])) / (from[n] - from[n - 1]);
    }
    return to[to.length - 1] + at - from[from.length - 1];
  };
  const play = make("button", { type: "button" }, say("Play both"));
  const slider = make("input", { type: "range", min: 0, max: data.length, step: 0.02, value: 0 });
  const clock = make("output");
  root.replaceChildren(
    make("div", { class: "figures" }, ...figures.map((figure) => figure.element)),
    make("div", { class: "controls" }, play, ...(over ? [over] : []), make("label", {}, make("span", {}, say("Both reps")), slider), clock),
  );

  const arrange = () => {
    const all = root.querySelector(".figures");
    all.classList.toggle("over", ghost);
    // Where there are videos, the figures are needed for the ghost only.
    all.hidden = data.players.length > 0 && !ghost;
  };
  arrange();

  const moment = (figure, at) => {
    let low = 0, high = figure.times.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (figure.times[middle] > at) high = middle; else low = middle;
    }
    return figure.moments[at - figure.times[low] <= figure.times[high] - at ? low : high];
  };
  const tell = (time) => {
    const from = time - data.before;
    clock.textContent = `${from < 0 ? "−" : "+"}${Math.abs(from).toFixed(1)} s`;
    const told = figures.map((figure, n) => {
      // As a ghost, the first one is in the phase of the second.
      const at = data.starts[n] + time;
      const now = moment(figure, ghost && n === 0 ? phaseOf(data.starts[1] + time, data.phases[1], data.phases[0]) : at);
      if (ghost && n === 0) {
        ["far", "thin", "near", "back"].forEach((name, place) => ghostPath[place].setAttribute("d", now[name]));
        ghostHead.setAttribute("visibility", now.head ? "inherit" : "hidden");
        if (now.head) [ghostHead.cx.baseVal.value, ghostHead.cy.baseVal.value] = now.head;
      }
      for (const [name, part] of Object.entries(figure.parts)) part.setAttribute("d", now[name]);
      figure.parts.back.setAttribute("class", `back ${now.level}`);
      figure.head.setAttribute("visibility", now.head ? "visible" : "hidden");
      if (now.head) [figure.head.cx.baseVal.value, figure.head.cy.baseVal.value] = now.head;
      figure.words.textContent = say("Back {words}", now);
      return `${figure.title}, back ${now.words}`;
    });
    slider.setAttribute("aria-valuetext", [`${clock.textContent} from lift-off`, ...told].join("; "));
  };

  // --- slider and button
  let timer = null;
  const place = () => {
    const time = Number(slider.value);
    tell(time);
    videos().forEach((video, n) => { if (video) { video.pause(); video.currentTime = data.starts[n] + time; } });
  };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = say("Play both"); videos().forEach((video) => video && video.pause()); };
  slider.oninput = () => { stop(); place(); };
  play.onclick = () => {
    if (timer) return stop();
    if (Number(slider.value) >= data.length - 0.05) slider.value = 0;
    place();
    videos().forEach((video) => video && video.play());
    play.textContent = say("Pause");
    const from = Number(slider.value), since = performance.now();
    timer = setInterval(() => {
      const shown = videos(), first = shown.find(Boolean);
      if (data.players.length && !first) return stop();
      const time = first ? first.currentTime - data.starts[shown.indexOf(first)] : from + (performance.now() - since) / 1000;
      slider.value = time;
      tell(Math.min(data.length, Math.max(0, time)));
      if (time >= data.length) stop();
    }, 40);
  };
  tell(0);

  // The videos come into the page after this, may be replaced there, and are put back to their start once loaded.
  let placed = [];
  const waiting = data.players.length ? setInterval(() => {
    const now = videos();
    now.forEach((video, n) => video && video.setAttribute("aria-label", data.titles[n]));
    if (timer || !now.every((video) => video && video.readyState >= 2 && !video.seeking)) return;
    if (now.every((video, n) => video === placed[n])) return;
    const target = Number(slider.value);
    if (now.every((video, n) => Math.abs(video.currentTime - Math.min(data.starts[n] + target, video.duration)) < 0.05)) placed = now;
    else place();
  }, 100) : null;
  return () => { clearInterval(timer); clearInterval(waiting); };
}
