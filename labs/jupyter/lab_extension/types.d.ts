/** What JupyterLab hands to the extension, as far as it is used here. For `tsc` only. */
// biome-ignore-all lint/suspicious/noExplicitAny: JupyterLab's own packages are not installed here

/** By package, its versions. */
type LabShared = Record<string, Record<string, { get(): Promise<() => any> }>>;
/** Takes a package that JupyterLab shares. */
type LabTake = (name: string) => Promise<any>;

interface Window {
  _JUPYTERLAB?: Record<string, { init(scope: LabShared): void; get(module: string): Promise<() => any> }>;
}

interface LabSignal<Value> {
  connect(handler: (sender: unknown, value: Value) => void): void;
}

interface LabHidden {
  isHidden: boolean;
  setHidden(hidden: boolean): void;
  parent?: LabHidden | null;
}

interface LabTabs extends LabHidden {
  tabBar?: LabHidden;
  widgets: readonly unknown[];
}

interface LabSplit extends LabHidden {
  relativeSizes(): number[];
  setRelativeSizes(sizes: number[]): void;
}

interface LabWidget {
  parent?: LabHidden | null;
  toolbar?: LabHidden;
  contentHeader?: { fit(): void };
  id: string;
  node: HTMLElement;
  isVisible: boolean;
  disposed: LabSignal<void>;
  content?: {
    setOption?(name: string, value: unknown): void;
    getOption?(name: string): unknown;
    session?: LabTerminal;
  };
}

interface LabTerminal {
  send(message: { type: "stdin"; content: string[] }): void;
}

interface LabCell {
  node: HTMLElement;
  /** Of a text: what draws it. */
  renderer?: {
    renderModel(model: { data: Record<string, string>; metadata: object; trusted: boolean }): Promise<void>;
  };
  model: {
    type: string;
    sharedModel: { getSource(): string };
    outputs?: { toJSON(): { data?: Record<string, any> }[] };
  };
}

interface LabPanel extends Omit<LabWidget, "content"> {
  content: {
    widgets: LabCell[];
    activeCellIndex: number;
    mode: string;
    scrollToItem(index: number, where?: string): Promise<void>;
  };
  contentHeader: { addWidget(widget: unknown): void; fit(): void };
}

interface LabKernel {
  id: string;
  status: string;
  info: Promise<unknown>;
  requestCommInfo(content: { target_name: string }): Promise<{ content: { comms?: Record<string, unknown> } }>;
}

interface LabSession {
  readonly noKernelName: string;
  ready: Promise<void>;
  session: { kernel: LabKernel | null } | null;
  kernelPreference: { name?: string };
  initialize(): Promise<boolean>;
  statusChanged: LabSignal<string>;
  changeKernel(options: { name: string }): Promise<unknown>;
  shutdown(): Promise<void>;
}

interface LabContext {
  path: string;
  ready: Promise<void>;
  model: { dirty: boolean };
  sessionContext: LabSession;
}

type LabArea = "main" | "down" | "left" | "right" | "top" | "menu" | "bottom";

interface LabApp {
  restored: Promise<void>;
  commands: {
    addCommand(id: string, options: { label: string; execute: () => void }): void;
    execute(id: string, options?: Record<string, unknown>): Promise<any>;
  };
  docRegistry: {
    addWidgetExtension(name: string, extension: { createNew(panel: LabPanel, context: LabContext): void }): void;
  };
  serviceManager: {
    connectionFailure?: LabSignal<unknown>;
    serverSettings: { baseUrl: string; token: string };
    contents: {
      get(path: string, options: { content: boolean }): Promise<unknown>;
      save(path: string, options: { type: string; format: string; content: string }): Promise<unknown>;
    };
  };
  shell: {
    currentWidget: LabWidget | null;
    presentationMode: boolean;
    leftCollapsed: boolean;
    layoutModified?: LabSignal<void>;
    add(widget: LabWidget, area: LabArea): void;
    activateById(id: string): void;
    widgets(area: LabArea): Iterable<LabWidget>;
    collapseLeft(): void;
    collapseRight(): void;
    expandLeft(): void;
    isSideTabBarVisible(side: "left" | "right"): boolean;
    toggleSideTabBarVisibility(side: "left" | "right"): void;
  };
}

/** What the server says of a class, where the lab is one of one (labs/jupyter/classroom.py). */
interface LabClass {
  help: boolean;
  message: string;
  at: string;
}

interface LabPlugin {
  id: string;
  autoStart: boolean;
  activate(app: LabApp): void;
}
