// A card with a button that runs something (labs/widgets/action.py). It answers a click by itself, before Python does.

const LOG_LINES = 500;
const SILENCE = 4000; // ms without an answer after which a click is sent again, and we say so
const SAY = 10; // seconds between two announcements of the progress
const ORPHAN = { state: "stopped", sign: "■", word: "Sem kernel", next: "",
  observed: "o kernel foi reiniciado e não conhece mais este cartão. Execute a primeira célula de código e depois esta célula de novo (Shift+Enter)." };
const WORKING = new Set(["running", "checking"]);

/** The command with its parts; the explanation of the part under the mouse or the keyboard stands below. */
const commandBlock = (card, key) => {
  if (!card.command) return null;
  const tip = el("p", { class: "lab-tip", id: `${key}-tip` });
  const idle = card.parts.length ? "Passe o mouse sobre uma parte do comando, ou vá a ela com Tab e as setas." : "";
  const spans = [];
  const explain = (meaning) => { tip.replaceChildren(...prose(meaning)); };
  const focusPart = (index) => {
    spans.forEach((span, other) => { span.tabIndex = other === index ? 0 : -1; });
    spans[index].focus();
  };
  const code = el("code", { class: "lab-code" });
  let at = 0;
  for (const [text, meaning] of card.parts) {
    const found = card.command.indexOf(text, at);
    if (found < 0) continue;
    const index = spans.length;
    const span = el("span", {
      class: "lab-part", tabindex: index ? -1 : 0, role: "note", text, "aria-label": `${text}: ${meaning}`,
      "aria-describedby": tip.id,
      on: {
        mouseenter: () => explain(meaning),
        mouseleave: () => explain(spans.includes(document.activeElement) ? document.activeElement.dataset.meaning : idle),
        focus: () => explain(meaning),
        blur: () => explain(idle),
        keydown: (event) => {
          const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
          if (!step) return;
          event.preventDefault();
          focusPart((index + step + spans.length) % spans.length);
        },
      },
    });
    span.dataset.meaning = meaning;
    spans.push(span);
    code.append(card.command.slice(at, found), span);
    at = found + text.length;
  }
  code.append(card.command.slice(at));
  explain(idle);
  const all = card.parts.length
    ? el("details", { class: "lab-parts" }, el("summary", { text: "Explicar todas as partes" }),
        el("dl", {}, ...card.parts.flatMap(([text, meaning]) => [
          el("dt", {}, el("code", { text })), el("dd", {}, ...prose(meaning))])))
    : null;
  return el("div", { class: "lab-command" },
    el("div", { class: "lab-line" }, el("pre", { class: "lab-pre" }, code), copyButton(card.command, "o comando")),
    idle ? tip : null, all);
};

/** A button that opens a panel below. */
const toggle = (label, key, panel) => {
  panel.hidden = true;
  panel.id = `${key}-${label.normalize("NFD").replace(/\W/g, "")}`;
  return el("button", {
    type: "button", class: "lab-button", "aria-expanded": "false", "aria-controls": panel.id, text: label,
    on: { click: (event) => {
      panel.hidden = !panel.hidden;
      event.currentTarget.setAttribute("aria-expanded", String(!panel.hidden));
    } },
  });
};

/** Progress bars, the elapsed time and the log. */
const liveArea = () => {
  const elapsed = el("p", { class: "lab-elapsed", "aria-hidden": "true" });
  const bars = el("div", { class: "lab-bars", role: "group", "aria-label": "Progresso" });
  const pre = el("pre", { class: "lab-log", tabindex: 0, role: "region", "aria-label": "Saída do comando" });
  const summary = el("summary", { text: "Saída do comando" });
  const details = el("details", { class: "lab-output" }, summary, pre);
  details.hidden = true;
  const rows = new Map();
  let lines = [];

  const drawBar = ({ key, label, value, max, words, seconds }) => {
    let row = rows.get(key);
    if (!row) {
      row = { label: el("span", { class: "lab-bar-label" }), bar: el("progress"), words: el("span", { class: "lab-bar-words" }) };
      rows.set(key, row);
      bars.append(el("div", { class: "lab-bar" }, row.label, row.bar, row.words));
    }
    row.label.textContent = label;
    row.words.textContent = [words, seconds ? `${seconds} s` : ""].filter(Boolean).join(" · ");
    row.bar.hidden = !max;
    row.bar.max = max || 1;
    row.bar.value = value;
    row.bar.setAttribute("aria-label", label);
    row.bar.setAttribute("aria-valuetext", words);
  };
  const clear = () => {
    rows.clear();
    bars.replaceChildren();
    lines = [];
    pre.replaceChildren();
    details.hidden = true;
    details.open = true; // what one has just started, one wants to read
  };
  const drawLog = () => {
    const held = pre.contains(document.activeElement) ? document.activeElement.href : "";
    pre.replaceChildren(...withLinks(lines.join("\n")));
    if (held) [...pre.querySelectorAll("a")].find(({ href }) => href === held)?.focus();
  };
  const add = (batch) => {
    if (batch.reset) clear();
    batch.bars.forEach(drawBar);
    if (!batch.lines.length) return;
    const atEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4;
    lines = lines.concat(batch.lines).slice(-LOG_LINES);
    drawLog();
    summary.textContent = `Saída do comando (${lines.length} ${lines.length === 1 ? "linha" : "linhas"})`;
    details.hidden = false;
    if (atEnd) pre.scrollTop = pre.scrollHeight;
  };
  /** What a command left unfinished (a refused push) is no progress any more. */
  const settle = () => {
    for (const [key, row] of rows) {
      if (row.bar.hidden || row.bar.value < row.bar.max) { row.bar.parentElement.remove(); rows.delete(key); }
    }
  };
  /** Said to screen readers now and then: how many bars are full. */
  const summed = () => {
    const full = [...rows.values()].filter(({ bar }) => !bar.hidden && bar.value === bar.max).length;
    return rows.size > 1 ? `${full} de ${rows.size} partes prontas` : [...rows.values()].map(({ words }) => words.textContent).join("");
  };
  return { elapsed, bars, details, clear, add, settle, summed };
};

/** The verdict in words: polite, and only when it changes. `fix` runs the usual repair. */
const statusArea = (fix) => {
  const words = el("p", { class: "lab-verdict", role: "status", "aria-live": "polite" });
  const next = el("div", { class: "lab-next" });
  const show = (status) => {
    const { sign, word, observed } = status;
    words.replaceChildren(el("strong", { class: "lab-word" }, el("span", { "aria-hidden": "true", text: `${sign} ` }), word));
    if (observed) words.append(": ", ...prose(observed));
    next.replaceChildren();
    if (!status.next || status.state === "passed") return;
    if (!status.command) next.append(el("p", {}, el("strong", { text: "Dica: " }), ...prose(status.next)));
    else next.append(el("p", {}, el("strong", { text: "Próximo comando: " })),
      el("div", { class: "lab-line" }, el("pre", { class: "lab-pre" }, el("code", { text: status.next })),
        copyButton(status.next, "o próximo comando")),
      ...(status.repair ? [el("div", { class: "lab-buttons" }, actionButton("Executar o conserto", "fix", fix))] : []));
  };
  return { words, next, show };
};

const actionButton = (label, kind, press) => label
  ? el("button", { type: "button", class: `lab-button lab-${kind}`, text: label, on: { click: press } })
  : null;

/** The solution; where the learner got no command, the button that runs it stands here and not in front. */
const solutionPanel = (card, run) => card.solution
  ? el("div", { class: "lab-panel" }, el("div", { class: "lab-line" },
      el("pre", { class: "lab-pre" }, el("code", { text: card.solution })), copyButton(card.solution, "a solução")),
      card.open ? el("div", { class: "lab-buttons" }, run) : null)
  : null;

function render({ model, el: host }) {
  const card = model.get("card");
  const key = model.get("key");
  const root = frame(model, host, card.heading);
  const live = liveArea();
  live.details.open = Boolean(card.unfolded); // a case of the clinic is about what the command says
  const said = el("p", { class: "lab-hidden", role: "status" });
  const verdict = statusArea(() => press("repair"));
  let waiting = false; // a click of ours that Python has not taken up yet
  let began = 0;
  let clock = 0;
  let silence = 0;

  const busy = () => waiting || WORKING.has(model.get("status").state);
  const press = (doing) => {
    if (busy()) return;
    waiting = true;
    live.clear();
    began = performance.now();
    if (doing === "repair") home().focus(); // its own button goes away
    draw({ state: doing === "verify" ? "checking" : "running", sign: "…",
      word: { verify: "Verificando…", repair: "Consertando…" }[doing] ?? "Executando…", observed: "", next: "" });
    ask({ do: doing, runs: model.get("runs") });
  };
  /** Send a click, and again while nothing answers: a message can be lost where the connection was. Python takes each count
   * of runs once, so that asking again never runs twice.
   */
  const ask = (click, asked = 0) => {
    clearTimeout(silence);
    if (!waiting) return;
    try {
      model.send(click);
    } catch { // the kernel that had this card is gone
      waiting = false;
      draw(ORPHAN);
      return;
    }
    if (asked === 1) {
      verdict.words.append(" O kernel ainda não respondeu: ele termina outra célula antes. Se você o reiniciou, execute esta célula de novo.");
    }
    silence = setTimeout(() => ask(click, asked + 1), SILENCE);
  };
  const run = actionButton(card.labels.run, card.open ? "run" : "primary", () => press("run"));
  const verify = actionButton(card.labels.verify, card.open ? "primary" : "verify", () => press("verify"));
  const stop = actionButton(card.labels.stop, "stop", () => {
    if (isDisabled(stop)) return;
    setDisabled(stop, true);
    stop.textContent = "Interrompendo…";
    model.send({ do: "stop" });
  });
  const hint = card.hint ? el("div", { class: "lab-panel" }, paragraph(card.hint)) : null;
  const solution = solutionPanel(card, run);

  const home = () => (card.open ? verify : run);
  const tick = () => {
    const seconds = Math.floor((performance.now() - began) / 1000);
    live.elapsed.textContent = seconds ? `${seconds} s` : "";
    if (seconds && seconds % SAY === 0) said.textContent = [`Há ${seconds} segundos`, live.summed()].filter(Boolean).join(": ");
  };
  const draw = (status) => {
    const working = WORKING.has(status.state);
    root.dataset.state = status.state;
    root.setAttribute("aria-busy", String(working));
    for (const button of [run, verify]) if (button) setDisabled(button, working);
    if (run) run.textContent = status.state === "running" ? "Executando…" : card.labels.run;
    if (stop) {
      if (status.state !== "running" && document.activeElement === stop) home().focus();
      stop.hidden = status.state !== "running";
      if (!working || stop.hidden) { setDisabled(stop, false); stop.textContent = card.labels.stop; }
    }
    clearInterval(clock);
    if (working) { began ||= performance.now(); tick(); clock = setInterval(tick, 1000); } else began = 0;
    if (!working) { live.settle(); said.textContent = ""; }
    verdict.show(status);
  };

  root.append(...[
    el("h4", { class: "lab-title", text: card.heading }),
    card.text ? paragraph(card.text) : null,
    card.missing ? el("ul", {}, ...card.missing.map((item) => el("li", {}, ...prose(item)))) : null,
    card.note ? paragraph(card.note, "lab-note") : null,
    commandBlock(card, key),
    card.why ? el("p", { class: "lab-why" }, el("strong", { text: "Por quê: " }), ...prose(card.why)) : null,
    el("div", { class: "lab-buttons", role: "group", "aria-label": "Ações" }, ...[card.open ? null : run, stop, verify,
      hint && toggle("Dica", key, hint), solution && toggle("Solução", key, solution)].filter(Boolean)),
    hint, solution,
    el("div", { class: "lab-state" }, verdict.words, live.elapsed), said, verdict.next, live.bars, live.details,
  ].filter(Boolean));

  const onStatus = () => { waiting = false; draw(model.get("status")); };
  const onMessage = (message) => {
    if (message?.standing) { waiting = false; draw(message.standing); } // the answer to a click that Python knew already
    if (!message?.lines) return;
    live.add(message);
    if (message.reset) live.details.open = busy();
  };
  model.on("change:runs", live.clear); // pressed in another tab
  model.on("change:status", onStatus);
  model.on("msg:custom", onMessage);
  draw(model.get("status"));
  if (model.get("logged")) model.send({ do: "log" });
  return () => {
    clearInterval(clock);
    clearTimeout(silence);
    model.off("change:runs", live.clear);
    model.off("change:status", onStatus);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
