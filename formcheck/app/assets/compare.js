// One slider for two reps, as videos or as stick figures: both stand at the same time from lift-off.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
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
    const picture = drawn("svg", { viewBox: `${left} ${top} ${right - left} ${bottom - top}`, role: "img", "aria-label": `${figure.title}: stick figure with the line of the back` });
    picture.append(drawn("line", { class: "floor", x1: left, x2: right, y1: 0, y2: 0 }), parts.far, head, parts.thin, parts.near, parts.back);
    const words = make("span", { class: "words" });
    return { ...figure, parts, head, words, element: make("figure", {}, picture, make("figcaption", {}, make("strong", {}, figure.title), words)) };
  });
  const play = make("button", { type: "button" }, "Play both");
  const slider = make("input", { type: "range", min: 0, max: data.length, step: 0.02, value: 0 });
  const clock = make("output");
  root.replaceChildren(
    make("div", { class: "figures" }, ...figures.map((figure) => figure.element)),
    make("div", { class: "controls" }, play, make("label", {}, make("span", {}, "Both reps"), slider), clock),
  );

  const moment = (figure, at) => {
    let low = 0, high = figure.times.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (figure.times[middle] > at) high = middle; else low = middle;
    }
    return figure.moments[at - figure.times[low] <= figure.times[high] - at ? low : high];
  };
  const say = (time) => {
    const from = time - data.before;
    clock.textContent = `${from < 0 ? "−" : "+"}${Math.abs(from).toFixed(1)} s`;
    const told = figures.map((figure, n) => {
      const now = moment(figure, data.starts[n] + time);
      for (const [name, part] of Object.entries(figure.parts)) part.setAttribute("d", now[name]);
      figure.parts.back.setAttribute("class", `back ${now.level}`);
      figure.head.setAttribute("visibility", now.head ? "visible" : "hidden");
      if (now.head) [figure.head.cx.baseVal.value, figure.head.cy.baseVal.value] = now.head;
      figure.words.textContent = `Back ${now.words}`;
      return `${figure.title}, back ${now.words}`;
    });
    slider.setAttribute("aria-valuetext", [`${clock.textContent} from lift-off`, ...told].join("; "));
  };

  // --- slider and button
  let timer = null;
  const place = () => {
    const time = Number(slider.value);
    say(time);
    videos().forEach((video, n) => { if (video) { video.pause(); video.currentTime = data.starts[n] + time; } });
  };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play both"; videos().forEach((video) => video && video.pause()); };
  slider.oninput = () => { stop(); place(); };
  play.onclick = () => {
    if (timer) return stop();
    if (Number(slider.value) >= data.length - 0.05) slider.value = 0;
    place();
    videos().forEach((video) => video && video.play());
    play.textContent = "Pause";
    const from = Number(slider.value), since = performance.now();
    timer = setInterval(() => {
      const shown = videos(), first = shown.find(Boolean);
      if (data.players.length && !first) return stop();
      const time = first ? first.currentTime - data.starts[shown.indexOf(first)] : from + (performance.now() - since) / 1000;
      slider.value = time;
      say(Math.min(data.length, Math.max(0, time)));
      if (time >= data.length) stop();
    }, 40);
  };
  say(0);

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
