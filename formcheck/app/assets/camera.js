// Says in plain words why there is no picture: before Start where the browser knows, else when the camera is asked for.
const REASONS = {
  NotAllowedError: "denied", SecurityError: "denied",
  NotFoundError: "missing", OverconstrainedError: "missing",
  NotReadableError: "busy", AbortError: "busy",
};
const FRAME = "iframe[title^='streamlit_webrtc']";

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".root");
  if (root.dataset.watching) return;
  root.dataset.watching = "yes";

  function tell(name) {
    root.dataset.reason = name;
    root.textContent = data.texts[name] || "";
    root.hidden = !root.textContent;
  }

  // The camera is asked for inside the video's own frame, which shows the browser's bare message only.
  function listen() {
    const inside = document.querySelector(FRAME)?.contentWindow;
    const devices = inside?.navigator.mediaDevices;
    if (!devices || devices.formcheckListens) return;
    devices.formcheckListens = true;
    const ask = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wish) => {
      try {
        const stream = await ask(wish);
        tell("");
        for (const track of stream.getVideoTracks()) track.addEventListener("ended", () => tell("gone"));
        return stream;
      } catch (error) {
        tell(REASONS[error.name] || "busy");
        throw error;
      }
    };
  }

  async function look() {
    if (!window.isSecureContext || !navigator.mediaDevices) return tell("insecure");
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((each) => each.kind === "videoinput");
    if (!cameras.length) return tell("missing");
    if (root.dataset.reason === "missing") tell("");
    try {
      const permission = await navigator.permissions.query({ name: "camera" });
      const now = () => {
        if (permission.state === "denied") tell("denied");
        else if (root.dataset.reason === "denied") tell("");
      };
      permission.onchange = now;
      now();
    } catch { /* Some browsers do not tell. */ }
  }

  tell("");
  look();
  navigator.mediaDevices?.addEventListener?.("devicechange", look);
  const timer = setInterval(listen, 250);
  return () => {
    clearInterval(timer);
    navigator.mediaDevices?.removeEventListener?.("devicechange", look);
  };
}
