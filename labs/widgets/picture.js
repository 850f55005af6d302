// A picture that follows the state, with inputs for some (labs/widgets/picture.py).

const QUIET = 250; // ms after the last key before what was typed is drawn
const REST = 2000; // ms between two looks that nobody asked for

/** Where JupyterLab's server is mounted, as it tells its own page; null outside JupyterLab. */
const serverBase = () => {
  const told = document.getElementById("jupyter-config-data");
  return told ? JSON.parse(told.textContent).baseUrl : null;
};

/** Where a page of the lab is reached from: directly on this machine, through the server's proxy from elsewhere. */
const pageAt = (address) => {
  const here = ["127.0.0.1", "localhost", "[::1]"].includes(window.location.hostname);
  return here ? address : `${serverBase() ?? "/"}proxy/${new URL(address).port}/`;
};

/** A lesson's address inside JupyterLab. */
const lessonAt = (name) => {
  const base = serverBase();
  return base === null ? name : `${base}lab/tree/notebooks/${name}`;
};

function render({ model, el: host }) {
  const key = model.get("key");
  const root = frame(model, host, "Desenho");
  const body = el("div", { class: "lab-picture" });
  const said = el("span", { class: "lab-said", role: "status", "aria-live": "polite" });
  const fields = model.get("fields");
  let wait = 0;
  const inputs = fields.map((field) => {
    const input = el("input", { type: "text", id: `${key}-${field.name}`, name: field.name, class: "lab-input",
      autocomplete: "off", spellcheck: "false", autocapitalize: "off",
      on: {
        input: () => { clearTimeout(wait); wait = setTimeout(() => ask("typed"), QUIET); },
        // JupyterLab keeps Enter from submitting a form inside a notebook.
        keydown: (event) => { if (event.key === "Enter") { event.preventDefault(); ask("asked"); } },
      } });
    input.value = field.value;
    return { input, row: el("div", { class: "lab-field" }, el("label", { for: input.id, text: field.label }), input) };
  });
  const values = () => Object.fromEntries(inputs.map(({ input }) => [input.name, input.value]));

  // One request at a time; what was typed meanwhile is asked for when the answer is there.
  let asking = "";
  let sent = "";
  let last = Date.now();
  const ask = (why) => {
    if (asking) return;
    asking = why;
    stale = false;
    last = Date.now();
    sent = JSON.stringify(values());
    if (why === "asked") {
      setDisabled(button, true);
      said.textContent = "Atualizando…";
    }
    model.send({ do: "refresh", values: values() });
  };
  const button = el("button", { type: "button", class: "lab-button", text: "Atualizar", on: { click: () => ask("asked") } });

  const draw = () => {
    const open = [...body.querySelectorAll("details")].map((one) => one.open);
    body.innerHTML = model.get("html"); // comes from labs/pictures, which escapes all data
    body.querySelectorAll("details").forEach((one, index) => { one.open = Boolean(open[index]); });
    body.querySelectorAll("iframe[data-page]").forEach((one) => { one.src = pageAt(one.dataset.page); });
    body.querySelectorAll("a[href$='.ipynb']").forEach((one) => one.setAttribute("href", lessonAt(one.getAttribute("href"))));
    const title = body.querySelector(".lab-drawing")?.getAttribute("aria-label");
    root.setAttribute("aria-label", title ? `Desenho: ${title}` : "Desenho");
    reach();
  };
  // A drawing wider than the card can be scrolled by keyboard, and only then takes part in the tab order.
  const reach = () => body.querySelectorAll(".lab-scroll").forEach((one) => {
    if (one.scrollWidth > one.clientWidth + 1) one.setAttribute("tabindex", "0");
    else one.removeAttribute("tabindex");
  });
  const onMessage = (message) => {
    if (message && message.look) { stale = true; look(); }
    if (!message || !message.drawn) return;
    const why = asking;
    asking = "";
    setDisabled(button, false);
    if (message.changed) said.textContent = why === "typed" ? message.said : `Atualizado. ${message.said}`;
    else if (why === "asked") said.textContent = "Atualizado: nada mudou.";
    if (why === "asked" && !message.changed) draw(); // pages inside the picture load again
    if (why && sent !== JSON.stringify(values())) ask("typed");
    else if (stale) look();
  };

  // After a step of this kernel a picture in view is drawn again, another once it comes into view. What was done in a
  // terminal is seen when the learner comes back to the window or to the picture.
  let visible = false;
  let stale = false;
  const look = () => {
    if (!visible || document.hidden || (!stale && Date.now() - last < REST)) return;
    ask("look");
  };
  const seen = new IntersectionObserver(([entry]) => { visible = entry.isIntersecting; look(); });
  const size = new ResizeObserver(reach);

  root.append(
    el("form", { class: "lab-form", on: { submit: (event) => { event.preventDefault(); ask("asked"); } } },
      ...inputs.map(({ row }) => row)),
    body,
    el("div", { class: "lab-buttons" }, button, said));
  model.on("change:html", draw);
  model.on("msg:custom", onMessage);
  window.addEventListener("focus", look);
  seen.observe(body);
  size.observe(body);
  draw();
  return () => {
    clearTimeout(wait);
    seen.disconnect();
    size.disconnect();
    window.removeEventListener("focus", look);
    model.off("change:html", draw);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
