// The bar above a lesson: how far one is, what time it takes, and where to go.

import { button } from "./button.js";
import { InClass } from "./class.js";
import { fetched } from "./lesson.js";
import { writeInTerminal } from "./terminal.js";

const PATIENCE_MS = 400;
const NOTES = "minhas-notas.md";
const FIRST_NOTE = "# Minhas notas\n\n";

export class LessonBar {
  /** @param {LabApp} app @param {LabTake} take @param {import("./lesson.js").Lesson} lesson @param {import("./presenting.js").Presenting} presenting */
  constructor(app, take, lesson, presenting) {
    this.app = app;
    this.lesson = lesson;
    this.node = document.createElement("nav");
    this.node.className = "lab-way";
    this.node.setAttribute("aria-label", "Andamento da aula");
    this.words = document.createElement("span");
    this.words.setAttribute("role", "status");
    this.continue = button("Onde parei", () => this.goOn());
    this.following = button("Próxima aula", () => this.open(this.next));
    this.next = "";
    this.where = "";
    const notes = button("Notas", () => openNotes(app));
    notes.title = `As suas notas (${NOTES}): o curso nunca escreve nesse arquivo`;
    const find = button("Buscar", () => openSearch(app));
    find.title = "Busca em todas as aulas, e o glossário";
    const code = button("Código", () =>
      code.setAttribute("aria-pressed", String(lesson.panel.node.classList.toggle("lab-with-code"))),
    );
    code.title = "Mostra ou esconde o Python das células da aula";
    code.setAttribute("aria-pressed", "false");
    const again = button("Refazer", () => writeInTerminal(app, `python3 -m labs reset ${lesson.id}`));
    again.title = "Desfaz esta aula: o comando aparece no terminal; aperte Enter lá, e ele lista o que sai e pergunta";
    const present = button("Apresentar", () => presenting.toggle());
    present.title = "Letras grandes para o projetor: Ctrl+Alt+P. Passo seguinte e anterior: Ctrl+Alt+↓ e Ctrl+Alt+↑";
    this.class = new InClass(app, () => this.refresh());
    this.node.append(this.words, this.continue, this.following, find, notes, code, again, present, this.class.help);
    this.waiting = 0;
    this.changes = new MutationObserver(() => this.soon());
    this.changes.observe(lesson.panel.node, { subtree: true, attributeFilter: ["data-state"] });
    this.seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && this.soon());
    this.seen.observe(this.node);
    this.add(take);
  }

  close() {
    this.changes.disconnect();
    this.seen.disconnect();
    clearTimeout(this.waiting);
    this.class.close();
  }

  /** @param {LabTake} take */
  async add(take) {
    const { Widget } = await take("@lumino/widgets");
    this.lesson.panel.contentHeader.addWidget(new Widget({ node: this.node }));
  }

  soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.refresh(), PATIENCE_MS);
  }

  async refresh() {
    const state = await fetched(this.app, `curso/estado?aula=${this.lesson.id}`);
    this.say(state.words ?? []);
    this.where = state.continue ?? "";
    this.next = state.next ?? "";
    this.continue.hidden = !this.where;
    this.following.hidden = !this.next;
    this.following.title = state.nextTitle ?? "";
    this.class.hear(state.class, this.lesson.panel.isVisible);
  }

  /** What has no room is left out whole, and stands in the title. @param {string[]} pieces */
  say(pieces) {
    const all = pieces.join("");
    if (this.words.title !== all) {
      this.words.title = all;
      this.words.replaceChildren(
        ...pieces.map((one) => Object.assign(document.createElement("span"), { textContent: one })),
      );
    }
  }

  goOn() {
    if (this.where === this.lesson.id) {
      this.lesson.goOn();
    } else {
      this.open(this.where);
    }
  }

  /** @param {string} lesson */
  open(lesson) {
    this.app.commands.execute("docmanager:open", { path: `notebooks/${lesson}.ipynb` });
  }
}

/** The learner's own notes beside the lesson; made where there are none. @param {LabApp} app */
async function openNotes(app) {
  const { contents } = app.serviceManager;
  try {
    await contents.get(NOTES, { content: false });
  } catch {
    await contents.save(NOTES, { type: "file", format: "text", content: FIRST_NOTE });
  }
  await app.commands.execute("docmanager:open", { path: NOTES, factory: "Editor", options: { mode: "split-right" } });
}

/**
 * The course's search, in a tab as the launcher opens it (jupyter-server-proxy).
 * @param {LabApp} app @param {string} where a place in it, where one is meant: an open tab goes there, too
 */
export async function openSearch(app, where = "") {
  const url = `${app.serviceManager.serverSettings.baseUrl}busca/${where}`;
  const place = { id: "server-proxy:busca", title: "Busca e glossário", url, newBrowserTab: false };
  const tab = await app.commands.execute("server-proxy:open", place);
  if (where) {
    tab.content.url = url;
  }
}
