// For a projector: large type in text, cards, pictures and terminal, and nothing but lesson and terminal in view.
// No extension for slides: jupyterlab-rise (0.43, 58 MB) and jupyterlab-slideshow (0.3.4; jupyterlab-deck, of 2023, is
// what it was forked from) show a notebook alone, and a lesson needs its terminal beside it; each would want every cell
// marked as a slide, and a card, which grows while it works, would not keep to one.

import { terminals } from "./terminal.js";

const TERMINAL_PX = 25;
/** Of the window's height: five lines of the large letters at 720 pixels, and the lesson has the rest. */
const TERMINAL_SHARE = 0.25;

/** How often, in ms, the place is found again: the layout moves a few times more after the key. */
const SETTLING_MS = [0, 100, 300, 700];
const SCROLLER = ".jp-WindowedPanel-outer";
/** Of a cell, in pixels: what is seen of it so that it counts as in view. */
const SEEN_PX = 40;

/**
 * What a lesson has in view: its first card, or else its first cell.
 * @param {LabPanel} panel
 */
function inView(panel) {
  const view = panel.node.querySelector(SCROLLER)?.getBoundingClientRect();
  const seen = panel.content.widgets.filter(({ node }) => {
    const { top, bottom } = node.getBoundingClientRect();
    return view && bottom > view.top + SEEN_PX && top < view.bottom - SEEN_PX;
  });
  return seen.find(({ node }) => node.querySelector(".lab-card")) ?? seen[0];
}

/** Scroll the lesson alone, and none of what is around it. @param {LabPanel} panel @param {LabCell} cell */
function bringToTop(panel, cell) {
  const scroller = panel.node.querySelector(SCROLLER);
  if (scroller) {
    scroller.scrollTop += cell.node.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  }
}

export class Presenting {
  /** @param {LabApp} app */
  constructor(app) {
    this.app = app;
    this.on = false;
    this.leftWasOpen = false;
    /** @type {Set<LabHidden>} */
    this.hidden = new Set();
    /** @type {Map<LabWidget, number>} */
    this.sizes = new Map();
    /** @type {number[]} */
    this.shares = [];
    app.shell.layoutModified?.connect(() => this.on && this.enlarge()); // a lesson or terminal that was opened meanwhile
  }

  toggle() {
    const places = this.lessons().map((panel) => ({ panel, cell: inView(panel) }));
    this.change();
    const waiting = places.flatMap(({ panel, cell }) =>
      cell ? SETTLING_MS.map((wait) => setTimeout(() => bringToTop(panel, cell), wait)) : [],
    );
    const leave = () => waiting.forEach(clearTimeout); // who goes on meanwhile is not taken back
    for (const touch of ["keydown", "wheel", "pointerdown"]) {
      window.addEventListener(touch, leave, { capture: true, once: true });
    }
  }

  /** The notebooks that are in view. @returns {LabPanel[]} */
  lessons() {
    const shown = /** @type {LabPanel[]} */ ([...this.app.shell.widgets("main")]);
    return shown.filter((one) => one.isVisible && one.content?.widgets?.some((cell) => cell.model));
  }

  change() {
    this.on = !this.on;
    document.body.classList.toggle("lab-presenting", this.on);
    this.app.shell.presentationMode = this.on;
    for (const widget of this.app.shell.widgets("main")) {
      widget.contentHeader?.fit(); // the layout has measured the bar with the other letters
    }
    if (this.on) {
      this.leftWasOpen = !this.app.shell.leftCollapsed;
      this.app.shell.collapseLeft();
      this.app.shell.collapseRight();
      this.enlarge();
      this.share();
    } else {
      this.giveBack();
    }
    for (const side of /** @type {const} */ (["left", "right"])) {
      if (this.app.shell.isSideTabBarVisible(side) === this.on) {
        this.app.shell.toggleSideTabBarVisibility(side);
      }
    }
  }

  /** The terminal keeps a small part of the height, whatever it had. */
  share() {
    const split = this.split();
    this.shares = split?.relativeSizes() ?? [];
    if (this.shares.length === 2) {
      split?.setRelativeSizes([1 - TERMINAL_SHARE, TERMINAL_SHARE]);
    }
  }

  /** Menus, tool bars and the line at the bottom go; terminals get large letters. */
  enlarge() {
    for (const one of [...this.around(), ...this.toolbars()].filter((each) => !each.isHidden)) {
      this.hidden.add(one);
      one.setHidden(true);
    }
    for (const terminal of terminals(this.app).filter((each) => !this.sizes.has(each))) {
      this.sizes.set(terminal, Number(terminal.content?.getOption?.("fontSize")));
      terminal.content?.setOption?.("fontSize", TERMINAL_PX);
    }
  }

  giveBack() {
    for (const one of this.hidden) {
      one.setHidden(false);
    }
    for (const [terminal, size] of this.sizes) {
      terminal.content?.setOption?.("fontSize", size);
    }
    if (this.shares.length === 2) {
      this.split()?.setRelativeSizes(this.shares);
    }
    this.hidden.clear();
    this.sizes.clear();
    if (this.leftWasOpen) {
      this.app.shell.expandLeft();
    }
  }

  around() {
    return /** @type {const} */ (["top", "menu", "bottom"]).flatMap((area) => {
      const [first] = this.app.shell.widgets(area);
      return first?.parent ? [first.parent] : [];
    });
  }

  /** Of lessons and terminals; and where one terminal is alone below, its tab. */
  toolbars() {
    const below = this.below();
    const alone = below?.tabBar && below.widgets.length === 1 ? [below.tabBar] : [];
    const shown = /** @type {const} */ (["main", "down"]).flatMap((area) => [...this.app.shell.widgets(area)]);
    return [...shown.flatMap((widget) => (widget.toolbar ? [widget.toolbar] : [])), ...alone];
  }

  /** What holds the terminals below the lessons: a stack in a panel of tabs. @returns {LabTabs | null | undefined} */
  below() {
    const [terminal] = this.app.shell.widgets("down");
    return /** @type {LabTabs | null | undefined} */ (terminal?.parent?.parent);
  }

  /** What lessons and terminals share the height of. @returns {LabSplit | null | undefined} */
  split() {
    return /** @type {LabSplit | null | undefined} */ (this.below()?.parent);
  }
}
