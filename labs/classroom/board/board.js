// The instructor's board: reads the class every few seconds, and sends what is asked of the labs that are ticked.

const EVERY_MS = 3000;
const ticked = new Set();
let shownCertificates = "";

/** The hub wants it of every request that a script makes, of those that only read too. */
const mark = () => ({ "X-XSRFToken": document.body.dataset.xsrf ?? "" });

/** @param {string} path */
const asked = (path) => fetch(path, { cache: "no-store", headers: mark() });

/** @param {number} count @param {string} word */
const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);

/** @param {string} name @param {string} text */
function cell(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** @param {any} row */
const state = (row) => {
  if (!row.open) return "fora";
  if (!row.known) return "o laboratório não responde";
  if (row.help) return `● pediu ajuda há ${row.waiting} min`;
  if (!row.lesson) return "terminou";
  if (!row.last) return "ainda não começou";
  return row.stuck ? "parou aqui" : "segue";
};

/** @param {any} row */
function line(row) {
  const made = document.createElement("tr");
  made.className = row.help ? "help" : row.stuck ? "stuck" : "";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = ticked.has(row.name);
  box.setAttribute("aria-label", `Marcar ${row.name}`);
  box.addEventListener("change", () => (box.checked ? ticked.add(row.name) : ticked.delete(row.name)));
  const first = document.createElement("td");
  first.append(box);
  const name = cell("th", row.name);
  name.setAttribute("scope", "row");
  made.append(
    first,
    name,
    cell("td", row.known ? `${row.done} de ${row.total}` : ""),
    where(row),
    cell("td", row.known && row.last ? `${row.minutes} min` : ""),
    cell("td", row.tries ? String(row.tries) : ""),
    cell("td", state(row)),
  );
  return made;
}

/** The next step, and why it was not proven at the last try. @param {any} row */
function where(row) {
  const made = cell("td", row.lesson ? `aula ${row.lesson.slice(0, 2)}, ${row.title}` : "");
  if (row.tries && row.observed) made.append(cell("small", row.observed));
  return made;
}

/** @param {any[]} rows */
function summary(rows) {
  const open = rows.filter((row) => row.open).length;
  const help = rows.filter((row) => row.help).map((row) => row.name);
  const stuck = rows.filter((row) => row.stuck && !row.help).length;
  const calls = help.length > 0 ? ` Ajuda pedida por ${help.join(", ")}.` : "";
  const waiting = stuck > 0 ? `${counted(stuck, "pessoa")} sem avançar` : "todas avançam";
  return `${open} de ${rows.length} com o laboratório aberto; ${waiting}.${calls}`;
}

/** Who calls first, then who is stuck; the others by name. @param {any} one @param {any} other */
const byNeed = (one, other) =>
  Number(Boolean(other.help)) - Number(Boolean(one.help)) ||
  Number(Boolean(other.stuck)) - Number(Boolean(one.stuck)) ||
  one.name.localeCompare(other.name);

async function refresh() {
  try {
    const answer = await asked("linhas");
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const { rows, hardest } = await answer.json();
    const focused = document.activeElement?.getAttribute("aria-label");
    at("rows").replaceChildren(...rows.sort(byNeed).map(line));
    if (focused)
      at("rows")
        .querySelector(`[aria-label="${CSS.escape(focused)}"]`)
        ?.focus();
    const words = summary(rows);
    if (at("summary").textContent !== words) at("summary").textContent = words;
    const worst = hardest.map((/** @type {any} */ one) =>
      cell("li", `${one.step}: ${counted(one.learners, "pessoa")}, ${counted(one.tries, "tentativa")}`),
    );
    at("hardest").replaceChildren(...(worst.length > 0 ? worst : [cell("li", "Nenhum passo, por enquanto.")]));
  } catch (error) {
    at("summary").textContent = `O painel não conseguiu ler a turma (${error}). Ele tenta de novo sozinho.`;
  }
}

/** How far the certificates are. @param {any} state */
function proving({ now, left, rows }) {
  if (left + rows.length === 0) return "";
  const made = rows.filter((/** @type {any} */ row) => row.made).length;
  const none = rows.length - made;
  const told = `${made} com certificado, ${none} sem.`;
  if (left === 0) return `Certificados prontos: ${told}`;
  const busy = now.length > 0 ? `, agora os de ${now.join(", ")}` : "";
  return `Conferindo os certificados${busy}. Faltam ${left} de ${left + rows.length}; ${told}`;
}

/** @param {any} state */
function showCertificates(state) {
  const told = JSON.stringify(state);
  if (told === shownCertificates) return; // what somebody marks to copy stays marked
  shownCertificates = told;
  at("proving").textContent = proving(state);
  at("archive").hidden = state.rows.length === 0;
  const rows = state.rows.map((/** @type {any} */ row) =>
    cell("li", `${row.name}: ${row.made ? "certificado pronto" : row.why}`),
  );
  at("certificates").replaceChildren(...rows);
}

async function readCertificates() {
  try {
    const answer = await asked("certificados");
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    showCertificates(await answer.json());
  } catch (error) {
    shownCertificates = "";
    at("proving").textContent = `O painel não conseguiu ler os certificados (${error}). Ele tenta de novo sozinho.`;
  }
}

/** Who is ticked; nobody means everybody on the class's list, also who never came. */
async function certify() {
  const answer = await post("certificados", { names: [...ticked] });
  const refused = `O pedido foi recusado: HTTP ${answer.status}.`;
  at("said").textContent = answer.ok ? "Certificados pedidos." : refused;
  if (answer.ok) showCertificates(await answer.json());
}

/** @param {string} path @param {unknown} content */
function post(path, content) {
  const headers = { "Content-Type": "application/json", ...mark() };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(content) });
}

/** @param {Record<string, string>} order @param {string} doing @param {string} done */
async function send(order, doing, done) {
  const all = [...at("rows").querySelectorAll("th")].map((/** @type {any} */ one) => one.textContent);
  const names = ticked.size > 0 ? [...ticked] : all;
  at("said").textContent = `${doing} (${names.length}) …`;
  const answer = await post("pedido", { names, order });
  if (!answer.ok) {
    at("said").textContent = `O pedido foi recusado: HTTP ${answer.status}.`;
    return;
  }
  const wrong = Object.entries((await answer.json()).wrong);
  at("said").textContent =
    wrong.length > 0 ? wrong.map(([name, said]) => `${name}: ${said}`).join(" · ") : `${done} (${names.length}).`;
  if (order.message !== undefined && wrong.length === 0) at("message").value = "";
  refresh();
}

/** @param {string} verb @param {string} doing @param {string} done */
function overPlace(verb, doing, done) {
  const place = at("place").value.trim();
  if (!/^\d\d(\/[\w-]+)?$/.test(place)) {
    at("said").textContent = "Diga a aula, como 07, ou a aula e o passo, como 07/3.";
    at("place").focus();
    return;
  }
  const who = ticked.size > 0 ? counted(ticked.size, "pessoa") : "toda a turma";
  if (verb === "reset" && !confirm(`Desfazer a aula ${place.slice(0, 2)} de ${who}? O progresso nessa aula some.`))
    return;
  send({ [verb]: verb === "reset" ? place.slice(0, 2) : place }, doing, done);
}

at("send").addEventListener("click", () => send({ message: at("message").value }, "Enviando", "Recado enviado"));
at("prepare").addEventListener("click", () => overPlace("prepare", "Preparando", "Preparado"));
at("reset").addEventListener("click", () => overPlace("reset", "Desfazendo", "Desfeita"));
at("certify").addEventListener("click", certify);
at("table").href = `turma.csv?minutos=${-new Date().getTimezoneOffset()}`;
for (const read of [refresh, readCertificates]) {
  read();
  setInterval(read, EVERY_MS);
}
