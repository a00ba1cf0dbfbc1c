const nearest = (from, key, all) => {
  const at = from.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2;
  const dx = {ArrowLeft: -1, ArrowRight: 1}[key] || 0, dy = {ArrowUp: -1, ArrowDown: 1}[key] || 0;
  let best = null, cost = Infinity;
  for (const other of all) {
    const box = other.getBoundingClientRect();
    const ox = box.x + box.width / 2 - x, oy = box.y + box.height / 2 - y;
    const along = ox * dx + oy * dy, across = Math.abs(ox * dy) + Math.abs(oy * dx);
    if (other !== from && along > 4 && along + 2 * across < cost) { best = other; cost = along + 2 * across; }
  }
  return best;
};

const broken = (text, most) => {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= most) lines.push("");
    lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
  }
  return lines;
};

const captioned = (svg, about, wide, high) => {
  const lines = about.flatMap((text) => broken(text, Math.max(24, wide / 5.8)));
  lines.forEach((line, place) => {
    const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    for (const [name, value] of [["x", 6], ["y", high + 14 * (place + 1)], ["font-size", 10.5], ["fill", "#1C2430"]]) text.setAttribute(name, value);
    text.textContent = line;
    svg.appendChild(text);
  });
  return high + 14 * lines.length + (lines.length ? 8 : 0);
};

const drawing = (box, about) => {
  const svg = box.querySelector("svg").cloneNode(true);
  const [wide, drawn] = svg.getAttribute("viewBox").split(" ").slice(2).map(Number);
  const high = captioned(svg, about || [], wide, drawn);
  svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  for (const [name, value] of [["width", wide], ["height", high], ["color", "#1C2430"]]) svg.setAttribute(name, value);
  svg.removeAttribute("style");
  svg.querySelectorAll(".mm-paper").forEach((part) => part.setAttribute("fill", "#FFFFFF"));
  svg.insertAdjacentHTML("afterbegin", '<rect width="100%" height="100%" fill="#FFFFFF"/>');
  return { text: new XMLSerializer().serializeToString(svg), wide, high };
};

const hand = (blob, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

const save = (kind, box, files) => {
  if (kind === "csv") return hand(new Blob([files.csv], { type: "text/csv" }), `${files.name}.csv`);
  const { text, wide, high } = drawing(box, files.about);
  const svg = new Blob([text], { type: "image/svg+xml" });
  if (kind === "svg") return hand(svg, `${files.name}.svg`);
  const picture = new Image();
  picture.onload = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [3 * wide, 3 * high];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => hand(blob, `${files.name}.png`));
    URL.revokeObjectURL(picture.src);
  };
  picture.src = URL.createObjectURL(svg);
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let box = parentElement.querySelector(".mm-board");
  if (!box) {
    box = document.createElement("div");
    box.className = "mm-board";
    parentElement.appendChild(box);
    box.addEventListener("click", (event) => {
      const file = event.target.closest("[data-save]");
      if (file) return save(file.dataset.save, box, box.files);
      const hit = event.target.closest("[data-pick]");
      if (hit) box.pick(hit.dataset.pick);
    });
    box.addEventListener("keydown", (event) => {
      const hit = event.target.closest("[data-pick]");
      if (!hit) return;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); box.pick(hit.dataset.pick); }
      const own = (hit.dataset.keys || "").split(" ").find((pair) => pair.startsWith(`${event.key}:`));
      if (own && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        const name = own.slice(event.key.length + 1);
        box.querySelector(`[data-pick="${CSS.escape(name)}"]`)?.focus();
        box.pick(name);
      } else if (event.key.startsWith("Arrow")) {
        const next = nearest(hit, event.key, box.querySelectorAll("[data-pick]"));
        if (next) { event.preventDefault(); next.focus(); }
      }
    });
  }
  box.pick = (name) => setTriggerValue("pick", name);
  box.files = JSON.parse(data.files);
  if (box.shown !== data.html) {
    const active = box.contains(document.activeElement) ? document.activeElement.dataset.pick : null;
    box.innerHTML = data.html;
    box.shown = data.html;
    if (active) box.querySelector(`[data-pick="${CSS.escape(active)}"]`)?.focus({ preventScroll: true });
    const pressed = box.querySelector('[aria-pressed="true"]');
    if (pressed && box.scrollHeight > box.clientHeight + 1) {  // a drawing that is scrolled in its own frame
      const at = pressed.getBoundingClientRect(), frame = box.getBoundingClientRect();
      if (at.top < frame.top || at.bottom > frame.bottom) box.scrollTop += at.top - frame.top - (frame.height - at.height) / 2;
    }
  }
}
