// Speaks each event once, with the browser's own voice; what was said before this part appeared stays unsaid.
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  const last = Number(root.dataset.last || -1);
  if (last < 0 || data.last < last) { root.dataset.last = data.last; return; }
  if (!data.on && window.speechSynthesis) window.speechSynthesis.cancel();
  for (const each of data.events) {
    if (each.number <= last || !data.on || !window.speechSynthesis) continue;
    if (each.urgent) window.speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(each.text);
    words.lang = "en";
    words.rate = 1.1;
    window.speechSynthesis.speak(words);
  }
  root.dataset.last = data.last;
}
