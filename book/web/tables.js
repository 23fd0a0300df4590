// A table that is wider than the screen scrolls by keyboard, too.
addEventListener("DOMContentLoaded", () => {
  const watch = new ResizeObserver((seen) => seen.forEach(({ target }) => {
    const box = target.closest(".pst-scrollable-table-container");
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }));
  document.querySelectorAll(".pst-scrollable-table-container, .pst-scrollable-table-container > table")
    .forEach((one) => watch.observe(one));
});
