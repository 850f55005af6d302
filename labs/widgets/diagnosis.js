// @ts-check
// The diagnosis of a case (labs/widgets/diagnosis.py). The browser answers at once; Python keeps the try.

const UNHEARD =
  "Esta resposta não foi guardada: o kernel não respondeu. Feche a aula, abra de novo e responda outra vez.";
const PATIENCE = 4000; // ms without an answer after which we say so

/** @param {Option} option @param {string} wrong what a wrong one is called */
const explanation = (option, wrong) =>
  el(
    "p",
    { class: option.right ? "lab-good" : "lab-bad" },
    el("strong", { text: option.right ? "✓ Certo: " : wrong }),
    el("q", {}, ...optionText(option.text)),
    ". ",
    ...prose(option.because),
  );

/**
 * What is said once an option is chosen; the right one explains all the others too.
 * @param {Option[]} options
 * @param {Option} chosen
 */
const explanations = (options, chosen) => {
  const others = chosen.right ? options.filter((option) => option !== chosen) : [];
  return [
    explanation(chosen, "✗ Ainda não: "),
    ...others.map((option) => explanation(option, "✗ Não era: ")),
    ...(chosen.right ? [] : [el("p", { text: "Releia a mensagem e tente outra." })]),
  ];
};

/**
 * The question with its options.
 * @param {Question} question
 * @param {HTMLInputElement[]} inputs
 * @param {HTMLElement[]} below
 */
const questionBlock = ({ question, options }, inputs, below) => {
  const rows = options.map((option, index) =>
    el(
      "div",
      { class: "lab-option" },
      inputs[index],
      el("label", { for: inputs[index].id }, ...optionText(option.text)),
    ),
  );
  const legend = el("legend", {}, "Diagnóstico. ", ...prose(question));
  return el("fieldset", { class: "lab-question", on: { keydown: throughOptions } }, legend, ...rows, ...below);
};

/** @param {Context<DiagnosisTraits>} context */
function render({ model, el: host }) {
  const name = `${model.get("key")}-${Math.random().toString(36).slice(2)}`; // two views must not share a radio group
  const question = model.get("question");
  const root = frame(model, host, "Diagnóstico");
  const said = el("div", { class: "lab-because", role: "status", "aria-live": "polite" });
  const count = el("p", { class: "lab-score" });

  /** @param {number} index */
  const show = (index) => {
    const chosen = question.options[index];
    said.replaceChildren(...explanations(question.options, chosen));
    root.dataset.state = chosen.right ? "passed" : "failed";
  };
  /** @param {number} index */
  const choose = (index) => {
    const before = model.get("tries").length;
    show(index);
    setTimeout(() => {
      if (model.get("tries").length === before) count.textContent = UNHEARD;
    }, PATIENCE);
    sendTo(model, { choose: index });
  };
  const inputs = question.options.map((_, index) => {
    const change = () => choose(index);
    return el("input", { type: "radio", name, id: `${name}-${index}`, class: "lab-radio", on: { change } });
  });
  const draw = () => {
    const tries = model.get("tries");
    const last = tries.at(-1);
    if (last === undefined) return;
    inputs[last].checked = true;
    show(last);
    count.textContent = tries.length === 1 ? "1 tentativa." : `${tries.length} tentativas.`;
  };

  root.append(questionBlock(question, inputs, [said, count]));
  draw();
  model.on("change:tries", draw);
  return () => model.off("change:tries", draw);
}

export default { render };
