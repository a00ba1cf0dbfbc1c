const TAU = 2 * Math.PI;

const draw = (box) => {
  const { canvas, film } = box, context = canvas.getContext("2d"), style = getComputedStyle(box);
  const wide = box.clientWidth, high = 260, dense = window.devicePixelRatio || 1;
  if (canvas.width !== wide * dense || canvas.height !== high * dense) {
    canvas.width = wide * dense;
    canvas.height = high * dense;
    canvas.style.height = `${high}px`;
  }
  context.setTransform(dense, 0, 0, dense, 0, 0);
  context.clearRect(0, 0, wide, high);
  const ink = style.color, step = box.step, angle = film.poses[step];
  const scene = Math.min(240, wide * 0.45), x = scene / 2 + 4, y = high / 2, long = scene * 0.34;
  context.strokeStyle = ink;
  context.globalAlpha = 0.25;
  context.beginPath();
  context.arc(x, y, long, 0, TAU);
  context.stroke();
  context.globalAlpha = 1;
  const tip = [x - Math.sin(angle) * long, y - Math.cos(angle) * long];
  context.lineWidth = 7;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(...tip);
  context.stroke();
  context.beginPath();
  context.arc(...tip, 11, 0, TAU);
  context.fillStyle = ink;
  context.fill();
  context.lineWidth = 1;
  film.sensors.forEach((sensor, place) => {
    const on = film.inputs[Math.min(step, film.inputs.length - 1)].includes(sensor.name);
    context.globalAlpha = on ? 1 : 0.75;
    context.fillStyle = on ? sensor.colour : ink;  // a pale colour could not be read
    context.font = `${on ? "600 " : ""}13px sans-serif`;
    context.fillText(`${sensor.letter} ${sensor.label} ${on ? film.words.on : film.words.off}`, 4, 16 + 18 * place);
  });
  context.globalAlpha = 1;
  const left = scene + 26, right = wide - 6, top = 26, bottom = high - 34, last = Math.max(film.poses.length - 1, 200);
  const first = Math.max(0, step - 200), at = (place) => left + ((place - first) / 240) * (right - left);
  const up = (pose) => top + ((1 - Math.cos(pose)) / 2) * (bottom - top);
  context.fillStyle = ink;
  context.font = "12px sans-serif";
  context.fillText(film.words.up, left, top - 8);
  context.fillText(film.words.down, left, bottom + 16);
  context.strokeStyle = ink;
  context.globalAlpha = 0.25;
  [top, bottom].forEach((line) => {
    context.beginPath();
    context.moveTo(left, line);
    context.lineTo(right, line);
    context.stroke();
  });
  context.globalAlpha = 1;
  context.lineWidth = 2;
  for (let place = first; place < Math.min(step, last); place += 1) {
    context.strokeStyle = film.colours[film.inputs[place].join()];
    context.beginPath();
    context.moveTo(at(place), up(film.poses[place]));
    context.lineTo(at(place + 1), up(film.poses[place + 1]));
    context.stroke();
  }
  context.lineWidth = 1;
  const told = film.words.told.replace("{seconds}", (step * film.seconds).toFixed(1)).replace("{worth}", film.worth[step].toFixed(0).replace("-", "−"));
  context.fillText(told, Math.max(4, Math.min(left, wide - 6 - context.measureText(told).width)), high - 4);
};

const play = (box) => {
  cancelAnimationFrame(box.frame);
  const begun = performance.now(), from = box.film.from;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches, end = box.film.poses.length - 1;
  const next = () => {
    if (!box.isConnected) return;
    box.step = still ? end : Math.min(end, from + Math.floor((performance.now() - begun) / 1000 / box.film.seconds));
    draw(box);
    if (box.step < end) box.frame = requestAnimationFrame(next);
  };
  next();
};

export default function (component) {
  const { data, parentElement } = component;
  let box = parentElement.querySelector(".mm-film");
  if (!box) {
    box = document.createElement("div");
    box.className = "mm-film";
    box.canvas = document.createElement("canvas");
    box.canvas.style.width = "100%";
    box.canvas.setAttribute("role", "img");
    box.appendChild(box.canvas);
    parentElement.appendChild(box);
    new ResizeObserver(() => box.film && draw(box)).observe(box);
    box.style.transition = "color 10ms";  // so that another theme, whose ink the page hands down, is told
    box.addEventListener("transitionend", () => box.film && draw(box));
  }
  box.canvas.setAttribute("aria-label", data.label);
  if (box.id === data.id) return;
  box.id = data.id;
  box.film = data;
  box.step = data.from;
  play(box);
}
