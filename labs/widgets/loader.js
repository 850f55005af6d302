// What each card carries: it finds the card's module in the kernel's one copy (labs/widgets/card.py), and loads it once.

const modules = (globalThis.labModules ??= new Map());

const load = async (model) => {
  const script = await model.widget_manager.get_model(model.get("script"));
  const address = URL.createObjectURL(new Blob([script.get("source")], { type: "text/javascript" }));
  return import(address).finally(() => URL.revokeObjectURL(address));
};

export default {
  async render(context) {
    const id = context.model.get("script");
    if (!modules.has(id)) modules.set(id, load(context.model));
    return (await modules.get(id)).default.render(context);
  },
};
