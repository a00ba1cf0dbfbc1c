const MILLISECONDS = 250;

const show = (box, place) => {
  const { steps, words, label } = box.film;
  box.place = (place + steps.length) % steps.length;
  const { source, when } = steps[box.place];
  const told = words.told.replace("{place}", box.place + 1).replace("{count}", steps.length) + (when ? `, ${when}` : "");
  box.picture.src = source;
  box.picture.alt = `${label}: ${told}`;
  box.slider.max = steps.length - 1;
  box.slider.value = box.place;
  box.slider.setAttribute("aria-valuetext", told);
  box.told.textContent = told;
};

const stop = (box) => {
  clearInterval(box.timer);
  box.timer = undefined;
  box.play.textContent = "▶";
  box.play.setAttribute("aria-label", box.film.words.play);
};

const play = (box) => {
  box.play.textContent = "⏸";
  box.play.setAttribute("aria-label", box.film.words.stop);
  box.timer = setInterval(() => (box.isConnected ? show(box, box.place + 1) : stop(box)), MILLISECONDS);
};

const made = (tag, box, attributes = {}) => {
  const element = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  box.appendChild(element);
  return element;
};

const build = (parent) => {
  const box = made("div", parent, { class: "mm-player" });
  box.picture = made("img", box);
  const row = made("div", box, { class: "mm-player-row" });
  box.before = made("button", row, { type: "button" });
  box.play = made("button", row, { type: "button" });
  box.next = made("button", row, { type: "button" });
  box.slider = made("input", row, { type: "range", min: 0, step: 1 });
  box.told = made("p", box);
  box.before.textContent = "‹";
  box.next.textContent = "›";
  const step = (by) => () => {
    stop(box);
    show(box, box.place + by);
  };
  box.before.addEventListener("click", step(-1));
  box.next.addEventListener("click", step(1));
  box.play.addEventListener("click", () => (box.timer ? stop(box) : play(box)));
  box.slider.addEventListener("input", () => {
    stop(box);
    show(box, Number(box.slider.value));
  });
  return box;
};

export default function (component) {
  const { data, parentElement } = component;
  const box = parentElement.querySelector(".mm-player") || build(parentElement);
  const same = box.film && JSON.stringify(box.film) === JSON.stringify(data);
  if (same) return;
  if (box.timer) clearInterval(box.timer);
  box.film = data;
  box.before.setAttribute("aria-label", data.words.before);
  box.next.setAttribute("aria-label", data.words.next);
  box.slider.setAttribute("aria-label", data.label);
  stop(box);
  show(box, Math.min(box.place || 0, data.steps.length - 1));
}
