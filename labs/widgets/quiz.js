// @ts-check
// All questions of a lesson (labs/widgets/quiz.py). Nothing here waits for Python, which only keeps the answers.

/** @param {Option} option */
const explanation = (option) =>
  el(
    "p",
    { class: option.right ? "lab-good" : "lab-bad" },
    el("strong", { text: option.right ? "✓ Certa: " : "✗ Errada: " }),
    el("q", {}, ...optionText(option.text.replace(/\.$/, ""))),
    ". ",
    ...prose(option.because),
  );

/**
 * One question: a wrong answer is explained and may be tried again; the right one explains all the others too.
 * @param {Question} question
 * @param {number} number
 * @param {string} key
 * @param {number[]} tried
 * @param {(option: number) => void} choose
 */
const questionBlock = (question, number, key, tried, choose) => {
  const { options } = question;
  const said = el("div", { class: "lab-because", role: "status", "aria-live": "polite" });
  /** @param {number} index */
  const show = (index) => {
    const chosen = options[index];
    const others = chosen.right ? options.filter((option) => option !== chosen) : [];
    said.replaceChildren(explanation(chosen), ...others.map(explanation));
    if (!chosen.right) said.append(el("p", { text: "Tente outra." }));
  };
  const last = tried.at(-1);
  const rows = options.map((option, index) => {
    const change = () => {
      show(index);
      choose(index);
    };
    const name = `${key}-q${number}`;
    const input = el("input", { type: "radio", name, id: `${name}o${index}`, class: "lab-radio", on: { change } });
    input.checked = last === index;
    return el("div", { class: "lab-option" }, input, el("label", { for: input.id }, ...optionText(option.text)));
  });
  if (last !== undefined) show(last);
  const legend = el("legend", {}, `${number}. `, ...prose(question.question));
  return el("fieldset", { class: "lab-question", on: { keydown: throughOptions } }, legend, ...rows, said);
};

/**
 * How many questions were answered, and how many at the first try.
 * @param {Question[]} questions
 * @param {number[][]} tries
 */
const scoreOf = (questions, tries) => {
  /** @param {number} index @param {number[]} chosen */
  const isRight = (index, chosen) => chosen.some((option) => questions[index].options[option].right);
  const right = tries.filter((chosen, index) => isRight(index, chosen)).length;
  const first = tries.filter((chosen, index) => isRight(index, chosen.slice(0, 1))).length;
  return `Acertos: ${right} de ${questions.length}; de primeira: ${first}.`;
};

/** @param {Context<QuizTraits>} context */
function render({ model, el: host }) {
  const key = `${model.get("key")}-${Math.random().toString(36).slice(2)}`; // two views must not share radio groups
  const questions = model.get("questions");
  const root = frame(model, host, "Quiz");
  const score = el("p", { class: "lab-score", role: "status", "aria-live": "polite" });
  const notice = el("p", { class: "lab-bad", role: "alert" });
  const drawScore = () => {
    score.textContent = scoreOf(questions, model.get("tries"));
  };
  const drawNotice = () => {
    notice.textContent = model.get("notice");
  };
  /** @param {number} index @param {number} option */
  const choose = (index, option) => {
    const tries = model.get("tries");
    model.set(
      "tries",
      tries.map((old, other) => (other === index ? [...old, option] : old)),
    );
    model.save_changes();
    drawScore();
  };
  const blocks = questions.map((question, index) =>
    questionBlock(question, index + 1, key, model.get("tries")[index], (option) => choose(index, option)),
  );
  root.append(el("h4", { class: "lab-title", text: "Quiz" }), ...blocks, score, notice);
  drawScore();
  model.on("change:notice", drawNotice);
  drawNotice();
  return () => model.off("change:notice", drawNotice);
}

export default { render };
