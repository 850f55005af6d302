// A picture with a refresh button and, for some, inputs (labs/widgets/picture.py).

function render({ model, el: host }) {
  const key = model.get("key");
  const root = frame(model, host, "Desenho");
  const body = el("div", { class: "lab-picture" });
  const said = el("span", { class: "lab-said", role: "status", "aria-live": "polite" });
  const inputs = model.get("fields").map((field) => {
    const input = el("input", { type: "text", id: `${key}-${field.name}`, name: field.name, class: "lab-input",
      autocomplete: "off", spellcheck: "false", autocapitalize: "off",
      // JupyterLab keeps Enter from submitting a form inside a notebook.
      on: { keydown: (event) => { if (event.key === "Enter") ask(event); } } });
    input.value = field.value;
    return { input, row: el("div", { class: "lab-field" }, el("label", { for: input.id, text: field.label }), input) };
  });
  let asked = false;
  const ask = (event) => {
    event.preventDefault();
    if (asked) return;
    asked = true;
    setDisabled(button, true);
    said.textContent = "Atualizando…";
    model.send({ do: "refresh", values: Object.fromEntries(inputs.map(({ input }) => [input.name, input.value])) });
  };
  const button = el("button", { type: "submit", class: "lab-button", text: "Atualizar" });
  // `html` comes from labs/pictures.py, which escapes all data.
  const draw = () => { body.innerHTML = model.get("html"); };
  const onMessage = (message) => {
    if (!message || !message.drawn) return;
    asked = false;
    setDisabled(button, false);
    said.textContent = message.changed ? "Atualizado." : "Atualizado: nada mudou.";
    if (!message.changed) draw(); // pages inside the picture load again
  };
  root.append(
    el("form", { class: "lab-form", on: { submit: ask } }, ...inputs.map(({ row }) => row),
      el("div", { class: "lab-buttons" }, button, said)),
    body);
  model.on("change:html", draw);
  model.on("msg:custom", onMessage);
  draw();
  return () => { model.off("change:html", draw); model.off("msg:custom", onMessage); };
}

export default { render };
