// The instructor's board: reads the class every few seconds, and sends what is asked of the labs that are ticked.

const EVERY_MS = 3000;
const ticked = new Set();
/** The class as it was read last, in the table's order. @type {any[]} */
let people = [];
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

/** A lab that is closed is remembered with the call that was open. @param {any} row */
const calls = (row) => Boolean(row.open && row.help);

/** @param {any} row */
const state = (row) => {
  if (row.starting) return "iniciando";
  if (!row.open) return "fora";
  if (!row.known) return "o laboratório não responde";
  if (row.help) return `● pediu ajuda há ${ago(row.waiting)}`;
  if (!row.lesson) return "terminou";
  if (!row.last) return "ainda não começou";
  return row.stuck ? "parou aqui" : "segue";
};

/** @param {number} minutes */
const ago = (minutes) => {
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} dias`;
};

/** @param {Date} time */
const clock = (time) => time.toLocaleTimeString("pt-BR", { hour: "2-digit", minute: "2-digit" });

/** When what is shown was so. @param {string} seen */
function seenAt(seen) {
  const time = new Date(seen);
  const day = time.toDateString() === new Date().toDateString() ? "" : `em ${time.toLocaleDateString("pt-BR")} `;
  return `visto ${day}às ${clock(time)}`;
}

/** @param {any} row */
function situation(row) {
  const made = cell("td", state(row));
  if (row.seen && !row.known) made.append(cell("small", seenAt(row.seen)));
  return made;
}

/** @param {any} row */
function tick(row) {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = ticked.has(row.name);
  box.setAttribute("aria-label", `Marcar ${row.name}`);
  box.addEventListener("change", () => {
    box.checked ? ticked.add(row.name) : ticked.delete(row.name);
    showTicks();
  });
  const made = document.createElement("td");
  made.append(box);
  return made;
}

/** @param {any} row */
function line(row) {
  const made = document.createElement("tr");
  made.className = calls(row) ? "help" : row.stuck ? "stuck" : row.known ? "" : "past";
  const name = cell("th", row.name);
  name.setAttribute("scope", "row");
  made.append(
    tick(row),
    name,
    cell("td", row.total ? `${row.done} de ${row.total}` : ""),
    where(row),
    cell("td", row.last ? ago(row.minutes) : ""),
    cell("td", row.tries ? String(row.tries) : ""),
    situation(row),
  );
  return made;
}

/** The box of the table's head: whether all are ticked, or some. */
function showTicks() {
  at("all").checked = people.length > 0 && ticked.size === people.length;
  at("all").indeterminate = ticked.size > 0 && ticked.size < people.length;
}

function tickAll() {
  for (const { name } of people) at("all").checked ? ticked.add(name) : ticked.delete(name);
  for (const box of at("rows").querySelectorAll("input")) box.checked = at("all").checked;
  showTicks();
}

/** The next step, and why it was not proven at the last try. @param {any} row */
function where(row) {
  const made = cell("td", row.lesson ? `aula ${row.lesson.slice(0, 2)}, ${row.title}` : "");
  if (row.tries && row.observed) made.append(cell("small", row.observed));
  return made;
}

/** @param {any[]} rows */
function summary(rows) {
  const open = rows.filter((row) => row.open);
  const starting = rows.filter((row) => row.starting).length;
  const help = open.filter(calls).map((row) => row.name);
  const told = [
    open.length > 0 ? `${open.length} de ${rows.length} com o laboratório aberto` : "",
    starting > 0 ? `${starting} iniciando` : "",
    going(open),
  ];
  const there = told.filter(Boolean).join("; ") || "Ninguém está com o laboratório aberto";
  return `${there}.${help.length > 0 ? ` Ajuda pedida por ${help.join(", ")}.` : ""}`;
}

/** Of those who are there: how many do not get on, or that all do, where each one's lab says so. @param {any[]} open */
function going(open) {
  const silent = open.filter((row) => !row.known).length;
  const stuck = open.filter((row) => row.stuck && !row.help).length;
  const told = [
    silent > 0 ? `${counted(silent, "laboratório")} sem responder` : "",
    stuck > 0 ? `${counted(stuck, "pessoa")} sem avançar` : "",
  ];
  return told.filter(Boolean).join("; ") || (open.length > 0 && !open.some(calls) ? "todas avançam" : "");
}

/** Who calls first, then who is stuck; the others by name. @param {any} one @param {any} other */
const byNeed = (one, other) =>
  Number(calls(other)) - Number(calls(one)) ||
  Number(Boolean(other.stuck)) - Number(Boolean(one.stuck)) ||
  one.name.localeCompare(other.name);

/** What was read of the class. @param {any} state */
function show({ rows, hardest }) {
  people = rows.sort(byNeed);
  const left = [...ticked].filter((name) => !people.some((row) => row.name === name));
  for (const name of left) ticked.delete(name);
  const focused = at("rows").contains(document.activeElement) && document.activeElement?.getAttribute("aria-label");
  at("rows").replaceChildren(...people.map(line));
  if (focused)
    at("rows")
      .querySelector(`[aria-label="${CSS.escape(focused)}"]`)
      ?.focus();
  showTicks();
  const words = summary(rows);
  if (at("summary").textContent !== words) at("summary").textContent = words;
  const worst = hardest.map((/** @type {any} */ one) =>
    cell("li", `${one.step}: ${counted(one.learners, "pessoa")}, ${counted(one.tries, "tentativa")}`),
  );
  at("hardest").replaceChildren(...(worst.length > 0 ? worst : [cell("li", "Nenhum passo, por enquanto.")]));
}

async function refresh() {
  try {
    const answer = await asked("linhas");
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    show(await answer.json());
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
at("all").addEventListener("change", tickAll);
at("table").href = `turma.csv?minutos=${-new Date().getTimezoneOffset()}`;
for (const read of [refresh, readCertificates]) {
  read();
  setInterval(read, EVERY_MS);
}
