// In a class: the learner calls for help, and what the instructor says appears.

import { button } from "./button.js";
import { sent } from "./lesson.js";

const ASKED_MS = 10_000;
let heard = "";

export class InClass {
  /** @param {LabApp} app @param {() => Promise<void>} ask asks the server again */
  constructor(app, ask) {
    this.app = app;
    this.ask = ask;
    this.asking = 0;
    this.help = button("Pedir ajuda", () => this.call());
    this.help.title = "Avisa quem dá a aula, que vê passos e vereditos de cada pessoa, e nunca o que se digita";
    this.help.hidden = true;
  }

  close() {
    clearInterval(this.asking);
  }

  /** @param {LabClass | undefined} told what the server said; nothing where there is no class @param {boolean} inView */
  hear(told, inView) {
    if (!told) {
      return;
    }
    this.help.hidden = false;
    this.help.setAttribute("aria-pressed", String(told.help));
    this.help.textContent = told.help ? "Ajuda pedida" : "Pedir ajuda";
    if (told.message && inView && heard !== told.at) {
      heard = told.at;
      const options = { autoClose: false };
      this.app.commands.execute("apputils:notify", {
        message: `Recado da aula: ${told.message}`,
        type: "info",
        options,
      });
    }
    if (!this.asking) {
      this.asking = setInterval(() => this.ask(), ASKED_MS);
    }
  }

  async call() {
    await sent(this.app, "turma/ajuda", { wanted: this.help.getAttribute("aria-pressed") !== "true" });
    await this.ask();
  }
}
