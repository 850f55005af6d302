// The diagnosis of a case (labs/widgets/drill.py). The browser answers at once; Python keeps the try.

const UNHEARD = "Esta resposta não foi guardada: o kernel não respondeu. Rode a célula de novo e responda outra vez.";

function render({ model, el: host }) {
  const key = `${model.get("key")}-${Math.random().toString(36).slice(2)}`; // two views must not share a radio group
  const { question, options } = model.get("question");
  const root = frame(model, host, "Diagnóstico");
  const said = el("div", { class: "lab-because", role: "status", "aria-live": "polite" });
  const count = el("p", { class: "lab-score" });

  const explain = (option, words) => el("p", { class: option.right ? "lab-good" : "lab-bad" },
    el("strong", { text: option.right ? "✓ Certo: " : words }), el("q", {}, ...prose(option.text)), ". ",
    ...prose(option.because));
  const show = (index) => {
    const chosen = options[index];
    const others = chosen.right ? options.filter((option) => option !== chosen) : [];
    said.replaceChildren(explain(chosen, "✗ Ainda não: "), ...others.map((option) => explain(option, "✗ Não era: ")));
    if (!chosen.right) said.append(el("p", { text: "Releia a mensagem e tente outra." }));
    root.dataset.state = chosen.right ? "passed" : "failed";
  };
  const choose = (index) => {
    const before = model.get("tries").length;
    show(index);
    // Before the message: without a kernel, sending it fails.
    setTimeout(() => { if (model.get("tries").length === before) count.textContent = UNHEARD; }, 4000);
    model.send({ choose: index });
  };
  const inputs = options.map((option, index) => el("input", {
    type: "radio", name: key, id: `${key}-${index}`, class: "lab-radio",
    on: { change: () => choose(index) },
  }));
  const draw = () => {
    const tries = model.get("tries");
    if (!tries.length) return;
    const last = tries[tries.length - 1];
    inputs[last].checked = true;
    show(last);
    count.textContent = tries.length === 1 ? "1 tentativa." : `${tries.length} tentativas.`;
  };

  root.append(el("fieldset", { class: "lab-question" }, el("legend", {}, "Diagnóstico. ", ...prose(question)),
    ...options.map((option, index) => el("div", { class: "lab-option" }, inputs[index],
      el("label", { for: `${key}-${index}` }, ...prose(option.text)))), said, count));
  draw();
  model.on("change:tries", draw);
  return () => model.off("change:tries", draw);
}

export default { render };
