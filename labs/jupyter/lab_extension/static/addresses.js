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

/**
 * Lead each link that needs it while it is followed; then it says again what the lesson says, since a card that is drawn
 * anew would put another link, without the focus, in the place of one that changed.
 * @param {LabApp} app
 */
export function leadLinks(app) {
  const set = (/** @type {Event} */ event) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const said = link?.getAttribute("href");
    const way =
      link instanceof HTMLAnchorElement ? throughJupyter(link.href, app.serviceManager.serverSettings.baseUrl) : null;
    if (link && said && way) {
      link.setAttribute("href", way);
      setTimeout(() => link.setAttribute("href", said)); // after the browser has followed it
    }
  };
  for (const name of ["click", "auxclick"]) {
    document.addEventListener(name, set, { capture: true });
  }
}
