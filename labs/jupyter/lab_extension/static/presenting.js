// For a projector: large type in text, cards, pictures and terminal, and nothing but lesson and terminal in view.

import { terminals } from "./terminal.js";

const TERMINAL_PX = 25;

export class Presenting {
  /** @param {LabApp} app */
  constructor(app) {
    this.app = app;
    this.on = false;
    /** @type {LabHidden[]} */
    this.hidden = [];
    /** @type {Map<LabWidget, number>} */
    this.sizes = new Map();
  }

  /** Menus, tool bars and the line at the bottom go, and come back. */
  hide() {
    const around = ["top", "menu", "bottom"].flatMap((area) => {
      const [first] = this.app.shell.widgets(/** @type {LabArea} */ (area));
      return first?.parent ? [first.parent] : [];
    });
    const bars = [...this.app.shell.widgets("main")].flatMap((widget) => (widget.toolbar ? [widget.toolbar] : []));
    if (this.on) {
      this.hidden = [...around, ...bars].filter((one) => !one.isHidden);
    }
    for (const one of this.hidden) {
      one.setHidden(this.on);
    }
  }

  toggle() {
    this.on = !this.on;
    document.body.classList.toggle("lab-presenting", this.on);
    this.app.shell.presentationMode = this.on;
    if (this.on) {
      this.app.shell.collapseLeft();
      this.app.shell.collapseRight();
      for (const terminal of terminals(this.app)) {
        this.sizes.set(terminal, Number(terminal.content?.getOption?.("fontSize")));
        terminal.content?.setOption?.("fontSize", TERMINAL_PX);
      }
    } else {
      this.app.shell.expandLeft();
      for (const [terminal, size] of this.sizes) {
        terminal.content?.setOption?.("fontSize", size);
      }
      this.sizes.clear();
    }
    for (const side of /** @type {const} */ (["left", "right"])) {
      if (this.app.shell.isSideTabBarVisible(side) === this.on) {
        this.app.shell.toggleSideTabBarVisibility(side);
      }
    }
    this.hide();
  }
}
