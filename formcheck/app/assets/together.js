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
  // The videos may come into the page after this.
  const waiting = setInterval(() => {
    if (!videos().every((video) => video && video.readyState >= 1)) return;
    clearInterval(waiting);
    place();
  }, 100);
  return () => { clearInterval(timer); clearInterval(waiting); };
}
