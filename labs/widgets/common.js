// @ts-check
// Helpers of all cards, before each card's own script in one module (labs/widgets/card.py). Data goes into the page as
// text nodes only; HTML comes from labs/pictures/ alone, escaped there.

/**
 * An element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes `class`, `text`, `on` {event: handler}, all else as an attribute (null leaves it out)
 * @param {Child[]} children
 */
const el = (tag, { text, on = {}, ...attributes } = {}, ...children) => {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  for (const [event, handler] of Object.entries(on)) {
    node.addEventListener(event, /** @type {EventListener} */ (handler));
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

/**
 * Whether somebody answers a browser there: on this machine's loopback only the lab's own ports and JupyterLab's. The
 * port that an app says in its log is its container's.
 * @param {string} address
 */
const isAnswered = (address) => {
  const at = URL.canParse(address) ? new URL(address) : null;
  if (!at || !["127.0.0.1", "localhost", "0.0.0.0", "[::1]"].includes(at.hostname)) return true;
  return at.host === globalThis.location?.host || PORTS.includes(Number(at.port || 80));
};

/**
 * Plain text in which web addresses can be followed; a full stop after one is not part of it.
 * @param {string} text
 * @returns {Node[]}
 */
const withLinks = (text) =>
  text
    .split(/(https?:\/\/[^\s"'<>]*[\w/])/)
    .map((piece, index) =>
      index % 2 && isAnswered(piece)
        ? el("a", { href: piece, target: "_blank", rel: "noopener noreferrer", text: piece })
        : document.createTextNode(piece),
    );

/**
 * Plain text in which **what matters** is strong.
 * @param {string} text
 * @returns {Node[]}
 */
const withStress = (text) =>
  text
    .split(/\*\*([^*]+)\*\*/)
    .flatMap((piece, index) => (index % 2 ? [el("strong", { text: piece })] : withLinks(piece)));

/**
 * Text in which `code` between backticks is shown as code, **stress** as such, and addresses as links.
 * @param {string} text
 * @returns {Node[]}
 */
const prose = (text) =>
  String(text)
    .split(/`([^`]*)`/)
    .flatMap((piece, index) => (index % 2 ? [el("code", {}, ...wholeWords(piece))] : withStress(piece)));

/** Letters of a word that fits on every line but a zoomed page's, and of one that fits on a command's; a longer one may be
 * broken anywhere. */
const [WHOLE, LONG] = [34, 72];

/**
 * A command's text in which a word is kept on one line: a browser breaks `--name` after its dashes, and who types it as
 * it stands there adds a space.
 * @param {string} text
 * @returns {Node[]}
 */
const wholeWords = (text) =>
  text
    .split(/(\S*-\S*)/)
    .map((piece, index) =>
      index % 2 && piece.length <= LONG
        ? el("span", { class: piece.length <= WHOLE ? "lab-whole" : "lab-long", text: piece })
        : document.createTextNode(piece),
    );

/**
 * An option that one may choose: an address in it is no link, which a click on the option would follow.
 * @param {string} text
 * @returns {Node[]}
 */
const optionText = (text) =>
  text
    .split(/`([^`]*)`/)
    .map((piece, index) => (index % 2 ? el("code", {}, ...wholeWords(piece)) : document.createTextNode(piece)));

/** @param {string} text @param {string | null} name its class */
const paragraph = (text, name = null) => el("p", { class: name }, ...prose(text));

/**
 * JupyterLab's own shortcuts that mean the same everywhere: save, and those with Ctrl+Shift and a letter.
 * @param {KeyboardEvent} event
 */
const isForJupyter = (event) =>
  (event.ctrlKey || event.metaKey) && event.key.length === 1 && (event.shiftKey || event.key === "s");

/**
 * anywidget gives up on a model whose module took over two seconds to load (a slow machine, many cards at once): it
 * draws the card later all the same, but throws away every message for it, for good (`ready` in its Runtime). Such a
 * model gets ipywidgets' own way of taking messages back, and asks for what it missed. The probe is a message that
 * means nothing.
 * @param {Model<Common>} model
 */
const keepListening = async (model) => {
  const whole = await model.widget_manager.get_model(model.get("key").replace("lab-", ""));
  try {
    await whole._handle_comm_msg({ content: { data: { method: "probe" } } });
  } catch {
    whole._handle_comm_msg = Object.getPrototypeOf(whole.constructor.prototype)._handle_comm_msg;
    whole.comm.on_msg(whole._handle_comm_msg.bind(whole));
    whole.comm.send({ method: "request_state" });
  }
};

/**
 * The card's frame. Keys pressed inside stay inside: the notebook's one-key shortcuts (`d d` deletes a cell) do not see
 * them.
 * @param {Model<Common>} model
 * @param {HTMLElement} host
 * @param {string} label
 */
const frame = (model, host, label) => {
  /** @param {KeyboardEvent} event */
  const keydown = (event) => {
    if (!isForJupyter(event)) event.stopPropagation();
  };
  const root = el("section", { class: "lab-card", lang: "pt-BR", "aria-label": label, on: { keydown } });
  host.replaceChildren(root);
  if (!document.getElementById("lab-style")) document.head.append(el("style", { id: "lab-style", text: STYLE }));
  keepListening(model);
  return root;
};

/** @type {Record<string, number>} */
const ARROWS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/**
 * Arrows go through a question's options, and Space chooses: each choice counts as an answer, and by keyboard the third
 * option is reached through the second.
 * @param {KeyboardEvent} event of the question
 */
const throughOptions = (event) => {
  const options = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("input")];
  const at = options.indexOf(/** @type {HTMLInputElement} */ (event.target));
  const step = ARROWS[event.key];
  if (!step || at < 0) return;
  event.preventDefault();
  options[(at + step + options.length) % options.length].focus();
};

/**
 * Send to Python; false where the kernel that had this card is gone, which ipywidgets answers with an exception.
 * @param {Pick<Model<unknown>, "send">} model
 * @param {Record<string, unknown>} content
 */
const sendTo = (model, content) => {
  try {
    model.send(content);
    return true;
  } catch {
    return false;
  }
};

/** @param {string} text @param {string} what names it for screen readers */
const copyButton = (text, what) => {
  const button = el("button", {
    type: "button",
    class: "lab-button lab-copy",
    "aria-label": `Copiar ${what}`,
    text: "Copiar",
  });
  const said = el("span", { class: "lab-hidden", role: "status" });
  button.addEventListener("click", async () => {
    const done = await copyText(text);
    button.textContent = said.textContent = done ? "Copiado" : "Selecione e copie com Ctrl+C";
    setTimeout(() => {
      button.textContent = "Copiar";
      said.textContent = "";
    }, 2500);
  });
  return el("span", { class: "lab-copying" }, button, said);
};

/**
 * The clipboard needs a secure context (https or localhost); elsewhere an old way that still works.
 * @param {string} text
 */
const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { class: "lab-hidden", "aria-hidden": "true" });
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus?.();
    return done;
  }
};

/**
 * Can't be pressed, yet keeps the keyboard's focus (a `disabled` button would lose it).
 * @param {HTMLButtonElement} button
 * @param {boolean} disabled
 */
const setDisabled = (button, disabled) => button.setAttribute("aria-disabled", String(disabled));
/** @param {HTMLButtonElement} button */
const isDisabled = (button) => button.getAttribute("aria-disabled") === "true";
