// @ts-check
// A picture that follows the state, with inputs for some (labs/widgets/picture.py).

const QUIET = 250; // ms after the last key before what was typed is drawn
const REST = 2000; // ms between two looks that nobody asked for
const GONE = "O kernel que tinha este desenho terminou. Feche a aula e abra de novo: os desenhos voltam sozinhos.";

/** Where JupyterLab's server is mounted, as it tells its own page; null outside JupyterLab. */
const serverBase = () => {
  const told = document.getElementById("jupyter-config-data");
  return told ? JSON.parse(told.textContent).baseUrl : null;
};

/**
 * Where a page of the lab is reached from: directly on this machine, through the server's proxy from elsewhere.
 * @param {string} address
 */
const pageAt = (address) => {
  const here = ["127.0.0.1", "localhost", "[::1]"].includes(window.location.hostname);
  return here ? address : `${serverBase() ?? "/"}endereco?de=${encodeURIComponent(address)}`;
};

/**
 * A lesson's address inside JupyterLab.
 * @param {string} name
 */
const lessonAt = (name) => {
  const base = serverBase();
  return base === null ? name : `${base}lab/tree/notebooks/${name}`;
};

/**
 * An input that the learner may change.
 * @param {Field} field
 * @param {string} key
 * @param {() => void} typed
 * @param {() => void} entered
 */
const inputRow = (field, key, typed, entered) => {
  /** @param {KeyboardEvent} event */
  const keydown = (event) => {
    if (event.key !== "Enter") return; // JupyterLab keeps Enter from submitting a form inside a notebook.
    event.preventDefault();
    entered();
  };
  const input = el("input", {
    type: "text",
    id: `${key}-${field.name}`,
    name: field.name,
    class: "lab-input",
    autocomplete: "off",
    spellcheck: "false",
    autocapitalize: "off",
    on: { input: typed, keydown },
  });
  input.value = field.value;
  return { input, row: el("div", { class: "lab-field" }, el("label", { for: input.id, text: field.label }), input) };
};

/**
 * A drawing wider than the card can be scrolled by keyboard, and only then takes part in the tab order.
 * @param {HTMLElement} body
 */
const reach = (body) => {
  for (const one of body.querySelectorAll(".lab-scroll")) {
    if (one.scrollWidth > one.clientWidth + 1) one.setAttribute("tabindex", "0");
    else one.removeAttribute("tabindex");
  }
};

/**
 * Put the picture into the card: what was unfolded stays so, and addresses lead to where the learner is.
 * @param {HTMLElement} body
 * @param {string} html comes from labs/pictures, which escapes all data
 */
const replacePicture = (body, html) => {
  const open = [...body.querySelectorAll("details")].map((one) => one.open);
  body.innerHTML = html;
  body.querySelectorAll("details").forEach((one, index) => {
    one.open = Boolean(open[index]);
  });
  for (const one of /** @type {NodeListOf<HTMLIFrameElement>} */ (body.querySelectorAll("iframe[data-page]"))) {
    one.src = pageAt(one.dataset.page ?? "");
  }
  for (const one of body.querySelectorAll("a[href$='.ipynb']")) {
    one.setAttribute("href", lessonAt(one.getAttribute("href") ?? ""));
  }
  reach(body);
};

/**
 * Requests for a drawing, one at a time; what was typed meanwhile is asked for when the answer is there.
 * @param {Model<PictureTraits>} model
 * @param {() => Record<string, string>} values what the inputs say now
 * @param {(why: Why) => void} onAsk
 * @param {() => void} onLost called where the kernel that had this picture is gone
 */
const requests = (model, values, onAsk, onLost) => {
  /** @type {Why} */
  let asking = "";
  let sent = "";
  let last = Date.now();
  let stale = false; // something ran since
  /** @param {Why} why */
  const ask = (why) => {
    if (asking) return;
    asking = why;
    stale = false;
    last = Date.now();
    sent = JSON.stringify(values());
    onAsk(why);
    if (sendTo(model, { do: "refresh", values: values() })) return;
    asking = "";
    if (why !== "look") onLost(); // nobody asked for a look
  };
  /** The drawing came; returns why it was asked for. */
  const answered = () => {
    const why = asking;
    asking = "";
    return why;
  };
  return {
    ask,
    answered,
    hasTyped: () => sent !== JSON.stringify(values()),
    isStale: () => stale,
    isDue: () => stale || Date.now() - last >= REST,
    outdate: () => {
      stale = true;
    },
  };
};

/**
 * After a step of this kernel a picture in view is drawn again, another once it comes into view. What was done in a
 * terminal is seen when the learner comes back to the window or to the picture.
 * @param {HTMLElement} body
 * @param {ReturnType<typeof requests>} asked
 * @param {boolean} fixed
 */
const watching = (body, asked, fixed) => {
  let visible = false;
  const look = () => {
    if (!fixed && visible && !document.hidden && asked.isDue()) asked.ask("look");
  };
  const seen = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    look();
  });
  const size = new ResizeObserver(() => reach(body));
  window.addEventListener("focus", look);
  seen.observe(body);
  size.observe(body);
  const stop = () => {
    seen.disconnect();
    size.disconnect();
    window.removeEventListener("focus", look);
  };
  return { look, stop };
};

/**
 * The inputs, the values in them, and how to forget what was typed last.
 * @param {Field[]} fields
 * @param {string} key
 * @param {(why: Why) => void} ask
 */
const inputForm = (fields, key, ask) => {
  let wait = 0;
  const forget = () => clearTimeout(wait);
  const typed = () => {
    forget();
    wait = setTimeout(() => ask("typed"), QUIET);
  };
  const rows = fields.map((field) => inputRow(field, key, typed, () => ask("asked")));
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    ask("asked");
  };
  const node = el("form", { class: "lab-form", on: { submit } }, ...rows.map(({ row }) => row));
  const values = () => Object.fromEntries(rows.map(({ input }) => [input.name, input.value]));
  return { node, values, forget };
};

/**
 * The button that asks for a new drawing, and what is said about the last one.
 * @param {() => void} press
 * @param {boolean} fixed whether it always looks the same: then there is nothing to ask for
 */
const refreshArea = (press, fixed) => {
  const said = el("span", { class: "lab-said", role: "status", "aria-live": "polite" });
  const button = el("button", { type: "button", class: "lab-button", text: "Atualizar", on: { click: press } });
  /** @param {Why} why */
  const asked = (why) => {
    if (why !== "asked") return;
    setDisabled(button, true);
    said.textContent = "Atualizando…";
  };
  /** @param {Why} why @param {Drawn} message */
  const drawn = (why, message) => {
    setDisabled(button, false);
    if (message.changed) said.textContent = why === "typed" ? (message.said ?? "") : `Atualizado. ${message.said}`;
    else if (why === "asked") said.textContent = "Atualizado: nada mudou.";
  };
  const lost = () => {
    setDisabled(button, false);
    said.textContent = GONE;
  };
  button.hidden = fixed;
  return { node: el("div", { class: "lab-buttons" }, button, said), asked, drawn, lost };
};

/**
 * The picture as it was before the last change, folded away: a text may say "compare". Python keeps it, so that a page
 * that is loaded again still has it.
 * @param {Model<PictureTraits>} model
 */
const earlierArea = (model) => {
  const picture = el("div", { class: "lab-picture" });
  const node = el("details", { class: "lab-earlier" }, el("summary", { text: "Como estava antes" }), picture);
  const draw = () => {
    const earlier = model.get("earlier");
    node.hidden = !earlier;
    replacePicture(picture, earlier);
  };
  draw();
  return { node, draw };
};

/** @param {Context<PictureTraits>} context */
function render({ model, el: host }) {
  const root = frame(model, host, "Desenho");
  const body = el("div", { class: "lab-picture" });
  const form = inputForm(model.get("fields"), model.get("key"), (why) => asked.ask(why));
  const refresh = refreshArea(() => asked.ask("asked"), model.get("fixed"));
  const asked = requests(model, form.values, refresh.asked, refresh.lost);
  const earlier = earlierArea(model);
  const draw = () => {
    replacePicture(body, model.get("html"));
    const title = body.querySelector(".lab-drawing")?.getAttribute("aria-label");
    root.setAttribute("aria-label", title ? `Desenho: ${title}` : "Desenho");
  };
  /** @param {Drawn | undefined} message */
  const onMessage = (message) => {
    if (message?.look) {
      asked.outdate();
      watch.look();
    }
    if (!message?.drawn) return;
    const why = asked.answered();
    refresh.drawn(why, message);
    if (why === "asked" && !message.changed) draw(); // pages inside the picture load again
    if (why && asked.hasTyped()) asked.ask("typed");
    else if (asked.isStale()) watch.look();
  };
  root.append(form.node, body, earlier.node, refresh.node);
  model.on("change:html", draw);
  model.on("change:earlier", earlier.draw);
  model.on("msg:custom", onMessage);
  const watch = watching(body, asked, model.get("fixed"));
  draw();
  return () => {
    form.forget();
    watch.stop();
    model.off("change:html", draw);
    model.off("change:earlier", earlier.draw);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
