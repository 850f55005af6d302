// The course's terms in a lesson's prose: the first use of each is a link to the glossary, and says what it means.

import { openSearch } from "./bar.js";
import { fetched } from "./lesson.js";

const PATIENCE_MS = 150;
const GONE_MS = 200;
const GAP_PX = 6;
/** What is no running text, and what leads somewhere already. */
const LEFT_ALONE = "a, button, code, pre, h1, h2, h3, h4, h5, h6, summary, th, svg, .MathJax";
const PROSE = ".jp-RenderedMarkdown";

/** @typedef {{ term: string, meaning: string, anchor: string }} Term */

/**
 * What finds the terms: the longest first, each in a group of its own, in singular and plural, and with a capital
 * where a sentence begins. Never inside a word, a path or an option.
 * @param {Term[]} terms
 */
export function finder(terms) {
  const forms = terms.map(({ term }) => {
    const [first, ...rest] = term;
    const begin = first.toLowerCase() === first ? `(?:${first}|(?<=^|[.:!?] )${first.toUpperCase()})` : first;
    return `(${begin}${rest.join("").replace(/m$/, "(?:m|ns)")}s?)`;
  });
  return new RegExp(`(?<![\\p{L}\\p{N}_/.$-])(?:${forms.join("|")})(?![\\p{L}\\p{N}_/-])`, "gu");
}

/** @param {Term[]} terms the longest first, so that "imagem base" is no "imagem" */
export const longestFirst = (terms) => [...terms].sort((one, other) => other.term.length - one.term.length);

/**
 * Where in a text a term stands that is not linked yet; it counts as linked from then on.
 * @param {string} text @param {RegExp} find @param {Term[]} terms @param {Set<Term>} linked
 * @returns {{ at: number, length: number, term: Term }[]}
 */
export function firstUses(text, find, terms, linked) {
  return [...text.matchAll(find)].flatMap((match) => {
    const term = terms[match.slice(1).findIndex((group) => group !== undefined)];
    if (linked.has(term)) {
      return [];
    }
    linked.add(term);
    return [{ at: match.index, length: match[0].length, term }];
  });
}

export class Terms {
  /** @param {LabApp} app @param {LabPanel} panel */
  constructor(app, panel) {
    this.app = app;
    this.panel = panel;
    this.waiting = 0;
    /** What stood in each text when it was linked. @type {WeakMap<Element, Element | null>} */
    this.seen = new WeakMap();
    this.changes = new MutationObserver(() => this.soon());
    this.changes.observe(panel.node, { subtree: true, childList: true });
    this.note = new Note();
    this.glossary = glossaryOf(app);
  }

  close() {
    this.changes.disconnect();
    clearTimeout(this.waiting);
    this.note.node.remove();
  }

  soon() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.refresh(), PATIENCE_MS);
  }

  /** Texts are drawn one after the other, and anew after they were edited: what comes first may be a later one. */
  async refresh() {
    const { terms, find } = await this.glossary;
    const texts = this.panel.content.widgets.flatMap((cell) => [...cell.node.querySelectorAll(PROSE)]);
    if (texts.every((text) => this.seen.get(text) === text.firstElementChild)) {
      return;
    }
    for (const link of this.panel.node.querySelectorAll(`${PROSE} .lab-term`)) {
      const { parentNode } = link;
      link.replaceWith(...link.childNodes);
      parentNode?.normalize();
    }
    const linked = new Set();
    for (const text of texts) {
      for (const node of runningText(text)) {
        this.link(node, firstUses(node.data, find, terms, linked));
      }
      this.seen.set(text, text.firstElementChild);
    }
  }

  /** @param {Text} node @param {{ at: number, length: number, term: Term }[]} uses */
  link(node, uses) {
    for (const { at, length, term } of uses.reverse()) {
      const word = node.splitText(at);
      word.splitText(length);
      const link = this.linkTo(term);
      word.replaceWith(link);
      link.append(word);
    }
  }

  /** @param {Term} term */
  linkTo(term) {
    const where = `#${term.anchor}`;
    const link = document.createElement("a");
    link.className = "lab-term";
    link.href = `${this.app.serviceManager.serverSettings.baseUrl}busca/${where}`;
    link.setAttribute("aria-describedby", this.note.node.id);
    const show = () => this.note.show(link, term.meaning);
    link.addEventListener("mouseenter", show);
    link.addEventListener("focus", show);
    link.addEventListener("mouseleave", () => this.note.leave());
    link.addEventListener("blur", () => this.note.hide());
    link.addEventListener("click", (event) => {
      event.preventDefault();
      this.note.hide();
      openSearch(this.app, where);
    });
    link.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.note.hide();
      }
      if (event.key === "Enter") {
        event.stopPropagation(); // the notebook would open the text's source
      }
    });
    return link;
  }
}

/** What a term means, beside it while the mouse or the keyboard is there; above all else, so that no cell cuts it. */
class Note {
  constructor() {
    this.node = document.createElement("div");
    this.node.className = "lab-term-note";
    this.node.id = `lab-term-note-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    this.node.setAttribute("role", "tooltip");
    this.node.popover = "manual";
    this.node.addEventListener("mouseenter", () => clearTimeout(this.leaving)); // it can be read at leisure
    this.node.addEventListener("mouseleave", () => this.leave());
    this.leaving = 0;
    document.body.append(this.node);
  }

  /** @param {HTMLElement} link @param {string} meaning */
  show(link, meaning) {
    clearTimeout(this.leaving);
    this.node.textContent = meaning;
    this.node.showPopover();
    const { left, bottom, top } = link.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.node;
    const below = bottom + GAP_PX + offsetHeight < window.innerHeight;
    this.node.style.left = `${Math.max(GAP_PX, Math.min(left, window.innerWidth - offsetWidth - GAP_PX))}px`;
    this.node.style.top = `${below ? bottom + GAP_PX : top - GAP_PX - offsetHeight}px`;
  }

  leave() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.hide(), GONE_MS);
  }

  hide() {
    clearTimeout(this.leaving);
    this.node.hidePopover();
  }
}

/** Texts of one drawn cell, in their order. @param {Element} root @returns {Text[]} */
function runningText(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode);
    if (!node.parentElement?.closest(LEFT_ALONE)) {
      found.push(node);
    }
  }
  return found;
}

/** @type {Promise<{ terms: Term[], find: RegExp }> | undefined} */
let glossary;

/** The glossary, asked for once a page. @param {LabApp} app */
function glossaryOf(app) {
  glossary ??= fetched(app, "curso/glossario").then(({ terms = [] }) => {
    const ordered = longestFirst(terms);
    return { terms: ordered, find: finder(ordered) };
  });
  return glossary;
}
