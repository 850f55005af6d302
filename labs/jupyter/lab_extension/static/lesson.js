// One open lesson: its kernel starts when it is looked at, its cards are drawn without a key, and it stops being
// anybody's business a while after it was left.

import { ensureTerminal } from "./terminal.js";

const LESSON = /^notebooks\/(\d\d-[\w-]+)\.ipynb$/;
/** The lines that a lesson's own code cells have. Nothing else ever runs by itself: a learner's cells are theirs. */
const OWN_LINE =
  /^(#.*|from labs import lesson|lab = lesson\("[\w-]+"\)|lab\.\w+\((?:(?:\w+=)?(?:"[^"\\]*"|\d+)(?:, |(?=\))))*\))?$/;
const OPENS = /^lab = lesson\(/m;
/** A cell that shows a card. */
const CARD = /^lab\.\w+\(/m;
const STEP = /lab\.(step|challenge|diagnose)\(/;
const VIEW = "application/vnd.jupyter.widget-view+json";
const DRAWN_MS = 500;
const TERMINALS_MS = 15_000;
const ASK_MS = 2_000;
const ASKED_MOST = 30;
const SETTLED_MS = 200;
const PATIENCE = 150;
const LEFT_MS = 60_000;
/** What the page's address names, as it was opened; nothing outside of a browser. */
const MEANT = decodeURIComponent(globalThis.location?.pathname ?? "");
/** Whether the lesson that the address names was in view; before that, others only pass by. */
let arrived = !MEANT.includes("/tree/notebooks/");
const BUSY = '.lab-card[data-state="running"], .lab-card[data-state="checking"]';

/** @param {string} path */
export const isLesson = (path) => LESSON.test(path);

/** @param {string} source */
export const isOwn = (source) => source.trim() !== "" && source.split("\n").every((line) => OWN_LINE.test(line.trim()));

export class Lesson {
  /** @param {LabApp} app @param {LabTake} take @param {LabPanel} panel @param {LabContext} context */
  constructor(app, take, panel, context) {
    this.app = app;
    this.take = take;
    this.panel = panel;
    this.context = context;
    this.session = context.sessionContext;
    this.id = /** @type {string} */ (LESSON.exec(context.path)?.[1]);
    this.waking = false;
    this.restarting = false;
    this.leaving = 0;
    /** @type {() => void} */
    this.look = () => {};
    this.startWhenSeen(new Promise((resolve) => (this.look = () => resolve(undefined))));
    this.session.statusChanged.connect((_, status) => this.onStatus(status));
    this.seen = new IntersectionObserver((entries) => this.onSeen(entries.some((one) => one.isIntersecting)));
    this.seen.observe(panel.node);
    this.woken = false;
    this.touched = false;
    for (const touch of ["pointerdown", "keydown", "wheel"]) {
      panel.node.addEventListener(touch, () => (this.touched = true), { capture: true, passive: true });
    }
    this.lost = false;
    this.closed = false;
    app.serviceManager.connectionFailure?.connect(() => this.onLost());
    context.ready.then(() => this.mark());
  }

  /** The server was stopped: once it is there again, and JupyterLab knows that the kernel is gone, the lesson wakes. */
  async onLost() {
    if (this.lost) {
      return;
    }
    this.lost = true;
    let asked = 0;
    while (!this.closed && asked < ASKED_MOST) {
      await pause(ASK_MS);
      const kernels = await fetched(this.app, "api/kernels").catch(() => null);
      if (!Array.isArray(kernels)) {
        continue;
      }
      asked += 1;
      const kernel = this.session.session?.kernel;
      if (!kernel || kernels.some((one) => one.id === kernel.id)) {
        break;
      }
    }
    this.lost = false;
    if (!this.closed && this.panel.isVisible) {
      await this.wake();
      await pause(TERMINALS_MS); // until JupyterLab has asked which terminals are left
      await ensureTerminal(this.app);
    }
  }

  /** A lesson that is only restored in a tab behind starts no kernel. @param {Promise<unknown>} seen */
  startWhenSeen(seen) {
    const start = this.session.initialize.bind(this.session);
    this.session.initialize = () => seen.then(start);
  }

  close() {
    this.closed = true;
    this.seen.disconnect();
    clearTimeout(this.leaving);
  }

  /** @param {boolean} visible */
  async onSeen(visible) {
    clearTimeout(this.leaving);
    if (visible) {
      await this.app.restored;
      this.leaving = setTimeout(() => this.settle(), SETTLED_MS);
    } else {
      this.leaving = setTimeout(() => this.rest(), LEFT_MS);
    }
  }

  /** While JupyterLab puts its tabs back, each is in front for a moment; the address says which one is meant. */
  settle(patience = PATIENCE) {
    if (!this.panel.isVisible) {
      return;
    }
    arrived ||= MEANT.endsWith(this.context.path);
    if (arrived || patience === 0) {
      arrived = true;
      this.wake();
    } else {
      this.leaving = setTimeout(() => this.settle(patience - 1), SETTLED_MS);
    }
  }

  /** @param {string} status */
  onStatus(status) {
    if (status === "restarting" || status === "autorestarting") {
      this.restarting = true;
    } else if (status === "idle" && this.restarting) {
      this.restarting = false;
      this.wake();
    }
  }

  /** The kernel runs and every card is alive; then the step at which one stopped is in view. */
  async wake() {
    if (this.waking) {
      return;
    }
    this.waking = true;
    this.touched = false;
    delete this.panel.node.dataset.lab;
    this.look();
    this.panel.node.classList.add("lab-waking");
    try {
      await this.context.ready;
      await this.session.ready;
      if (!this.session.session?.kernel) {
        await this.session.changeKernel({ name: this.session.kernelPreference.name ?? "python3" });
      }
      const kernel = this.session.session?.kernel;
      if (!this.ownCells().some((cell) => OPENS.test(sourceOf(cell)))) {
        this.panel.node.classList.add("lab-with-code"); // its first cell was changed: the lesson is its learner's to run
        return;
      }
      const living = kernel ? await widgetsOf(kernel) : [];
      const dead = living.length > 0 ? this.ownCells().filter((cell) => isDead(cell, living)) : this.ownCells();
      if (kernel && dead.length > 0) {
        const { NotebookActions } = await this.take("@jupyterlab/notebook");
        const { model } = this.context;
        const edited = this.woken && model.dirty;
        const { mode } = this.panel.content;
        const ran = NotebookActions.runCells(this.panel.content, dead, this.session);
        this.panel.content.mode = mode; // who types into a cell meanwhile goes on in it
        await ran;
        await pause(DRAWN_MS);
        model.dirty = edited; // who only looked at a lesson is not asked whether to save it
        this.woken = true;
        if (!this.touched) {
          await this.goOn(); // who has begun to read or type is not taken elsewhere
        }
      }
    } finally {
      this.waking = false;
      this.panel.node.classList.remove("lab-waking");
      this.panel.node.dataset.lab = "awake";
    }
  }

  /** Nobody looks at it: its kernel ends, unless it works or another tab has it. */
  async rest() {
    const kernel = this.session.session?.kernel;
    if (!kernel) {
      return;
    }
    const busy = kernel.status === "busy" || this.panel.node.querySelector(BUSY);
    const { connections } = await fetched(this.app, `api/kernels/${kernel.id}`);
    if (busy || connections > 1 || this.panel.isVisible) {
      this.leaving = setTimeout(() => this.rest(), LEFT_MS);
      return;
    }
    await this.session.shutdown();
  }

  ownCells() {
    return this.panel.content.widgets.filter((cell) => cell.model.type === "code" && isOwn(sourceOf(cell)));
  }

  /** The lesson's own code is out of the way: a learner need not read Python. */
  mark() {
    for (const cell of this.ownCells()) {
      cell.node.classList.add("lab-own-cell");
    }
  }

  async goOn() {
    const { here } = await fetched(this.app, `curso/estado?aula=${this.id}`);
    if (here) {
      this.show(this.panel.content.widgets.findIndex((cell) => this.isStep(cell, here)));
    }
  }

  /** @param {LabCell} cell @param {string} step */
  isStep(cell, step) {
    const source = sourceOf(cell);
    return (
      isOwn(source) &&
      (source.includes(`lab.step("${step}")`) || (step === "challenge" && source.includes("lab.challenge(")))
    );
  }

  /**
   * To the next step's card or the one before. Where the keyboard was in the lesson it goes there, too: Enter would press
   * the button that it left out of view. Who types in the terminal goes on typing.
   * @param {1 | -1} direction
   */
  go(direction) {
    const active = this.panel.content.activeCellIndex;
    const places = this.ownCells()
      .filter((cell) => STEP.test(sourceOf(cell)))
      .map((cell) => this.panel.content.widgets.indexOf(cell));
    const following = direction > 0 ? places.find((one) => one > active) : places.findLast((one) => one < active);
    if (following !== undefined) {
      const reads = this.panel.node.contains(document.activeElement);
      this.show(following);
      if (reads) {
        focusCard(this.panel.content.widgets[following]);
      }
    }
  }

  /** The keyboard to the card at which one is. */
  focus() {
    this.app.shell.activateById(this.panel.id);
    focusCard(this.panel.content.widgets[this.panel.content.activeCellIndex]);
  }

  /** @param {number} index of a cell; -1 for none */
  show(index) {
    if (index >= 0) {
      this.panel.content.activeCellIndex = index;
      this.panel.content.scrollToItem(index, "start");
    }
  }
}

/** @param {LabCell} cell */
function focusCard(cell) {
  const card = /** @type {HTMLElement | null} */ (cell.node.querySelector(".lab-card"));
  if (card) {
    card.tabIndex = -1;
    card.focus({ preventScroll: true });
  }
}

/** @param {LabCell} cell */
const sourceOf = (cell) => cell.model.sharedModel.getSource();

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ids of the widgets that live in this kernel. @param {LabKernel} kernel */
async function widgetsOf(kernel) {
  await kernel.info;
  const reply = await kernel.requestCommInfo({ target_name: "jupyter.widget" });
  return Object.keys(reply.content.comms ?? {});
}

/** Whether a cell should show a card, and the kernel has none of it. @param {LabCell} cell @param {string[]} living */
function isDead(cell, living) {
  if (!CARD.test(sourceOf(cell))) {
    return false;
  }
  const shown = (cell.model.outputs?.toJSON() ?? []).map((output) => output.data?.[VIEW]?.model_id);
  return !shown.some((id) => living.includes(id));
}

/** What the server answers. @param {LabApp} app @param {string} path @returns {Promise<any>} */
export async function fetched(app, path) {
  const { baseUrl, token } = app.serviceManager.serverSettings;
  const headers = token ? { Authorization: `token ${token}` } : {};
  const answer = await fetch(baseUrl + path, { headers, cache: "no-store" });
  return answer.ok ? answer.json() : {};
}

/** Tell the server something; without a token, as behind a hub, it wants its own cookie's mark. @param {LabApp} app @param {string} path @param {object} content */
export async function sent(app, path, content) {
  const { baseUrl, token } = app.serviceManager.serverSettings;
  const mark = document.cookie.split("; ").find((one) => one.startsWith("_xsrf="));
  const headers = {
    "Content-Type": "application/json",
    ...(token ? { Authorization: `token ${token}` } : { "X-XSRFToken": decodeURIComponent(mark?.slice(6) ?? "") }),
  };
  await fetch(baseUrl + path, { method: "POST", headers, body: JSON.stringify(content) });
}
