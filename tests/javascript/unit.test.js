// What the cards' scripts compute, without a browser: text into nodes, parts of a command, scores.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { throughJupyter } from "../../labs/jupyter/lab_extension/static/addresses.js";
import { isLesson, isOwn } from "../../labs/jupyter/lab_extension/static/lesson.js";
import { isPreparing } from "../../labs/jupyter/lab_extension/static/terminal.js";
import { finder, firstUses, longestFirst } from "../../labs/jupyter/lab_extension/static/terms.js";

/** As much of a document as the helpers use; a node shows what it would be in HTML. */
class FakeNode {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, children: [], handlers: {} });
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  addEventListener(name, handler) {
    this.handlers[name] = handler;
  }
  append(...children) {
    this.children.push(...children);
  }
  querySelectorAll() {
    return []; // what is inside HTML that was set as text is not read
  }
  toString() {
    const attributes = Object.entries(this.attributes).map(([name, value]) => ` ${name}="${value}"`);
    return `<${this.tag}${attributes.join("")}>${this.textContent ?? this.children.join("")}</${this.tag}>`;
  }
}
globalThis.document = { createElement: (tag) => new FakeNode(tag), createTextNode: String };

/** Names of a card's module, which holds the helpers as well (labs/widgets/card.py). */
const load = (card, ...names) => {
  const [common, own] = ["common.js", card].map((name) =>
    readFileSync(new URL(`../../labs/widgets/${name}`, import.meta.url), "utf-8"),
  );
  const source = `const STYLE = "", PORTS = [3000, 4566];\n${common}\n${own}\nexport { ${names.join(", ")} };`;
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
};
const { el, prose, withLinks, wholeWords, optionText, paragraph, isForJupyter, piecesOf, drawnRow } = await load(
  "action.js",
  ...["el", "prose", "withLinks", "wholeWords", "optionText", "paragraph", "isForJupyter", "piecesOf", "drawnRow"],
);
const { scoreOf } = await load("quiz.js", "scoreOf");
const { explanations } = await load("diagnosis.js", "explanations");
const { pageAt, lessonAt } = await load("picture.js", "pageAt", "lessonAt");

const link = (address) => `<a href="${address}" target="_blank" rel="noopener noreferrer">${address}</a>`;

test("an address is a link where somebody answers, and the port that an app says is its container's", () => {
  const said = "app em http://127.0.0.1:3333/ e http://0.0.0.0:3333, página http://127.0.0.1:3000/x, http://a.b:3333";
  assert.equal(
    withLinks(said).join(""),
    said
      .replace(/http:\S+3000\/x/, link("http://127.0.0.1:3000/x"))
      .replace("http://a.b:3333", link("http://a.b:3333")),
  );
});

test("an element leaves out what is null, undefined or false", () => {
  const attributes = { class: "x", id: null, title: undefined, hidden: false, open: true, tabindex: 0 };
  assert.equal(
    String(el("p", attributes, "a", null, undefined, el("b"))),
    '<p class="x" open="" tabindex="0">a<b></b></p>',
  );
});

test("an element hears its events, and its text is no markup", () => {
  const click = () => {};
  const node = el("button", { text: "<b>", on: { click } });
  assert.equal(node.handlers.click, click);
  assert.equal(node.textContent, "<b>");
  assert.deepEqual(node.attributes, {});
});

for (const [text, shown] of [
  ["sem nada", "sem nada"],
  ["", ""],
  ["rode `docker ps`.", "rode <code>docker ps</code>."],
  ["isto **importa** muito", "isto <strong>importa</strong> muito"],
  ["`a **b** http://x.y`", "<code>a **b** http://x.y</code>"],
  ["um ` só", "um ` só"],
  ["<img src=x>", "<img src=x>"],
  ["**http://x.y**", "<strong>http://x.y</strong>"],
]) {
  test(`prose: ${text}`, () => {
    assert.equal(prose(text).join(""), shown);
  });
}

test("prose takes what is no text", () => {
  assert.equal(prose(42).join(""), "42");
});

for (const [text, shown] of [
  ["abra http://127.0.0.1:3000/.", `abra ${link("http://127.0.0.1:3000/")}.`],
  ["https://a.b/c?d=e, e (http://f.g)", `${link("https://a.b/c?d=e")}, e (${link("http://f.g")})`],
  ['<a href="http://a.b">', `<a href="${link("http://a.b")}">`],
  ["ftp://a.b javascript:alert(1)", "ftp://a.b javascript:alert(1)"],
]) {
  test(`links: ${text}`, () => {
    assert.equal(withLinks(text).join(""), shown);
  });
}

const whole = (word) => `<span class="lab-whole">${word}</span>`;

test("a word with a dash stays on one line, but for one that no line may have room for", () => {
  const long = `--${"x".repeat(80)}`;
  const name = `${"1".repeat(40)}.amazonaws.com/widget-server:v1`;
  assert.equal(
    wholeWords(`aws x --user-name a  -t widget-server:v1 . ${long}`).join(""),
    `aws x ${whole("--user-name")} a  ${whole("-t")} ${whole("widget-server:v1")} . ${long}`,
  );
  assert.equal(wholeWords(name).join(""), `<span class="lab-long">${name}</span>`);
  assert.equal(wholeWords("ls").join(""), "ls");
});

test("an option has its code, and no link to follow in place of choosing it", () => {
  assert.equal(
    optionText("abra http://a.b:3000 com `-p`").join(""),
    `abra http://a.b:3000 com <code>${whole("-p")}</code>`,
  );
});

test("a paragraph has a class where one is given", () => {
  assert.equal(String(paragraph("a `b`")), "<p>a <code>b</code></p>");
  assert.equal(String(paragraph("a", "lab-note")), '<p class="lab-note">a</p>');
});

for (const [keys, forJupyter] of [
  [{ key: "s", ctrlKey: true }, true],
  [{ key: "s", metaKey: true }, true],
  [{ key: "C", ctrlKey: true, shiftKey: true }, true],
  [{ key: "c", ctrlKey: true }, false],
  [{ key: "Enter", ctrlKey: true, shiftKey: true }, false],
  [{ key: "d" }, false],
]) {
  test(`${JSON.stringify(keys)} ${forJupyter ? "goes to JupyterLab" : "stays in the card"}`, () => {
    assert.equal(Boolean(isForJupyter(keys)), forJupyter);
  });
}

test("a command is taken apart in order, and nothing of it is lost", () => {
  const parts = [
    ["docker", "o cliente"],
    ["-t", "o nome"],
    ["absent", "não está"],
    ["docker", "outra vez"],
  ];
  const pieces = piecesOf("docker build -t docker .", parts);
  assert.deepEqual(pieces, ["", parts[0], " build ", parts[1], " ", parts[3], " ."]);
  assert.equal(
    pieces.map((piece) => (typeof piece === "string" ? piece : piece[0])).join(""),
    "docker build -t docker .",
  );
  assert.deepEqual(piecesOf("ls", []), ["ls"]);
});

test("a quiz counts what was ever right, and what was right at once", () => {
  const question = { question: "?", options: [{ right: false }, { right: true }] };
  const questions = [question, question, question];
  assert.equal(scoreOf(questions, [[], [], []]), "Acertos: 0 de 3; de primeira: 0.");
  assert.equal(scoreOf(questions, [[1], [0, 1], [0]]), "Acertos: 2 de 3; de primeira: 1.");
});

test("a right diagnosis explains the others, a wrong one only itself", () => {
  const wrong = { text: "a", right: false, because: "não" };
  const right = { text: "b", right: true, because: "sim" };
  const said = (chosen) => explanations([wrong, right], chosen).join("");
  const good = '<p class="lab-good"><strong>✓ Certo: </strong><q>b</q>. sim</p>';
  assert.equal(said(right), `${good}<p class="lab-bad"><strong>✗ Não era: </strong><q>a</q>. não</p>`);
  const bad = '<p class="lab-bad"><strong>✗ Ainda não: </strong><q>a</q>. não</p>';
  assert.equal(said(wrong), `${bad}<p>Releia a mensagem e tente outra.</p>`);
});

for (const [hostname, config, page, lesson] of [
  ["localhost", null, "http://127.0.0.1:3000/", "02-build.ipynb"],
  ["127.0.0.1", { baseUrl: "/" }, "http://127.0.0.1:3000/", "/lab/tree/notebooks/02-build.ipynb"],
  [
    "hub.example",
    { baseUrl: "/user/ana/" },
    "/user/ana/endereco?de=http%3A%2F%2F127.0.0.1%3A3000%2F",
    "/user/ana/lab/tree/notebooks/02-build.ipynb",
  ],
  ["hub.example", null, "/endereco?de=http%3A%2F%2F127.0.0.1%3A3000%2F", "02-build.ipynb"],
]) {
  test(`pages and lessons from ${hostname} with ${JSON.stringify(config)}`, () => {
    globalThis.window = { location: { hostname } };
    document.getElementById = () => config && { textContent: JSON.stringify(config) };
    assert.equal(pageAt("http://127.0.0.1:3000/"), page);
    assert.equal(lessonAt("02-build.ipynb"), lesson);
  });
}

// What runs by itself in JupyterLab ---------------------------------------------------------------

const BOOKS = new URL("../../notebooks/", import.meta.url);

test("every code cell of every lesson runs by itself", () => {
  const names = readdirSync(BOOKS).filter((name) => name.endsWith(".ipynb"));
  assert.ok(names.length > 10);
  for (const name of names) {
    assert.ok(isLesson(`notebooks/${name}`), name);
    for (const cell of JSON.parse(readFileSync(new URL(name, BOOKS), "utf-8")).cells) {
      assert.ok(cell.cell_type !== "code" || isOwn([cell.source].flat().join("")), cell.source);
    }
  }
});

test("nothing else does", () => {
  const others = [
    "",
    "import os",
    'lab.step("a"); import os',
    'lab.step("a")\nimport os',
    'lab.step(open("x").read())',
    'lab.step("a" + input())',
    "lab.step(name)",
    'lab = lesson("00-a")\n!rm -rf work',
    'lab.step("a\\"); evil(")',
    "%run x.py",
  ];
  assert.deepEqual(others.filter(isOwn), []);
  assert.ok(!isLesson("notebooks/minhas-notas.ipynb") && !isLesson("outra/00-comece-aqui.ipynb"));
});

const { earlierArea, requests, refreshArea } = await load("picture.js", "earlierArea", "requests", "refreshArea");

test("a picture that had no change yet has nothing to compare, also once the page is loaded again", () => {
  const traits = { earlier: "" };
  const earlier = earlierArea({ get: (name) => traits[name] });
  assert.equal(earlier.node.hidden, true);
  traits.earlier = "<svg>a</svg>";
  earlier.draw();
  const [, picture] = earlierArea({ get: (name) => traits[name] }).node.children;
  assert.deepEqual([earlier.node.hidden, picture.innerHTML], [false, "<svg>a</svg>"]);
});

test("a picture whose kernel has ended looks no more, without an error, and says so to who asks", () => {
  const model = {
    send: () => {
      throw new Error("Cannot send");
    },
  };
  const said = [];
  const asked = requests(
    model,
    () => ({}),
    () => {},
    () => said.push("lost"),
  );
  asked.ask("look");
  assert.deepEqual(said, []);
  asked.ask("asked");
  assert.deepEqual(said, ["lost"]);
});

test("a picture without a state has no button that draws it again", () => {
  for (const fixed of [true, false]) {
    const [button] = refreshArea(() => {}, fixed).node.children;
    assert.equal(button.hidden, fixed);
  }
});

test("links to this machine's loopback lead through JupyterLab, others stay", () => {
  const base = "http://lab.example/user/ana/";
  const page = "http://127.0.0.1:3000/feedbacks?x=1";
  assert.equal(throughJupyter(page, base), `${base}endereco?de=${encodeURIComponent(page)}`);
  assert.notEqual(throughJupyter("http://localhost:21292/sso/device?user_code=AB", "http://127.0.0.1:8888/"), null);
  for (const other of [
    "http://127.0.0.1:8888/lab",
    "https://127.0.0.1:3000/",
    "https://hub.docker.com/",
    "#aqui",
    "",
  ]) {
    assert.equal(throughJupyter(other, "http://127.0.0.1:8888/"), null);
  }
});

for (const [row, shown] of [
  ["sem cor", "sem cor\n"],
  ["veja http://x.y.", `veja ${link("http://x.y")}.\n`],
  [
    [
      ["a ", ""],
      ["<b>", "red bold"],
    ],
    'a <span class="lab-ansi-red lab-ansi-bold"><b></span>\n',
  ],
]) {
  test(`a log's line: ${JSON.stringify(row)}`, () => {
    assert.equal(drawnRow(row).join(""), shown);
  });
}

const TERMS = longestFirst(["build", "imagem", "imagem base", "ENV", "tag"].map((term) => ({ term })));

for (const [text, found] of [
  ["A imagem base, e depois a imagem.", ["imagem base", "imagem"]],
  ["Uma imagem base é outra imagem base.", ["imagem base"]],
  ["Imagens têm tags. Tag é um nome.", ["Imagens", "tags"]],
  ["O Elastic Imagem: Build.", ["Build"]],
  ["rebuild, build-arg, /build, $ENV, buildx, stage", []],
  ["env e ENV, (tag)", ["ENV", "tag"]],
]) {
  test(`first uses: ${text}`, () => {
    const uses = firstUses(text, finder(TERMS), TERMS, new Set());
    assert.deepEqual(
      uses.map(({ at, length }) => text.slice(at, at + length)),
      found,
    );
  });
}

test("a term that is linked already is not linked again", () => {
  const linked = new Set();
  assert.equal(firstUses("um build", finder(TERMS), TERMS, linked).length, 1);
  assert.deepEqual(firstUses("outro build", finder(TERMS), TERMS, linked), []);
});

test("a card has one kind of line written in the terminal, and never one that sends itself", () => {
  assert.equal(isPreparing("python3 -m labs prepare 07/6"), true);
  for (const line of ["python3 -m labs prepare 07/6\n", "python3 -m labs reset", "rm -rf /", "", undefined]) {
    assert.equal(isPreparing(line), false);
  }
});
