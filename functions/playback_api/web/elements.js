/** Makes elements; every text goes in as text. */

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Text for those who listen to the page. */
export function unseen(text) {
  return element("span", { className: "unseen" }, text);
}

/** A sign that is said in words beside it. */
export function sign(className) {
  const made = element("span", { className });
  made.setAttribute("aria-hidden", "true");
  return made;
}
