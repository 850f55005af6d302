// A terminal below the lessons: as wide as the window, and never where a lesson would open.

/** @param {LabApp} app */
export async function ensureTerminal(app) {
  if (terminals(app).length > 0) {
    return;
  }
  const before = app.shell.currentWidget;
  const terminal = await app.commands.execute("terminal:create-new");
  app.shell.add(terminal, "down");
  if (before) {
    app.shell.activateById(before.id);
  }
}

/** Whether the keyboard is in a terminal: there Tab is the shell's. @param {LabApp} app */
export const isInTerminal = (app) => terminals(app).some((terminal) => terminal.node.contains(document.activeElement));

/** The keyboard to the first terminal. @param {LabApp} app @returns {Promise<LabWidget>} */
export async function focusTerminal(app) {
  await ensureTerminal(app);
  const [terminal] = terminals(app);
  app.shell.activateById(terminal.id);
  return terminal;
}

/**
 * Write a command in a terminal, without sending it: the person reads it there, and presses Enter.
 * @param {LabApp} app @param {string} line
 */
export async function writeInTerminal(app, line) {
  const terminal = await focusTerminal(app);
  terminal.content?.session?.send({ type: "stdin", content: [line] });
}

/** Whether a card may have this line written: nothing that a terminal would send by itself. @param {string} line */
export const isPreparing = (line) => /^python3 -m labs prepare \d\d\/\d+$/.test(line);

/** Every open terminal. @param {LabApp} app @returns {LabWidget[]} */
export function terminals(app) {
  return /** @type {const} */ (["main", "down"]).flatMap((area) =>
    [...app.shell.widgets(area)].filter((widget) => widget.content?.setOption),
  );
}
