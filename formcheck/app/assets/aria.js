// Mends what Streamlit tells screen readers wrongly: a box for files that can be used is not decoration.
export default function () {
  if (window.formcheckAria) return;
  window.formcheckAria = true;
  const mend = () => {
    for (const box of document.querySelectorAll("[data-testid=stFileUploaderDropzone][role=presentation]")) box.setAttribute("role", "group");
  };
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["role"] });
  mend();
}
