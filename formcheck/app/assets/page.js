// A whole page in a frame that is as high as its content; the page keeps its own content security policy.
export default function (component) {
  const { data, parentElement } = component;
  const frame = parentElement.querySelector("iframe");
  frame.title = data.title;
  const fit = () => {
    const body = frame.contentDocument && frame.contentDocument.body;
    if (body && body.scrollHeight) frame.style.height = Math.ceil(body.getBoundingClientRect().height) + 8 + "px";
  };
  let watcher = null;
  frame.onload = () => {
    watcher = new ResizeObserver(fit);
    watcher.observe(frame.contentDocument.body);
    fit();
  };
  if (frame.srcdoc !== data.page) frame.srcdoc = data.page;
  return () => watcher && watcher.disconnect();
}
