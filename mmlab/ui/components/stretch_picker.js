const NEAR = 9;  // pixels around an edge that take hold of it
const LEAST = 4;  // pixels: what is shorter was a click

const place = (box) => {
  const [first, last] = box.now;
  box.field.style.left = `${100 * first}%`;
  box.field.style.width = `${100 * (last - first)}%`;
};

const hold = (box, x, wide) => {
  const [first, last] = box.now.map((share) => share * wide);
  if (Math.abs(x - first) <= NEAR && Math.abs(x - first) <= Math.abs(x - last)) return "first";
  if (Math.abs(x - last) <= NEAR) return "last";
  return x > first && x < last ? "both" : "new";
};

const follow = (box, x, wide) => {
  const share = Math.min(Math.max(x / wide, 0), 1), [first, last] = box.before;
  const moved = (x - box.from) / wide;
  if (box.held === "both") {
    const by = Math.min(Math.max(moved, -first), 1 - last);
    box.now = [first + by, last + by];
  } else {
    const other = box.held === "first" ? last : box.held === "last" ? first : Math.min(Math.max(box.from / wide, 0), 1);
    box.now = [Math.min(share, other), Math.max(share, other)];
  }
  place(box);
};

const build = (parent) => {
  const box = document.createElement("div");
  box.className = "mm-stretch";
  box.setAttribute("role", "img");
  box.picture = box.appendChild(document.createElement("div"));
  box.field = box.appendChild(document.createElement("span"));
  parent.appendChild(box);
  const at = (event) => { const frame = box.getBoundingClientRect(); return [event.clientX - frame.left, frame.width]; };
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    const [x, wide] = at(event);
    [box.before, box.from, box.held] = [box.now, x, hold(box, x, wide)];
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    const [x, wide] = at(event);
    if (box.held) follow(box, x, wide);
    else box.style.cursor = { first: "ew-resize", last: "ew-resize", both: "grab", new: "crosshair" }[hold(box, x, wide)];
  });
  const release = (event) => {
    if (!box.held) return;
    const [x, wide] = at(event), short = Math.abs(x - box.from) < LEAST;
    box.held = null;
    if (short || event.type === "pointercancel") { box.now = box.before; return place(box); }
    box.tell(box.now.map((share) => share.toFixed(5)).join(" "));
  };
  box.addEventListener("pointerup", release);
  box.addEventListener("pointercancel", release);
  return box;
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const box = parentElement.querySelector(".mm-stretch") || build(parentElement);
  box.tell = (shares) => setTriggerValue("chosen", shares);
  if (box.shown !== data.html) box.picture.innerHTML = box.shown = data.html;
  box.title = data.told;
  box.setAttribute("aria-label", `${data.label}: ${data.told}`);
  if (box.held) return;  // not under the finger
  box.now = data.shares;
  place(box);
}
