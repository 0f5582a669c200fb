// Findings and reps beside the video: a click goes to that moment. All text is set as text, never as HTML.
export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement.querySelector(".root");
  const say = saying(data);
  const video = () => document.querySelector(".st-key-" + data.player + " video");
  const playable = data.reps.filter((rep) => rep.start !== null && rep.end !== null);
  const repAt = (time) => playable.find((rep) => time >= rep.start - 0.05 && time < rep.end);
  let looped = null;
  const go = (time) => () => {
    const found = video();
    if (!found) return;
    found.pause();
    found.currentTime = time;
    if (looped) looped = repAt(time) || looped;
    found.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  const jump = (time, label, text, more = {}) => {
    const button = make("button", { type: "button", "aria-label": label, ...more }, text);
    button.onclick = go(time);
    return button;
  };
  const tag = (verdict, words) => make("span", { class: "tag " + verdict }, words);
  root.replaceChildren();
  // The player has no name of its own for screen readers.
  const stopped = [];
  const named = setInterval(() => {
    const found = video();
    if (!found) return;
    found.setAttribute("aria-label", say("Annotated video of the set"));
    clearInterval(named);
  }, 150);

  if (data.can_seek) {
    const speeds = [0.25, 0.5, 1];
    const speedNow = video()?.playbackRate ?? 1;
    const speedButtons = speeds.map((speed) => make("button", { type: "button", "aria-pressed": String(speed === speedNow), "aria-label": say("Speed {speed}", { speed }) }, `${speed}×`));
    const setSpeed = (place) => {
      const found = video();
      if (!found) return;
      found.playbackRate = speeds[place];
      speedButtons.forEach((button, each) => button.setAttribute("aria-pressed", String(each === place)));
    };
    speedButtons.forEach((button, place) => { button.onclick = () => setSpeed(place); });
    const step = (frames) => {
      const found = video();
      if (!found) return;
      found.pause();
      // Into the middle of a frame: its ends belong to its neighbours after rounding.
      const frame = Math.floor(found.currentTime * data.frames_per_s + 1e-3) + frames;
      found.currentTime = Math.max(0, Math.min(found.duration || data.duration, (frame + 0.5) / data.frames_per_s));
    };
    const back = make("button", { type: "button", "aria-label": say("One frame back") }, say("‹ Frame"));
    const on = make("button", { type: "button", "aria-label": say("One frame on") }, say("Frame ›"));
    back.onclick = () => step(-1);
    on.onclick = () => step(1);
    // What the video carries outlasts this part of the page, which is built again whenever the page is.
    const loopedBefore = Number(video()?.dataset.looped);
    looped = playable.find((rep) => rep.index === loopedBefore) || null;
    const loop = make("button", { type: "button", "aria-pressed": String(looped !== null) }, say("Loop rep"));
    const toggleLoop = () => {
      const found = video();
      if (!found) return;
      looped = looped ? null : repAt(found.currentTime) || playable.find((rep) => rep.start >= found.currentTime) || playable[0] || null;
      loop.setAttribute("aria-pressed", String(looped !== null));
      found.dataset.looped = looped ? looped.index : "";
      if (!looped) return;
      found.currentTime = looped.start;
      found.play();
    };
    loop.onclick = toggleLoop;
    // The overlay is part of the video: without it the film itself is shown, at the same place.
    const filmed = () => document.querySelector(".st-key-" + data.bare + " video");
    const isBare = () => video()?.dataset.bare === "true";
    const overlay = make("button", { type: "button", "aria-pressed": String(!isBare()) }, say("Overlay"));
    let waiting = false;
    const showOverlay = (shown) => {
      const found = video(), other = filmed();
      if (!found || (!shown && !other)) return;
      const { currentTime, paused, playbackRate } = found;
      found.dataset.annotated = found.dataset.annotated || found.currentSrc;
      found.dataset.bare = String(!shown);
      found.addEventListener("loadedmetadata", () => {
        found.currentTime = currentTime;
        found.playbackRate = playbackRate;
        if (!paused) found.play();
      }, { once: true });
      found.onerror = shown ? null : () => showOverlay(true);
      found.src = shown ? found.dataset.annotated : other.currentSrc;
      overlay.setAttribute("aria-pressed", String(shown));
      overlay.textContent = say("Overlay");
    };
    const toggleOverlay = () => {
      if (!data.bare) return;
      if (isBare()) return showOverlay(true);
      if (filmed()?.currentSrc) return showOverlay(false);
      waiting = true;
      overlay.textContent = say("Loading …");
      setStateValue("bare", true);
    };
    overlay.onclick = toggleOverlay;
    const arrived = setInterval(() => {
      const wanted = waiting || video()?.dataset.waiting === "true";
      if (video()) video().dataset.waiting = String(wanted && !isBare());
      if (!wanted || isBare() || !filmed()?.currentSrc) return;
      waiting = false;
      showOverlay(false);
      video().dataset.waiting = "false";
    }, 150);
    stopped.push(arrived);
    const nearest = () => Math.max(0, speeds.indexOf(video()?.playbackRate ?? 1));
    const keys = {
      ",": () => step(-1),
      ".": () => step(1),
      "<": () => setSpeed(Math.max(0, nearest() - 1)),
      ">": () => setSpeed(Math.min(speeds.length - 1, nearest() + 1)),
      l: toggleLoop,
      o: toggleOverlay,
    };
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
      keys[event.key]();
      event.preventDefault();
    };
    root.onkeydown = pressed;
    const watched = setInterval(() => {
      const found = video();
      if (!found) return;
      found.onkeydown = pressed;
      if (looped && (found.currentTime >= looped.end || found.ended)) {
        found.currentTime = looped.start;
        if (found.ended) found.play();
      }
    }, 50);
    stopped.push(watched);
    const watching = make("div", { class: "watching", role: "group", "aria-label": say("Watching") }, ...speedButtons, back, on);
    if (playable.length) watching.append(loop);
    if (data.bare) watching.append(overlay);
    const keysOf = ["Keys: , and . step", "< and > speed", ...(playable.length ? ["L loops the rep"] : []), ...(data.bare ? ["O overlay"] : [])].map((each) => say(each));
    watching.append(make("small", {}, keysOf.join(" · ")));
    root.append(watching);
  }
  if (data.can_seek && data.reps.length) {
    const strip = make("div", { class: "strip", role: "group", "aria-label": say("Reps along the video") });
    for (const rep of data.reps) {
      const part = jump(rep.start, say("Rep {index}, {words}: play from there", rep), String(rep.index), { class: rep.verdict });
      part.style.left = (100 * rep.start) / data.duration + "%";
      part.style.width = (100 * (rep.end - rep.start)) / data.duration + "%";
      strip.append(part);
    }
    const now = make("div", { class: "now" });
    strip.append(now);
    root.append(strip);
    const rows = () => root.querySelectorAll("tr[data-start]");
    const timer = setInterval(() => {
      const found = video();
      if (!found) return;
      now.style.left = Math.min(100, (100 * found.currentTime) / data.duration) + "%";
      rows().forEach((row) => row.classList.toggle("playing", found.currentTime >= row.dataset.start && found.currentTime < row.dataset.end));
    }, 150);
    stopped.push(timer);
  }
  if (data.can_seek && data.legend.length) {
    const legend = make("ul", { class: "legend", "aria-label": say("Line along the back") });
    for (const each of data.legend) legend.append(make("li", {}, make("i", { class: each.verdict, "aria-hidden": "true" }), each.words));
    root.append(legend);
  }
  if (data.findings.length) {
    const list = make("ul");
    for (const finding of data.findings) {
      const inside = [tag(finding.verdict, finding.tag), make("span", { class: "go" }, finding.at_words), make("strong", {}, finding.title), make("small", {}, finding.words)];
      const seekable = data.can_seek && finding.at !== null;
      const item = make(seekable ? "button" : "div", { class: "finding" }, ...inside);
      if (seekable) { item.type = "button"; item.onclick = go(finding.at); }
      list.append(make("li", {}, item));
    }
    root.append(make("h3", {}, say("What to look at")), list);
  }
  if (data.reps.length) {
    // Roles in full: where room is short the style lays the table out again, and elements alone would lose them.
    const cell = (words, more = {}) => make("td", { role: "cell", ...more }, words);
    const title = (words, more = {}) => make("th", { role: "columnheader", scope: "col", ...more }, words);
    const head = make("tr", { role: "row" }, title(say("Rep")), title(say("Start")));
    for (const column of data.columns) head.append(title(column, { class: "number" }));
    head.append(title(say("Verdict"), { class: "verdict" }));
    const body = make("tbody", { role: "rowgroup" });
    for (const rep of data.reps) {
      const row = make("tr", { role: "row", "data-start": rep.start, "data-end": rep.end }, make("th", { role: "rowheader", scope: "row" }, String(rep.index)));
      row.append(cell(data.can_seek ? jump(rep.start, say("Go to rep {index} at {time}", { index: rep.index, time: rep.at_words }), rep.at_words) : rep.at_words));
      for (const each of rep.cells) row.append(cell(each, { class: "number" }));
      const verdict = cell(tag(rep.verdict, rep.words), { class: "verdict" });
      if (rep.found) verdict.append(make("span", { class: "what" }, rep.found));
      row.append(verdict);
      body.append(row);
    }
    const table = make("table", { role: "table", "aria-label": say("Reps") }, make("thead", { role: "rowgroup" }, head), body);
    table.style.setProperty("--columns", data.columns.length);
    root.append(make("h3", {}, say("Rep by rep")), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("Rep by rep") }, table));
  }
  return () => [named, ...stopped].forEach(clearInterval);
}
