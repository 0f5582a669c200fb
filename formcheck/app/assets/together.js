// One slider for two videos: both stand at the same time after the start of their rep.
export default function (component) {
  const { data, parentElement } = component;
  const slider = parentElement.querySelector("input"), play = parentElement.querySelector("button"), words = parentElement.querySelector("output");
  const videos = () => data.players.map((name) => document.querySelector(".st-key-" + name + " video"));
  slider.max = data.length;
  let timer = null;
  const place = () => {
    const time = Number(slider.value);
    words.textContent = time.toFixed(1) + " s";
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
    timer = setInterval(() => {
      const first = videos().find(Boolean);
      if (!first) return stop();
      const time = first.currentTime - data.starts[videos().indexOf(first)];
      slider.value = time; words.textContent = Math.max(0, time).toFixed(1) + " s";
      if (time >= data.length) stop();
    }, 60);
  };
  // The videos come into the page after this, may be replaced there, and are put back to their start once loaded.
  let placed = [];
  const waiting = setInterval(() => {
    const now = videos();
    if (timer || !now.every((video) => video && video.readyState >= 2 && !video.seeking)) return;
    if (now.every((video, n) => video === placed[n])) return;
    const target = Number(slider.value);
    if (now.every((video, n) => Math.abs(video.currentTime - Math.min(data.starts[n] + target, video.duration)) < 0.05)) placed = now;
    else place();
  }, 100);
  return () => { clearInterval(timer); clearInterval(waiting); };
}
