// Every combination of one sample, to be switched: all answers are here already, so nothing is asked of Python.
const element = (tag, about, ...inside) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
};

const render = ({ model, el }) => {
  const inputs = model.get("inputs"), answers = model.get("answers");
  const keyOf = (names) => inputs.map((each) => each.name).filter((name) => names.includes(name)).join("-");
  const choose = (names) => {
    if (!answers[keyOf(names)] || keyOf(names) === keyOf(model.get("present"))) return;
    model.set("present", inputs.map((each) => each.name).filter((name) => names.includes(name)));
    model.save_changes();
  };

  const switches = inputs.map(({ name, label, letter, colour }) => {
    const chip = element("span", { class: "mm-chip", style: `--c: ${colour}`, "aria-hidden": "true" }, letter);
    const made = element("button", { type: "button", role: "switch", class: "mm-switch" }, chip, ` ${label}`);
    made.addEventListener("click", () => {
      const on = model.get("present");
      choose(on.includes(name) ? on.filter((other) => other !== name) : [...on, name]);
    });
    return made;
  });
  const said = element("div", { class: "mm-said", role: "status" });
  const board = element("div", { class: "mm-board" });
  board.innerHTML = model.get("svg");
  const nodes = [...board.querySelectorAll("[data-pick]")];
  for (const node of nodes) {
    const pick = () => choose(node.dataset.pick.split("-"));
    node.addEventListener("click", pick);
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick();
    });
  }

  const draw = () => {
    const present = model.get("present"), key = keyOf(present), { answer, sure, bars } = answers[key];
    switches.forEach((made, place) => {
      const on = present.includes(inputs[place].name);
      made.setAttribute("aria-checked", String(on));
      made.title = on && present.length === 1 ? "The last input stays on." : "";
    });
    for (const node of nodes) {
      const here = node.dataset.pick === key;
      node.setAttribute("aria-pressed", String(here));
      node.querySelector(".mm-ring").setAttribute("stroke-width", here ? "2.4" : "0");
    }
    said.replaceChildren(element("b", {}, answer), sure ? ` ${sure}` : "", ...bars.map(([name, share, text]) => {
      const full = element("i", { style: `width: ${(100 * share).toFixed(1)}%` });
      return element("div", { class: "mm-bar" }, element("span", {}, name), element("span", {}, full), element("span", {}, text));
    }));
  };
  model.on("change:present", draw);
  const head = element("b", {}, model.get("title"));
  const note = element("p", {}, element("small", {}, model.get("note")));
  el.replaceChildren(element("div", { class: "mmlab-shown mm-live" }, head, element("div", { class: "mm-switches" }, ...switches), said, board, note));
  draw();
  return () => model.off("change:present", draw);
};

export default { render };
