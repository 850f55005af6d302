// In a class: the learner calls for help, and what the instructor says appears.

import { button } from "./button.js";
import { sent } from "./lesson.js";

const ASKED_MS = 10_000;
let heard = "";
/** The notice that shows the message, in whichever lesson it came. @type {string} */
let shown = "";

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
    if (inView && heard !== told.at) {
      heard = told.at;
      this.notify(told.message);
    }
    if (!this.asking) {
      this.asking = setInterval(() => this.ask(), ASKED_MS);
    }
  }

  /** The message in the place of the one before, which goes; none where it was taken back. @param {string} message */
  async notify(message) {
    const { commands } = this.app;
    if (shown) {
      await commands.execute("apputils:dismiss-notification", { id: shown });
    }
    const asked = { message: `Recado da aula: ${message}`, type: "info", options: { autoClose: false } };
    shown = message ? await commands.execute("apputils:notify", asked) : "";
  }

  async call() {
    await sent(this.app, "turma/ajuda", { wanted: this.help.getAttribute("aria-pressed") !== "true" });
    await this.ask();
  }
}
