// On a phone the menu covers the page and Streamlit leaves it open: once another page is shown, it makes room.
export default function ({ data }) {
  if (window.formcheckPage === data.page) return;
  window.formcheckPage = data.page;
  if (!window.matchMedia("(max-width: 768px)").matches) return;
  const open = document.querySelector("[data-testid=stSidebar][data-collapsed=false]");
  open?.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
}
