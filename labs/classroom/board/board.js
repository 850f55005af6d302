// The instructor's board: reads the class every few seconds, and sends what is asked of the labs that are ticked.

const EVERY_MS = 3000;
const ticked = new Set();
/** The class as it was read last, in the table's order. @type {any[]} */
let people = [];
/** When that was. */
let readAt = "";
/** Orders that were sent and not answered yet. @type {Set<string>} */
const running = new Set();
const MOST_RUNNING = 3; // of a browser's six connections to one address: the table has to be read meanwhile
const MOST_NAMES = 10;
const MOST_SAID = 5;
const AWAY = "O hub não responde. Confira a rede; se ele parou: python3 -m labs class up";
const CLOSED = "o laboratório está fechado";
let shownCertificates = "";

/** The hub wants it of every request that a script makes, of those that only read too. */
const mark = () => ({ "X-XSRFToken": document.body.dataset.xsrf ?? "" });

/** The hub wants a login, and gives its page or refuses. */
class Ended extends Error {}

/** What the board answers to a path, or to what is posted there. Throws an Error that says in words why there is none.
 * @param {string} path @param {unknown} [content] */
async function answered(path, content) {
  const answer = await fetch(path, request(content)).catch(() => null);
  if (!answer) throw new Error(AWAY);
  const type = answer.headers.get("Content-Type") ?? "";
  if (answer.ok && type.startsWith("application/json")) return answer.json().catch(() => Promise.reject(Error(AWAY)));
  if (answer.ok || answer.redirected || answer.status === 403) throw new Ended("A sua sessão terminou.");
  if (type.startsWith("text/plain")) throw new Error(await answer.text().catch(() => AWAY));
  throw new Error(`O painel não responde (HTTP ${answer.status}). Se continuar: python3 -m labs class up`);
}

/** @param {unknown} content @returns {RequestInit} */
function request(content) {
  if (content === undefined) return { cache: "no-store", headers: mark() };
  const headers = { "Content-Type": "application/json", ...mark() };
  return { method: "POST", headers, body: JSON.stringify(content) };
}

/** What an error says; where the session ended, the way to a new one is shown too. @param {any} error */
function words(error) {
  if (error instanceof Ended) at("ended").hidden = false;
  return error.message;
}

/** A line of what was ordered, the newest first; its text may change. @param {string} text */
function say(text) {
  const made = cell("p", text);
  at("said").prepend(made);
  const old = [...at("said").children].filter((/** @type {any} */ one) => one.dataset.running === undefined);
  for (const one of old.slice(MOST_SAID)) one.remove();
  return made;
}

/** Up to ten names, and how many more. @param {string[]} names */
const named = (names) => {
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(", ")} e mais ${more}` : names.join(", ");
};

/** Names where they are few. @param {string[]} names */
const some = (names) => (names.length > MOST_NAMES ? counted(names.length, "pessoa") : names.join(", "));

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
  if (row.help) return `● pediu ajuda ${ago(row.waiting)}`;
  if (!row.lesson) return "terminou";
  if (!row.last) return "ainda não começou";
  return row.stuck ? "parou aqui" : "segue";
};

/** @param {number} minutes */
const ago = (minutes) => {
  if (minutes < 1) return "agora";
  if (minutes < 120) return `há ${minutes} min`;
  return minutes < 2880 ? `há ${Math.floor(minutes / 60)} h` : `há ${Math.floor(minutes / 1440)} dias`;
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
  at("meant").textContent = meantWords(meant());
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
  return told.filter(Boolean).join("; ") || (open.some((row) => row.last) && !open.some(calls) ? "todas avançam" : "");
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
    show(await answered("linhas"));
    readAt = clock(new Date());
    at("ended").hidden = true;
  } catch (error) {
    const since = readAt ? ` A tabela é a das ${readAt}.` : "";
    at("summary").textContent = `O painel não conseguiu ler a turma, e tenta de novo sozinho.${since} ${words(error)}`;
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
    cell("li", `${row.name}: ${[...(row.made ? ["certificado pronto"] : []), row.why].filter(Boolean).join("; ")}`),
  );
  at("certificates").replaceChildren(...rows);
}

async function readCertificates() {
  try {
    showCertificates(await answered("certificados"));
  } catch (error) {
    shownCertificates = "";
    at("proving").textContent = `O painel não conseguiu ler os certificados, e tenta de novo sozinho. ${words(error)}`;
  }
}

/** Who is ticked; nobody means everybody on the class's list, also who never came. */
async function certify() {
  const names = [...ticked];
  const whole = `Pedir o certificado de toda a turma? Cada laboratório pode levar um minuto ou mais, dois por vez.`;
  if (names.length === 0 && !confirm(whole)) return;
  const told = say("Pedindo os certificados …");
  try {
    showCertificates(await answered("certificados", { names }));
    told.textContent = `Certificados pedidos: ${names.length > 0 ? some(names) : "toda a turma"}.`;
  } catch (error) {
    told.textContent = `O painel não confirmou o pedido dos certificados. ${words(error)}`;
  }
}

/** For whom an order is: who is ticked, or all. `there`: their labs are open; `out`: why the others get none. */
function meant() {
  const all = people
    .filter((row) => ticked.size === 0 || ticked.has(row.name))
    .sort((one, other) => one.name.localeCompare(other.name));
  const out = all.filter((row) => !row.open);
  return {
    there: all.filter((row) => row.open).map((row) => row.name),
    out: new Map(out.map((row) => [row.name, row.starting ? "o laboratório ainda inicia" : CLOSED])),
  };
}

/** @param {{there: string[], out: Map<string, string>}} whom */
function meantWords({ there, out }) {
  if (people.length === 0) return "";
  const left = out.size > 0 ? ` Fora: ${named([...out.keys()])}. Quem não tem o laboratório aberto não recebe.` : "";
  return `${there.length > 0 ? `Para ${some(there)}.` : "Para ninguém: não há laboratório aberto."}${left}`;
}

/** How an order is told: while it runs, to whom it came, and to whom it did not.
 * @typedef {{doing: string, done: string, missed: string}} Telling */

/** Whether somebody got it. @param {Record<string, string>} order @param {Telling} telling */
async function send(order, telling, whom = meant()) {
  const key = JSON.stringify([order, whom.there]);
  const refused = whyNot(whom, key);
  if (refused) {
    say(refused);
    return false;
  }
  const doing = `${telling.doing} ${some(whom.there)}`;
  const told = say(`${doing}, desde ${clock(new Date())} … A tabela segue ao vivo.`);
  told.dataset.running = "";
  running.add(key);
  try {
    const { wrong } = await answered("pedido", { names: whom.there, order });
    told.textContent = result(telling, whom, wrong);
    return whom.there.some((name) => !(name in wrong));
  } catch (error) {
    told.textContent = `${doing}: o painel não confirmou. ${words(error)}`;
    return false;
  } finally {
    running.delete(key);
    delete told.dataset.running;
    refresh();
  }
}

/** Why an order is not sent, or "". @param {{there: string[], out: Map<string, string>}} whom @param {string} key */
function whyNot({ there, out }, key) {
  if (there.length === 0) {
    const who = out.size > 0 ? ` Fora: ${[...out.keys()].join(", ")}.` : "";
    return `Nada foi enviado: ninguém tem o laboratório aberto.${who}`;
  }
  if (running.has(key)) return "Isso já está em andamento, para as mesmas pessoas.";
  return running.size < MOST_RUNNING ? "" : `Há ${MOST_RUNNING} pedidos em andamento: espere um deles terminar.`;
}

/** Who got it, and who did not and why. @param {Telling} telling
 * @param {{there: string[], out: Map<string, string>}} whom @param {Record<string, string>} wrong */
function result(telling, { there, out }, wrong) {
  const reached = there.filter((name) => !(name in wrong));
  /** @type {Map<string, string[]>} */
  const missed = new Map();
  for (const [name, said] of [...Object.entries(wrong), ...out]) {
    const why = said.trim().replace(/\.$/, "");
    missed.set(why, [...(missed.get(why) ?? []), name]);
  }
  const told = reached.length > 0 ? [`${telling.done} ${some(reached)}.`] : [];
  for (const [why, names] of missed) told.push(`${telling.missed} ${names.join(", ")}: ${why}.`);
  return told.join(" ");
}

async function sendMessage() {
  const text = at("message").value.trim();
  if (!text) return refuse("message", "Escreva o recado. O último sai da barra das pessoas com Retirar o recado.");
  const telling = { doing: "Enviando o recado a", done: "Recado enviado a", missed: "Não chegou a" };
  if ((await send({ message: text }, telling)) && at("message").value.trim() === text) at("message").value = "";
}

const takeBack = () =>
  send({ message: "" }, { doing: "Retirando o recado de", done: "Recado retirado de", missed: "Não saiu de" });

/** The calls for help of who is ticked, or all of them, are answered. */
function helped() {
  const called = new Set(people.filter(calls).map((row) => row.name));
  const there = meant().there.filter((name) => called.has(name));
  if (there.length === 0) return say("Nenhum pedido de ajuda aberto, entre quem está marcado.");
  const telling = { doing: "Fechando o pedido de ajuda de", done: "Ajuda dada a", missed: "Não para" };
  return send({ helped: "" }, telling, { there, out: new Map() });
}

/** @param {string} id @param {string} text */
function refuse(id, text) {
  say(text);
  at(id).focus();
}

/** The lesson or step that was typed; "" where it is none, which is told. */
function place() {
  const typed = at("place").value.trim();
  if (/^\d\d(\/[\w-]+)?$/.test(typed)) return typed;
  refuse("place", "Diga a aula, como 07, ou a aula e o passo, como 07/3.");
  return "";
}

function prepare() {
  const where = place();
  if (!where) return;
  const until = `até ${where} para`;
  send({ prepare: where }, { doing: `Preparando ${until}`, done: `Preparado ${until}`, missed: "Não para" });
}

function reset() {
  const lesson = place().slice(0, 2);
  if (!lesson) return;
  const { there } = meant();
  const lost = "Nesses laboratórios somem o que a aula criou, o progresso e as respostas dela.";
  if (there.length > 0 && !confirm(`Desfazer a aula ${lesson} de ${named(there)}?\n\n${lost} Não há volta.`)) return;
  const done = `Aula ${lesson} desfeita para`;
  send({ reset: lesson }, { doing: `Desfazendo a aula ${lesson} de`, done, missed: "Não para" });
}

/** Read now, and again some seconds after each answer. @param {() => Promise<void>} read */
async function keep(read) {
  await read();
  setTimeout(() => keep(read), EVERY_MS);
}

at("send").addEventListener("click", sendMessage);
at("back").addEventListener("click", takeBack);
at("helped").addEventListener("click", helped);
at("prepare").addEventListener("click", prepare);
at("reset").addEventListener("click", reset);
at("certify").addEventListener("click", certify);
at("all").addEventListener("change", tickAll);
at("table").href = `turma.csv?minutos=${-new Date().getTimezoneOffset()}`;
keep(refresh);
keep(readCertificates);
