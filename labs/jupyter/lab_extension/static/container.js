// What JupyterLab loads of a prebuilt extension (jupyterlab.readthedocs.io, "Prebuilt extensions"): a module
// federation container. By hand, since the modules beside it are the browser's own and nothing has to be bundled.
(() => {
  const here = /** @type {HTMLScriptElement} */ (document.currentScript).src;
  /** @type {LabShared} */
  let shared = {};

  /** One of the packages that JupyterLab shares, in whatever version it has. @param {string} name */
  const take = async (name) => {
    const [version] = Object.values(shared[name] ?? {});
    if (!version) {
      throw new Error(`JupyterLab does not share ${name}`);
    }
    return (await version.get())();
  };

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["registry-labs"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const { plugin } = await import(new URL("./plugin.js", here).href);
      return () => ({ __esModule: true, default: plugin(take) });
    },
  };
})();
