// A button of the bar above a lesson.

/** @param {string} words @param {() => void} act */
export function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "lab-way-button";
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}
