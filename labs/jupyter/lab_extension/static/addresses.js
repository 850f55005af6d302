// Links to this machine's loopback (the lessons' http://127.0.0.1:3000, the SSO page) lead through JupyterLab's server,
// which is where the lab is: the browser's own loopback may be another machine's.

/**
 * The address through JupyterLab for a link that needs it; null for every other.
 * @param {string} href whole
 * @param {string} baseUrl JupyterLab's own, whole
 */
export function throughJupyter(href, baseUrl) {
  const at = URL.canParse(href) ? new URL(href) : null;
  if (at?.protocol !== "http:" || !["127.0.0.1", "localhost"].includes(at.hostname)) {
    return null;
  }
  return at.host === new URL(baseUrl).host ? null : `${baseUrl}endereco?de=${encodeURIComponent(href)}`;
}

/** Set the way right before a link is followed; the text stays what the lesson says. @param {LabApp} app */
export function leadLinks(app) {
  const set = (/** @type {Event} */ event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const way =
      link instanceof HTMLAnchorElement ? throughJupyter(link.href, app.serviceManager.serverSettings.baseUrl) : null;
    if (link && way) {
      link.setAttribute("href", way);
    }
  };
  // "mousedown" comes before the middle button's new tab and the menu that copies; the keyboard has "click" alone.
  for (const name of ["mousedown", "click"]) {
    document.addEventListener(name, set, { capture: true });
  }
}
