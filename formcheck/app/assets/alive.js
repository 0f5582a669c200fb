// Says in FormCheck's own words that the app has stopped, makes it installable, and keeps a page for when it is away.
const EVERY_MS = 2000;
const MISSED = 2;

export default function ({ data }) {
  if (window.formcheckAlive) return;
  window.formcheckAlive = true;
  // Where the app was started in another way than by `formcheck app`, there is no manifest and no service worker.
  if (document.querySelector("link[rel=manifest]")) navigator.serviceWorker?.register("/service-worker.js").catch(() => {});

  let missed = 0;
  let shown = null;
  const say = () => {
    if (shown) return;
    const { title, text, how, command, wait } = data.words;
    shown = document.createElement("div");
    shown.className = "fc-gone";
    shown.setAttribute("role", "alertdialog");
    shown.setAttribute("aria-modal", "true");
    shown.setAttribute("aria-label", title);
    shown.tabIndex = -1;
    const part = (name, words) => Object.assign(document.createElement(name), { textContent: words });
    const box = document.createElement("div");
    box.append(part("h2", title), part("p", text), part("p", how), part("code", command), part("p", wait));
    shown.append(box);
    document.body.append(shown);
    document.documentElement.classList.add("fc-is-gone");
    shown.focus();
  };
  const unsay = () => {
    missed = 0;
    if (!shown) return;
    shown.remove();
    shown = null;
    document.documentElement.classList.remove("fc-is-gone");
    // With the address, which leads back to the result or the analysis.
    location.reload();
  };
  const look = async () => {
    try {
      const answer = await fetch("/_stcore/health", { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      unsay();
    } catch {
      missed += 1;
      if (missed >= MISSED) say();
    }
  };
  setInterval(look, EVERY_MS);
}
