/** What the cards' scripts get from Python and from the page: traits and messages of labs/widgets/*.py. For `tsc` only. */
// biome-ignore-all lint/suspicious/noExplicitAny: anywidget's and ipywidgets' own objects have no types here

/** The look of all cards; stands before common.js (labs/widgets/card.py). */
declare const STYLE: string;
/** The ports of this machine on which the lab answers. */
declare const PORTS: number[];
/** Each card's module, loaded once a page (loader.js). */
declare var labModules: Map<string, Promise<CardModule>> | undefined;

interface CardModule {
  default: { render(context: Context<any>): (() => void) | Promise<() => void> };
}

/** The browser's half of a card, as anywidget hands it over. */
interface Model<Traits> {
  get<Name extends keyof Traits>(name: Name): Traits[Name];
  set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void;
  save_changes(): void;
  send(content: Record<string, unknown>): void;
  on(event: string, handler: (content: any) => void): void;
  off(event: string, handler: (content: any) => void): void;
  widget_manager: { get_model(id: string): Promise<any> };
}

interface Common {
  key: string;
  script: string;
}

interface Context<Traits> {
  model: Model<Traits & Common>;
  el: HTMLElement;
}

/** `text` and `on` are special to `el`; all else is an attribute, left out where null, undefined or false. */
interface Attributes {
  text?: string | undefined;
  on?: { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void };
  [name: string]: unknown;
}

type Child = Node | string | null | undefined;

// Steps: action.py, feed.py -------------------------------------------------------------------------

type Doing = "run" | "verify" | "repair";

/** A part of the command and what it means. */
type Part = [text: string, meaning: string];

interface StepCard {
  heading: string;
  text: string;
  labels: { run?: string; verify?: string; stop?: string };
  command?: string;
  parts?: Part[];
  /** What stands where a part's meaning will, before one is pointed at. */
  idle?: string;
  missing?: string[];
  why?: string;
  hints?: string[];
  solution?: string;
  note?: string;
  open?: boolean;
  unfolded?: boolean;
  /** The command that does what comes before the step; empty for none. */
  prepare?: string;
}

interface Status {
  state: string;
  sign: string;
  word: string;
  observed: string;
  next: string;
  /** Whether `next` is a command. */
  command?: boolean;
  /** Whether a button may run it. */
  repair?: boolean;
}

/** A progress bar; `max` 0: nobody knows how much there is. */
interface Bar {
  key: string;
  label: string;
  value: number;
  max: number;
  words: string;
  /** Why nothing had to be done: "cache", "there", "mounted"; empty where something had. */
  kind: string;
  seconds?: number;
}

/** A piece of a line, with its words of style (labs/widgets/colours.py). */
type Piece = [text: string, style: string];
type Row = string | Piece[];

interface Batch {
  reset?: boolean;
  lines: Row[];
  bars: Bar[];
}

interface ActionTraits {
  card: StepCard;
  status: Status;
  runs: number;
  logged: boolean;
  /** Of a step's card: how what comes before it stands, "", "written" or "done". */
  preparing?: string;
}

// Questions: quiz.py, diagnosis.py ----------------------------------------------------------------------

interface Option {
  text: string;
  right: boolean;
  because: string;
}

interface Question {
  question: string;
  options: Option[];
}

interface QuizTraits {
  questions: Question[];
  /** Per question the options chosen so far, in order. */
  tries: number[][];
  notice: string;
}

interface DiagnosisTraits {
  question: Question;
  tries: number[];
}

// Pictures: picture.py ------------------------------------------------------------------------------

interface Field {
  name: string;
  label: string;
  value: string;
}

/** Why a new drawing is asked for: a press of the button, typing, or a look after something may have changed. */
type Why = "" | "asked" | "typed" | "look";

interface Drawn {
  look?: boolean;
  drawn?: boolean;
  changed?: boolean;
  said?: string;
}

interface PictureTraits {
  html: string;
  /** The one before the last change; empty for none. */
  earlier: string;
  /** Whether it shows no state. */
  fixed: boolean;
  fields: Field[];
}
