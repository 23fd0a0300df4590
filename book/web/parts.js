// Words and marks stand in templates of the page, as <template data-part="name">. The script
// copies one by its name, with values, texts or elements, in the place of {their names}.
"use strict";
const partsOf = (root) => (name, values = {}) => {
  const copy = root.querySelector(`template[data-part="${name}"]`).content.cloneNode(true);
  const walk = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walk.nextNode()) texts.push(walk.currentNode);
  for (const text of texts)
    text.replaceWith(...text.data.split(/\{(\w+)\}/).flatMap(
      (piece, at) => (at % 2 ? values[piece] : piece)));
  return copy;
};
