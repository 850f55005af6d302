// All questions of a lesson (labs/widgets/quiz.py). Nothing here waits for Python, which only keeps the answers.

/** One question: a wrong answer is explained and may be tried again; the right one explains all the others too. */
const questionBlock = (question, number, key, tried, choose) => {
  const { options } = question;
  const said = el("div", { class: "lab-because", role: "status", "aria-live": "polite" });
  const explain = (option) => el("p", { class: option.right ? "lab-good" : "lab-bad" },
    el("strong", { text: option.right ? "✓ Certa: " : "✗ Errada: " }), el("q", {}, ...prose(option.text)), ". ",
    ...prose(option.because));
  const show = (index) => {
    const chosen = options[index];
    const others = chosen.right ? options.filter((option) => option !== chosen) : [];
    said.replaceChildren(explain(chosen), ...others.map(explain));
    if (!chosen.right) said.append(el("p", { text: "Tente outra." }));
  };
  const rows = options.map((option, index) => {
    const input = el("input", { type: "radio", name: `${key}-q${number}`, id: `${key}-q${number}o${index}`, class: "lab-radio",
      on: { change: () => { show(index); choose(index); } } });
    input.checked = tried.at(-1) === index;
    return el("div", { class: "lab-option" }, input, el("label", { for: input.id }, ...prose(option.text)));
  });
  if (tried.length) show(tried.at(-1));
  return el("fieldset", { class: "lab-question" },
    el("legend", {}, `${number}. `, ...prose(question.question)), ...rows, said);
};

function render({ model, el: host }) {
  const key = `${model.get("key")}-${Math.random().toString(36).slice(2)}`; // two views must not share radio groups
  const questions = model.get("questions");
  const root = frame(model, host, "Quiz");
  const score = el("p", { class: "lab-score", role: "status", "aria-live": "polite" });
  const notice = el("p", { class: "lab-bad", role: "alert" });
  const drawScore = () => {
    const tries = model.get("tries");
    const right = (index) => tries[index].some((option) => questions[index].options[option].right);
    const first = (index) => tries[index].length > 0 && questions[index].options[tries[index][0]].right;
    const count = (test) => questions.filter((_, index) => test(index)).length;
    score.textContent = `Acertos: ${count(right)} de ${questions.length}; de primeira: ${count(first)}.`;
  };
  const choose = (index, option) => {
    model.set("tries", model.get("tries").map((old, other) => (other === index ? [...old, option] : old)));
    model.save_changes();
    drawScore();
  };
  root.append(el("h4", { class: "lab-title", text: "Quiz" }),
    ...questions.map((question, index) =>
      questionBlock(question, index + 1, key, model.get("tries")[index], (option) => choose(index, option))),
    score, notice);
  drawScore();
  const drawNotice = () => { notice.textContent = model.get("notice"); };
  model.on("change:notice", drawNotice);
  drawNotice();
  return () => model.off("change:notice", drawNotice);
}

export default { render };
