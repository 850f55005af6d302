// @ts-check
// A card with a button that runs something (labs/widgets/action.py). It answers a click by itself, before Python does.

const LOG_LINES = 500;
const SILENCE = 4000; // ms without an answer after which a click is sent again, and we say so
const SAY = 10; // seconds between two announcements of the progress
/** @type {Status} */
const ORPHAN = {
  state: "stopped",
  sign: "■",
  word: "Sem kernel",
  next: "",
  observed:
    "o kernel que tinha este cartão terminou. Feche a aula e abra de novo: os cartões voltam sozinhos. Fora do JupyterLab do curso, execute as células desde a primeira (Shift+Enter).",
};
const UNANSWERED =
  " O kernel ainda não respondeu: ele termina outra célula antes. Se você o desligou, feche a aula e abra de novo.";
const DOING = { run: "Executando…", verify: "Verificando…", repair: "Consertando…" };
const WORKING = new Set(["running", "checking"]);

// The command ------------------------------------------------------------------------------------------

/**
 * The command as plain text and parts, in order; a part that is not in it is left out.
 * @param {string} command
 * @param {Part[]} parts
 */
const piecesOf = (command, parts) => {
  /** @type {(string | Part)[]} */
  const pieces = [];
  let at = 0;
  for (const part of parts) {
    const found = command.indexOf(part[0], at);
    if (found < 0) continue;
    pieces.push(command.slice(at, found), part);
    at = found + part[0].length;
  }
  return [...pieces, command.slice(at)];
};

/**
 * The command with its parts; `tip` explains the one under the mouse or the keyboard. One of them is in the tab order.
 * @param {(string | Part)[]} pieces
 * @param {HTMLElement} tip
 * @param {string} idle what the tip says else
 */
const explainedCode = (pieces, tip, idle) => {
  /** @type {HTMLSpanElement[]} */
  const spans = [];
  /** @param {string} meaning */
  const explain = (meaning) => tip.replaceChildren(...prose(meaning));
  /** @param {number} index */
  const focus = (index) => {
    spans.forEach((span, other) => {
      span.tabIndex = other === index ? 0 : -1;
    });
    spans[index].focus();
  };
  /** @param {number} index @param {KeyboardEvent} event */
  const move = (index, event) => {
    const step = ARROWS[event.key];
    if (!step) return;
    event.preventDefault();
    focus((index + step + spans.length) % spans.length);
  };
  /** @param {Part} part */
  const span = ([text, meaning]) => {
    const index = spans.length;
    const on = {
      mouseenter: () => explain(meaning),
      mouseleave: () => explain(spans.find((one) => one === document.activeElement)?.dataset.meaning ?? idle),
      focus: () => explain(meaning),
      blur: () => explain(idle),
      keydown: (/** @type {KeyboardEvent} */ event) => move(index, event),
    };
    spans.push(partSpan(text, meaning, index ? -1 : 0, tip.id, on));
    return spans[index];
  };
  explain(idle);
  return el(
    "code",
    { class: "lab-code" },
    ...pieces.flatMap((piece) => (typeof piece === "string" ? wholeWords(piece) : [span(piece)])),
  );
};

/**
 * A part of the command, with its meaning for screen readers.
 * @param {string} text
 * @param {string} meaning
 * @param {number} tabindex
 * @param {string} tip
 * @param {Attributes["on"] & {}} on
 */
const partSpan = (text, meaning, tabindex, tip, on) =>
  el(
    "span",
    {
      class: "lab-part",
      tabindex,
      role: "note",
      "aria-label": `${text}: ${meaning}`,
      "aria-describedby": tip,
      "data-meaning": meaning,
      on,
    },
    ...wholeWords(text),
  );

/**
 * All parts and their meanings, folded away.
 * @param {Part[]} parts
 */
const allParts = (parts) =>
  el(
    "details",
    { class: "lab-parts" },
    el("summary", { text: "Explicar todas as partes" }),
    el(
      "dl",
      {},
      ...parts.flatMap(([text, meaning]) => [
        el("dt", {}, el("code", {}, ...wholeWords(text))),
        el("dd", {}, ...prose(meaning)),
      ]),
    ),
  );

/**
 * Something to copy, with the button that does.
 * @param {HTMLElement} code
 * @param {string} text
 * @param {string} what
 */
const copyLine = (code, text, what) =>
  el("div", { class: "lab-line" }, el("pre", { class: "lab-pre" }, code), copyButton(text, what));

/**
 * The command with its parts; the explanation of the part under the mouse or the keyboard stands below.
 * @param {StepCard} card
 * @param {string} key
 */
const commandBlock = ({ command, parts = [], idle = "" }, key) => {
  if (!command) return null;
  const tip = el("p", { class: "lab-tip", id: `${key}-tip` });
  const code = explainedCode(piecesOf(command, parts), tip, idle);
  const below = parts.length ? el("div", { class: "lab-meanings" }, allParts(parts), tip) : null;
  return el("div", { class: "lab-command" }, copyLine(code, command, "o comando"), below);
};

/**
 * A button that opens a panel below.
 * @param {string} label
 * @param {string} key
 * @param {HTMLElement} panel
 */
const toggle = (label, key, panel) => {
  panel.hidden = true;
  panel.id = `${key}-${label.normalize("NFD").replace(/\W/g, "")}`;
  const button = el("button", {
    type: "button",
    class: "lab-button",
    "aria-expanded": "false",
    "aria-controls": panel.id,
    text: label,
  });
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
  });
  return button;
};

// What it does right now -------------------------------------------------------------------------------

/** A progress bar with its label and its words. */
const barRow = () => {
  const label = el("span", { class: "lab-bar-label" });
  const bar = el("progress");
  const words = el("span", { class: "lab-bar-words" });
  const node = el("div", { class: "lab-bar" }, label, bar, words);
  let done = false;
  /** @param {Bar} shown */
  const draw = (shown) => {
    label.textContent = shown.label;
    words.textContent = [shown.words, shown.seconds ? `${shown.seconds} s` : ""].filter(Boolean).join(" · ");
    done = Boolean(shown.kind) || (shown.max > 0 && shown.value >= shown.max);
    node.dataset.kind = shown.kind;
    bar.hidden = !shown.max || Boolean(shown.kind);
    bar.max = shown.max || 1;
    bar.value = shown.value;
    bar.setAttribute("aria-label", shown.label);
    bar.setAttribute("aria-valuetext", shown.words);
  };
  const isFull = () => done;
  return { node, words, draw, isFull };
};

/** All progress bars. */
const barsArea = () => {
  const node = el("div", { class: "lab-bars", role: "group", "aria-label": "Progresso" });
  /** @type {Map<string, ReturnType<typeof barRow>>} */
  const rows = new Map();
  /** @param {Bar} bar */
  const draw = (bar) => {
    const row = rows.get(bar.key) ?? barRow();
    if (!rows.has(bar.key)) {
      rows.set(bar.key, row);
      node.append(row.node);
    }
    row.draw(bar);
  };
  const clear = () => {
    rows.clear();
    node.replaceChildren();
  };
  /** What a command left unfinished (a refused push) is no progress any more. */
  const settle = () => {
    for (const [key, row] of rows) {
      if (row.isFull()) continue;
      row.node.remove();
      rows.delete(key);
    }
  };
  /** Said to screen readers now and then: how many bars are full. */
  const summed = () => {
    const all = [...rows.values()];
    if (all.length > 1) return `${all.filter((row) => row.isFull()).length} de ${all.length} partes prontas`;
    return all.map(({ words }) => words.textContent).join("");
  };
  const isEmpty = () => rows.size === 0;
  return { node, draw, clear, settle, summed, isEmpty };
};

/** Whether the lines stand in columns, which a wrapped line would break. @param {string[]} lines */
const isTabular = (lines) => lines.filter((line) => /\S {2,}\S.* {2,}\S/.test(line)).length > 1;

/** A line's text without its colours. @param {Row} row */
const textOf = (row) => (typeof row === "string" ? row : row.map(([text]) => text).join(""));

/** A piece in its colours. @param {Piece} piece @returns {Node[]} */
const colouredPiece = ([text, style]) =>
  style ? [el("span", { class: style.replace(/\w+/g, "lab-ansi-$&") }, ...withLinks(text))] : withLinks(text);

/** A line with its colours. @param {Row} row */
const drawnRow = (row) => (typeof row === "string" ? withLinks(`${row}\n`) : [...row.flatMap(colouredPiece), "\n"]);

/** What the command says. */
const logArea = () => {
  const pre = el("pre", { class: "lab-log", tabindex: 0, role: "region", "aria-label": "Saída do comando" });
  const summary = el("summary", { text: "Saída do comando" });
  const node = el("details", { class: "lab-output" }, summary, pre);
  node.hidden = true;
  /** @type {Row[]} */
  let lines = [];

  const clear = () => {
    lines = [];
    pre.replaceChildren();
    node.hidden = true;
    node.open = true; // what one has just started, one wants to read
  };
  /** A link keeps the keyboard's focus when the text is drawn again. */
  const draw = () => {
    const active = document.activeElement;
    const held = active instanceof HTMLAnchorElement && pre.contains(active) ? active.href : "";
    pre.replaceChildren(...lines.flatMap(drawnRow));
    pre.classList.toggle("lab-tabular", isTabular(lines.map(textOf)));
    if (held) [...pre.querySelectorAll("a")].find(({ href }) => href === held)?.focus();
  };
  /** @param {Row[]} more */
  const add = (more) => {
    const atEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4;
    lines = lines.concat(more).slice(-LOG_LINES);
    draw();
    summary.textContent = `Saída do comando (${lines.length} ${lines.length === 1 ? "linha" : "linhas"})`;
    node.hidden = false;
    if (atEnd) pre.scrollTop = pre.scrollHeight;
  };
  /** What came without a bar is a text: it is read from its first line. */
  const toTop = () => {
    pre.scrollTop = 0;
  };
  return { node, clear, add, toTop };
};

/** Progress bars and the log. */
const liveArea = () => {
  const bars = barsArea();
  const log = logArea();
  const clear = () => {
    bars.clear();
    log.clear();
  };
  /** @param {Batch} batch */
  const add = (batch) => {
    if (batch.reset) clear();
    batch.bars.forEach(bars.draw);
    if (batch.lines.length) log.add(batch.lines);
  };
  return { bars, log, clear, add };
};

/**
 * How long something runs: shown each second, and said now and then with what is done by then.
 * @param {() => string} summed
 */
const stopwatch = (summed) => {
  const elapsed = el("p", { class: "lab-elapsed", "aria-hidden": "true" });
  const said = el("p", { class: "lab-hidden", role: "status" });
  let began = 0;
  let clock = 0;
  const tick = () => {
    const seconds = Math.floor((performance.now() - began) / 1000);
    elapsed.textContent = seconds ? `${seconds} s` : "";
    if (seconds && seconds % SAY === 0)
      said.textContent = [`Há ${seconds} segundos`, summed()].filter(Boolean).join(": ");
  };
  const start = () => {
    began = performance.now();
  };
  const stop = () => clearInterval(clock);
  /** @param {boolean} working */
  const follow = (working) => {
    stop();
    if (working) {
      began ||= performance.now();
      tick();
      clock = setInterval(tick, 1000);
    } else {
      began = 0;
      said.textContent = "";
    }
  };
  return { elapsed, said, start, stop, follow };
};

// How it stands ----------------------------------------------------------------------------------------

/**
 * The verdict in words: polite, and only when it changes.
 * @param {() => void} fix runs the usual repair
 */
const statusArea = (fix) => {
  const words = el("p", { class: "lab-verdict", role: "status", "aria-live": "polite" });
  const next = el("div", { class: "lab-next" });
  /** @param {Status} status */
  const show = (status) => {
    const sign = el("span", { "aria-hidden": "true", text: `${status.sign} ` });
    words.replaceChildren(el("strong", { class: "lab-word" }, sign, status.word));
    if (status.observed) words.append(": ", ...prose(status.observed));
    next.replaceChildren(...nextOf(status, fix));
  };
  const addDelay = () => words.append(UNANSWERED);
  return { words, next, show, addDelay };
};

/**
 * What to do next: a hint, or a command that a button may run.
 * @param {Status} status
 * @param {() => void} fix
 */
const nextOf = (status, fix) => {
  if (!status.next || status.state === "passed") return [];
  if (!status.command) return [el("p", {}, el("strong", { text: "Dica: " }), ...prose(status.next))];
  const title = el("p", {}, el("strong", { text: "Próximo comando: " }));
  const line = copyLine(el("code", {}, ...wholeWords(status.next)), status.next, "o próximo comando");
  if (!status.repair) return [title, line];
  return [title, line, el("div", { class: "lab-buttons" }, actionButton("Executar o conserto", "fix", fix))];
};

// The buttons ------------------------------------------------------------------------------------------

/** @param {string | undefined} label without one there is no button @param {string} kind @param {() => void} press */
const actionButton = (label, kind, press) =>
  label ? el("button", { type: "button", class: `lab-button lab-${kind}`, text: label, on: { click: press } }) : null;

/**
 * The buttons that do something. `home` is the one that the keyboard returns to.
 * @param {StepCard} card
 * @param {(doing: Doing) => void} press
 * @param {() => void} interrupt
 */
const actionButtons = ({ labels, open }, press, interrupt) => {
  const run = actionButton(labels.run, open ? "run" : "primary", () => press("run"));
  const verify = actionButton(labels.verify, open ? "primary" : "verify", () => press("verify"));
  const stop = actionButton(labels.stop, "stop", () => {
    if (!stop || isDisabled(stop)) return;
    setDisabled(stop, true);
    stop.textContent = "Interrompendo…";
    interrupt();
  });
  const home = open ? verify : run;
  /** @param {string} state */
  const drawStop = (state) => {
    if (!stop) return;
    if (state !== "running" && document.activeElement === stop) home?.focus();
    stop.hidden = state !== "running";
    if (state === "running") return;
    setDisabled(stop, false);
    stop.textContent = labels.stop ?? "";
  };
  /** @param {string} state */
  const draw = (state) => {
    for (const button of [run, verify]) if (button) setDisabled(button, WORKING.has(state));
    if (run) run.textContent = state === "running" ? DOING.run : (labels.run ?? "");
    drawStop(state);
  };
  return { run, verify, stop, home, draw };
};

/** Why a step is done. @param {StepCard} card */
const whyOf = ({ why }) =>
  why ? el("p", { class: "lab-why" }, el("strong", { text: "Por quê: " }), ...prose(why)) : null;

/**
 * The solution; where the learner got no command, the button that runs it stands here and not in front, and so does
 * why it works, which would give it away.
 * @param {StepCard} card
 * @param {HTMLElement | null} run
 */
const solutionPanel = (card, run) =>
  card.solution
    ? el(
        "div",
        { class: "lab-panel" },
        copyLine(el("code", {}, ...wholeWords(card.solution)), card.solution, "a solução"),
        card.open ? whyOf(card) : null,
        card.open ? el("div", { class: "lab-buttons" }, run) : null,
      )
    : null;

/** A button for the few: at the row's end, and no box. @param {HTMLButtonElement} button */
const quiet = (button) => {
  button.classList.add("lab-quiet");
  return button;
};

/**
 * The hints, one after the other: each says more than the one before it.
 * @param {string[]} hints
 */
const hintPanel = ([first, ...others]) => {
  const panel = el("div", { class: "lab-panel" }, paragraph(first));
  const more = el("button", { type: "button", class: "lab-button", text: "Outra dica" });
  more.addEventListener("click", () => {
    const said = paragraph(others.shift() ?? "");
    said.tabIndex = -1;
    more.before(said);
    said.focus(); // its button may go away
    more.hidden = !others.length;
  });
  if (others.length) panel.append(more);
  return panel;
};

/** What the panel below says of the command that prepares, by how it stands. @type {Record<string, string>} */
const PREPARING = {
  written: "O comando está escrito no terminal: aperte Enter lá. Aqui aparece quando tudo estiver pronto.",
  copied: "Comando copiado: cole num terminal do laboratório e aperte Enter. Aqui aparece quando tudo estiver pronto.",
  done: "✓ Pronto: tudo o que vem antes deste passo está feito. Pode começar por aqui.",
};

/**
 * What does the steps before this one. JupyterLab's half of the course (lab_extension/) writes the command into the
 * terminal, where a person sends it; without that half it is copied. Once it has run, the panel says that alone.
 * @param {string} command
 * @param {Model<ActionTraits>} model
 */
const preparePanel = (command, model) => {
  const said = el("p", { role: "status", "aria-live": "polite" });
  const write = () => {
    sendTo(model, { do: "prepare" });
    const asked = new CustomEvent("lab-write", { bubbles: true, cancelable: true, detail: command });
    const heard = !node.dispatchEvent(asked);
    if (!heard) copyText(command);
    said.textContent = PREPARING[heard ? "written" : "copied"];
  };
  const form = el(
    "div",
    {},
    paragraph("Quer começar por aqui? Este comando faz por você, de verdade, tudo o que vem antes deste passo:"),
    copyLine(el("code", {}, ...wholeWords(command)), command, "o comando que prepara"),
    el("div", { class: "lab-buttons" }, actionButton("Escrever no terminal", "write", write)),
  );
  const node = el("div", { class: "lab-panel" }, form, said);
  const follow = () => {
    if (model.get("preparing") !== "done") return;
    form.hidden = true;
    said.textContent = PREPARING.done;
  };
  /** Who opens it once more may want the command again. */
  const begin = () => {
    form.hidden = false;
    said.textContent = "";
  };
  model.on("change:preparing", follow);
  return { node, begin };
};

/**
 * All buttons in their row, with the panels that they open below it.
 * @param {StepCard} card
 * @param {Model<ActionTraits & Common>} model
 * @param {ReturnType<typeof actionButtons>} buttons
 */
const buttonRow = (card, model, { run, stop, verify }) => {
  const key = model.get("key");
  const hint = card.hints?.length ? hintPanel(card.hints) : null;
  const solution = solutionPanel(card, run);
  const prepare = card.prepare ? preparePanel(card.prepare, model) : null;
  const opener = prepare && quiet(toggle("Preparar até aqui", key, prepare.node));
  opener?.addEventListener("click", () => prepare?.begin());
  const row = el(
    "div",
    { class: "lab-buttons", role: "group", "aria-label": "Ações" },
    ...[card.open ? null : run, stop, verify],
    hint && toggle("Dica", key, hint),
    solution && toggle("Solução", key, solution),
    opener,
  );
  return [row, hint, solution, prepare?.node].filter((node) => node instanceof Node);
};

// The card ---------------------------------------------------------------------------------------------

/**
 * What the card says from the start.
 * @param {StepCard} card
 * @param {string} key
 */
const introduction = (card, key) =>
  [
    el("h4", { class: "lab-title", text: card.heading }),
    card.text ? paragraph(card.text) : null,
    card.missing ? el("ul", {}, ...card.missing.map((item) => el("li", {}, ...prose(item)))) : null,
    card.note ? paragraph(card.note, "lab-note") : null,
    commandBlock(card, key),
    card.open ? null : whyOf(card),
  ].filter((node) => node !== null);

/**
 * A click on its way to Python. It is sent again while nothing answers: a message can be lost where the connection was.
 * Python takes each count of runs once, so that asking again never runs twice.
 * @param {Model<ActionTraits>} model
 * @param {() => void} onLost called where the kernel that had this card is gone
 * @param {() => void} onSilence called where the answer takes long
 */
const courier = (model, onLost, onSilence) => {
  let waiting = false; // Python has not taken the click up yet
  let silence = 0;
  /** @param {Record<string, unknown>} click @param {number} asked */
  const ask = (click, asked) => {
    clearTimeout(silence);
    if (!waiting) return;
    if (!sendTo(model, click)) {
      waiting = false;
      onLost();
      return;
    }
    if (asked === 1) onSilence();
    silence = setTimeout(() => ask(click, asked + 1), SILENCE);
  };
  return {
    isBusy: () => waiting || WORKING.has(model.get("status").state),
    /** @param {Doing} doing */
    send: (doing) => {
      waiting = true;
      ask({ do: doing, runs: model.get("runs") }, 0);
    },
    arrived: () => {
      waiting = false;
    },
    stop: () => clearTimeout(silence),
  };
};

/**
 * What Python says, drawn; returns how to stop listening.
 * @param {Model<ActionTraits>} model
 * @param {ReturnType<typeof liveArea>} live
 * @param {ReturnType<typeof courier>} clicks
 * @param {(status: Status) => void} draw
 */
const listen = (model, live, clicks, draw) => {
  /** @param {Status} status */
  const answered = (status) => {
    clicks.arrived();
    draw(status);
  };
  const statusChanged = () => answered(model.get("status"));
  /** @param {(Partial<Batch> & { standing?: Status }) | undefined} message */
  const messageCame = (message) => {
    if (message?.standing) answered(message.standing); // the answer to a click that Python knew already
    if (!message?.lines) return;
    live.add(/** @type {Batch} */ (message));
    if (message.reset) live.log.node.open = clicks.isBusy();
  };
  model.on("change:runs", live.clear); // pressed in another tab
  model.on("change:status", statusChanged);
  model.on("msg:custom", messageCame);
  return () => {
    model.off("change:runs", live.clear);
    model.off("change:status", statusChanged);
    model.off("msg:custom", messageCame);
  };
};

/** @param {Context<ActionTraits>} context */
function render({ model, el: host }) {
  const card = model.get("card");
  const root = frame(model, host, card.heading);
  const live = liveArea();
  live.log.node.open = Boolean(card.unfolded); // a case of the clinic is about what the command says
  const watch = stopwatch(live.bars.summed);
  const verdict = statusArea(() => press("repair"));
  const clicks = courier(model, () => draw(ORPHAN), verdict.addDelay);
  /** @param {Doing} doing */
  const press = (doing) => {
    if (clicks.isBusy()) return;
    live.clear();
    watch.start();
    if (doing === "repair") buttons.home?.focus(); // its own button goes away
    const state = doing === "verify" ? "checking" : "running";
    draw({ state, sign: "…", word: DOING[doing], observed: "", next: "" });
    clicks.send(doing);
  };
  const buttons = actionButtons(card, press, () => sendTo(model, { do: "stop" }));
  /** @param {Status} status */
  const draw = (status) => {
    const working = WORKING.has(status.state);
    const ended = !working && root.getAttribute("aria-busy") === "true";
    root.dataset.state = status.state;
    root.setAttribute("aria-busy", String(working));
    buttons.draw(status.state);
    watch.follow(working);
    if (!working) live.bars.settle();
    if (status.state === "passed" && live.bars.isEmpty()) live.log.toTop();
    verdict.show(status);
    if (ended) state.scrollIntoView({ block: "nearest" });
  };
  const state = el("div", { class: "lab-state" }, verdict.words, watch.elapsed);
  const row = buttonRow(card, model, buttons);
  root.append(...introduction(card, model.get("key")), ...row, state, watch.said, verdict.next);
  root.append(live.bars.node, live.log.node);
  const deafen = listen(model, live, clicks, draw);
  draw(model.get("status"));
  if (model.get("logged")) sendTo(model, { do: "log" });
  return () => {
    watch.stop();
    clicks.stop();
    deafen();
  };
}

export default { render };
