// @ts-check
// What each card carries: it finds the card's module in the kernel's one copy (labs/widgets/card.py), and loads it once.

globalThis.labModules ??= new Map();
const modules = globalThis.labModules;

/** @param {Model<Common>} model */
const load = async (model) => {
  const script = await model.widget_manager.get_model(model.get("script"));
  const address = URL.createObjectURL(new Blob([script.get("source")], { type: "text/javascript" }));
  return import(address).finally(() => URL.revokeObjectURL(address));
};

/**
 * The module of a card's script, loaded when the first card asks for it.
 * @param {Model<Common>} model
 */
const moduleOf = (model) => {
  const id = model.get("script");
  const known = modules.get(id) ?? load(model);
  modules.set(id, known);
  return known;
};

export default {
  /** @param {Context<Common>} context */
  async render(context) {
    return (await moduleOf(context.model)).default.render(context);
  },
};
