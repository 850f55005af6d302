// A lesson's diagrams follow the theme: JupyterLab draws new ones in its colours, and leaves those that are there.

const DIAGRAM = ".jp-RenderedMermaid";

/** @param {LabPanel} panel @returns {() => void} how to stop */
export function followTheme(panel) {
  const changes = new MutationObserver(() => redraw(panel));
  changes.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  return () => changes.disconnect();
}

/** Texts with diagrams in them are drawn again, from what stands in them. @param {LabPanel} panel */
function redraw(panel) {
  for (const cell of panel.content.widgets) {
    if (cell.model.type === "markdown" && cell.node.querySelector(DIAGRAM)) {
      const data = { "text/markdown": cell.model.sharedModel.getSource() };
      cell.renderer?.renderModel({ data, metadata: {}, trusted: false });
    }
  }
}
