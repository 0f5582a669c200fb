// Brings what has just come into the page into view, and the focus to its heading.
export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  if (root.dataset.done) return;
  // What stood there before may still be on its way out.
  const timer = setInterval(() => {
    const found = document.querySelector(data.to);
    if (!found || document.querySelector("[data-stale=true]")) return;
    clearInterval(timer);
    root.dataset.done = "yes";
    found.scrollIntoView({ block: "start" });
    found.querySelector("h2").focus({ preventScroll: true });
  }, 50);
  return () => clearInterval(timer);
}
