// The keys of other editors, each loaded when somebody first chooses it.

export const KEYS = { usual: "Usual", vim: "Vim", emacs: "Emacs" };

const LOADED = {
  usual: async () => [],
  async vim() {
    const { vim, Vim } = await import("@replit/codemirror-vim");
    for (const [name, short] of [["write", "w"], ["wq", "wq"]]) Vim.defineEx(name, short, () => {}); // code is kept anyway
    return vim({ status: true });
  },
  emacs: async () => (await import("./emacs-keys.js")).emacs(),
};

/** What makes an editor listen to them. */
export const bindings = (name) => LOADED[name]();
