// Mends what Streamlit tells wrongly: a box for files that can be used is not decoration, and "per file" is English.
export default function ({ data }) {
  window.formcheckWords = data.words;
  if (window.formcheckAria) return;
  window.formcheckAria = true;
  const mend = () => {
    for (const box of document.querySelectorAll("[data-testid=stFileUploaderDropzone][role=presentation]")) box.setAttribute("role", "group");
    for (const box of document.querySelectorAll("[data-testid=stFileUploaderDropzoneInstructions]")) {
      const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        const text = texts.currentNode;
        for (const [english, here] of Object.entries(window.formcheckWords)) {
          if (english !== here && text.data.includes(english)) text.data = text.data.replace(english, here);
        }
      }
    }
  };
  new MutationObserver(mend).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["role"] });
  mend();
}
