const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
const sum = (a, b) => [a[0] + b[0], a[1] + b[1]];
const without = (a, b, share) => [a[0] - share * b[0], a[1] - share * b[1]];

const point = (svg, name) => {
  const head = svg.querySelector(`[data-drag="${name}"]`), [x, y] = svg.dataset.origin.split(" ").map(Number);
  return [(head.cx.baseVal.value - x) / svg.dataset.scale, (y - head.cy.baseVal.value) / svg.dataset.scale];
};

const arrow = (svg, name, vector, shown) => {
  const group = svg.querySelector(`[data-arrow="${name}"]`), [x, y] = svg.dataset.origin.split(" ").map(Number);
  const at = [x + vector[0] * svg.dataset.scale, y - vector[1] * svg.dataset.scale];
  const long = Math.hypot(at[0] - x, at[1] - y) || 1, ux = (at[0] - x) / long, uy = (at[1] - y) / long;
  group.style.display = shown && long >= 2 ? "" : "none";
  const [line, head, text] = group.children;
  line.setAttribute("x2", at[0] - 9 * ux);
  line.setAttribute("y2", at[1] - 9 * uy);
  const back = [at[0] - 11 * ux, at[1] - 11 * uy];
  const corners = [at, [back[0] - 5 * uy, back[1] + 5 * ux], [back[0] + 5 * uy, back[1] - 5 * ux]];
  head.setAttribute("points", corners.map((each) => each.join(",")).join(" "));
  if (text) {
    text.setAttribute("x", at[0] + 14 * ux);
    text.setAttribute("y", at[1] + 14 * uy);
    text.setAttribute("text-anchor", ux > 0.35 ? "start" : ux < -0.35 ? "end" : "middle");
  }
  return at;
};

const redraw = (svg, first, second) => {
  const both = dot(first, second), conflict = both < 0;
  const kept = conflict
    ? [without(first, second, both / dot(second, second)), without(second, first, both / dot(first, first))]
    : [first, second];
  [["first", first, kept[0]], ["second", second, kept[1]]].forEach(([name, vector, left]) => {
    const from = arrow(svg, name, vector, true), to = arrow(svg, `${name}_kept`, left, conflict);
    const head = svg.querySelector(`[data-drag="${name}"]`), link = svg.querySelector(`[data-link="${name}"]`);
    head.setAttribute("cx", from[0]);
    head.setAttribute("cy", from[1]);
    link.style.display = conflict ? "" : "none";
    [["x1", from[0]], ["y1", from[1]], ["x2", to[0]], ["y2", to[1]]].forEach(([key, v]) => link.setAttribute(key, v));
  });
  arrow(svg, "total", sum(first, second), true);
  arrow(svg, "kept", sum(kept[0], kept[1]), conflict);
};

const move = (box, event) => {
  const svg = box.querySelector("svg"), place = new DOMPoint(event.clientX, event.clientY);
  const at = place.matrixTransform(svg.getScreenCTM().inverse()), [x, y] = svg.dataset.origin.split(" ").map(Number);
  let vector = [(at.x - x) / svg.dataset.scale, (y - at.y) / svg.dataset.scale];
  const long = Math.hypot(...vector) || 1e-6, wanted = Math.min(Math.max(long, 0.1), box.longest);
  vector = vector.map((each) => (each * wanted) / long);
  const all = { first: point(svg, "first"), second: point(svg, "second"), [box.held]: vector };
  redraw(svg, all.first, all.second);
  box.now = [...all.first, ...all.second].map((each) => each.toFixed(3)).join(" ");
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let box = parentElement.querySelector(".mm-drag");
  if (!box) {
    box = document.createElement("div");
    box.className = "mm-drag";
    parentElement.appendChild(box);
    box.show = () => {  // not under the finger
      if (box.held || box.shown === box.wanted) return;
      box.innerHTML = box.wanted;
      box.shown = box.wanted;
    };
    box.addEventListener("pointerdown", (event) => {
      const head = event.target.closest("[data-drag]");
      if (!head) return;
      event.preventDefault();
      box.held = head.dataset.drag;
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointermove", (event) => {
      if (!box.held) return;
      move(box, event);
      if (event.timeStamp - (box.told || 0) > 150) { box.told = event.timeStamp; box.tell(box.now); }
    });
    const release = () => {
      if (!box.held) return;
      box.held = null;
      if (box.now) box.tell(box.now);
      setTimeout(box.show, 400);
    };
    box.addEventListener("pointerup", release);
    box.addEventListener("pointercancel", release);
  }
  box.tell = (arrows) => setTriggerValue("moved", arrows);
  box.longest = data.longest;
  box.wanted = data.html;
  box.show();
}
