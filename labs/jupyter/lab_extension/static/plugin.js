// The course inside JupyterLab: lessons that open alive, a terminal below them, a bar with the way, a projector's key.

import { leadLinks } from "./addresses.js";
import { LessonBar } from "./bar.js";
import { followTheme } from "./diagrams.js";
import { isLesson, Lesson } from "./lesson.js";
import { Presenting } from "./presenting.js";
import { ensureTerminal, focusTerminal, isInTerminal, isPreparing, writeInTerminal } from "./terminal.js";
import { Terms } from "./terms.js";

/** @param {LabTake} take @returns {LabPlugin} */
export function plugin(take) {
  return {
    id: "registry-labs:course",
    autoStart: true,
    activate: (app) => activate(app, take),
  };
}

/** @param {LabApp} app @param {LabTake} take */
function activate(app, take) {
  leadLinks(app);
  const presenting = new Presenting(app);
  /** @type {WeakMap<LabPanel, Lesson>} */
  const lessons = new WeakMap();

  app.docRegistry.addWidgetExtension("Notebook", {
    createNew: (panel, context) => {
      sayNoKernel(context.sessionContext);
      if (!isLesson(context.path)) {
        return;
      }
      const lesson = new Lesson(app, take, panel, context);
      lessons.set(panel, lesson);
      const bar = new LessonBar(app, take, lesson, presenting);
      const terms = new Terms(app, panel);
      const leaveTheme = followTheme(panel);
      panel.disposed.connect(() => {
        leaveTheme();
        terms.close();
        bar.close();
        lesson.close();
      });
    },
  });

  const current = () => lessons.get(/** @type {LabPanel} */ (app.shell.currentWidget));
  addCommand(app, "registry-labs:next-step", "Próximo passo", "ArrowDown", () => current()?.go(1));
  addCommand(app, "registry-labs:previous-step", "Passo anterior", "ArrowUp", () => current()?.go(-1));
  addCommand(app, "registry-labs:other-half", "Terminal, ou de volta à aula", "Enter", () =>
    isInTerminal(app) ? shownLesson(app, lessons)?.focus() : focusTerminal(app),
  );
  addCommand(app, "registry-labs:present", "Apresentar", "KeyP", () => presenting.toggle());
  document.addEventListener("lab-write", (event) => {
    const line = /** @type {CustomEvent} */ (event).detail;
    if (isPreparing(line)) {
      event.preventDefault(); // tells the card that it was heard
      writeInTerminal(app, line);
    }
  });
  app.restored.then(() => ensureTerminal(app));
}

/** The lesson in view, whatever has the keyboard. @param {LabApp} app @param {WeakMap<LabPanel, Lesson>} lessons */
const shownLesson = (app, lessons) =>
  /** @type {LabPanel[]} */ ([...app.shell.widgets("main")])
    .filter((panel) => panel.isVisible)
    .map((panel) => lessons.get(panel))
    .find(Boolean);

/** A notebook's session has no translator (4.5, docregistry/context): until its kernel is there it says so in English. */
const sayNoKernel = (/** @type {LabSession} */ session) =>
  Object.defineProperty(session, "noKernelName", { get: () => "Sem kernel" });

/**
 * A command, and Ctrl+Alt with this key for it. Not JupyterLab's own key bindings: a terminal does not hear those.
 * @param {LabApp} app @param {string} id @param {string} label @param {string} code @param {() => void} execute
 */
function addCommand(app, id, label, code, execute) {
  app.commands.addCommand(id, { label, execute });
  const heard = (/** @type {KeyboardEvent} */ event) => {
    if (event.ctrlKey && event.altKey && event.code === code) {
      event.preventDefault();
      event.stopPropagation();
      execute();
    }
  };
  window.addEventListener("keydown", heard, { capture: true });
}
