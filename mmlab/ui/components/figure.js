// One Plotly figure that stays the same object: colours, overlays and the lit selection are changed in place, so that
// zoom and lasso survive. Points carry combination * samples + sample; a selection is told as samples. loader.js and
// preview.js come before it.

const soon = (value) => new Promise((next) => setTimeout(next, 0, value));
const inTurn = (work) => {
  const done = (window.mmlabTurn || Promise.resolve()).then(work);
  window.mmlabTurn = done.catch(() => {}).then(soon);
  return done;
};

const hasWebGL = (() => {
  let known;
  return () => (known ??= !!document.createElement("canvas").getContext("webgl"));
})();

const KINDS = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };
const unpacked = (value) => {
  if (Array.isArray(value)) return value.map(unpacked);
  if (!value || !value.bdata) return value;
  const bytes = Uint8Array.from(atob(value.bdata), (letter) => letter.charCodeAt(0));
  return new KINDS[value.dtype](bytes.buffer);
};

const inData = (trace) => {
  const found = { ...trace };
  for (const name of ["x", "y", "z", "customdata"]) if (name in found) found[name] = unpacked(found[name]);
  if (found.marker) {
    found.marker = { ...found.marker };
    for (const name of ["color", "size"]) found.marker[name] = unpacked(found.marker[name]);
  }
  if (found.type === "scattergl" && !hasWebGL()) found.type = "scatter";
  return found;
};

const TOOLS = {
  solid: ["orbitRotation", "zoom3d", "pan3d", "resetCameraDefault3d"],
  cloud: ["lasso2d", "select2d", "pan2d", "zoom2d", "resetScale2d"],
  plain: ["pan2d", "zoom2d", "resetScale2d"],
};

const configOf = (data) => {
  const kind = data.some((trace) => trace.type === "scatter3d") ? "solid" : data.some((trace) => trace.customdata) ? "cloud" : "plain";
  return { displaylogo: false, responsive: true, displayModeBar: true, modeBarButtons: [TOOLS[kind]] };
};

const isCloud = (trace) => trace.customdata && trace.type.startsWith("scatter") && trace.type !== "scatter3d";

const litPoints = (trace, wanted, samples) => {
  if (!wanted) return null;
  const found = [];
  trace.customdata.forEach((id, point) => { if (wanted.has(id % samples)) found.push(point); });
  return found;
};

const lit = (box, rows) => {
  const wanted = rows ? new Set(rows) : null;
  const places = box.plot.data.flatMap((trace, place) => (isCloud(trace) ? [place] : []));
  if (!places.length) return null;
  const chosen = places.map((place) => litPoints(box.plot.data[place], wanted, box.latest.samples));
  return box.Plotly.restyle(box.plot, { selectedpoints: chosen }, places);
};

// What `Plotly.restyle` would do to traces that are not drawn yet.
const laid = (data, changes) => {
  for (const [attributes, traces] of changes) {
    for (const [name, value] of Object.entries(attributes)) {
      traces.forEach((place, i) => {
        const path = name.split("."), last = path.pop();
        const into = path.reduce((part, key) => (part[key] ??= {}), data[place]);
        into[last] = unpacked(Array.isArray(value) ? value[i % value.length] : value);
      });
    }
  }
};

const listen = (box) => {
  const tell = (name, value) => box.tell(name, value);
  box.plot.on("plotly_click", (event) => {
    const hit = event.points.find((point) => point.customdata !== undefined);
    if (hit) tell("clicked", hit.customdata);
  });
  box.plot.on("plotly_selected", (event) => {
    if (!event || !event.points || !(event.range || event.lassoPoints)) return;
    const ids = event.points.map((point) => point.customdata).filter((id) => id !== undefined);
    const rows = [...new Set(ids.map((id) => id % box.latest.samples))].sort((a, b) => a - b);
    box.picked = JSON.stringify(rows);
    lit(box, rows);
    tell("selected", rows);
  });
  box.plot.on("plotly_deselect", () => { box.picked = "null"; tell("selected", []); });
};

const ready = (latest) => {
  const figure = JSON.parse(latest.figure), data = figure.data.map(inData);
  laid(data, JSON.parse(latest.look));
  return { figure, data };
};

const begin = async (box) => {
  const { Plotly, latest } = box;
  const { figure, data } = ready(latest), rows = JSON.parse(latest.picked);
  if (rows) {
    const wanted = new Set(rows);
    for (const trace of data) if (isCloud(trace)) trace.selectedpoints = litPoints(trace, wanted, latest.samples);
  }
  await Plotly.react(box.plot, data, figure.layout, configOf(data));
  box.plot.querySelector(".mm-preview")?.remove();
  if (figure.frames) await Plotly.addFrames(box.plot, figure.frames);
  if (!box.listening) { listen(box); box.listening = true; }
};

// Each look costs a drawing of the cloud, so that only what differs from the last one is laid over it.
const change = async (box, changes) => {
  const { Plotly, latest } = box;
  for (const [place, [attributes, traces]] of changes.entries()) {
    if (box.changes[place] === JSON.stringify(changes[place])) continue;
    const plain = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, unpacked(value)]));
    await Plotly.restyle(box.plot, plain, traces);
  }
  if (box.picked !== latest.picked) await lit(box, JSON.parse(latest.picked));
};

const draw = async (box) => {
  const { latest } = box, changes = JSON.parse(latest.look);
  await (box.stamp === latest.stamp ? change : begin)(box, changes);
  [box.stamp, box.picked, box.changes] = [latest.stamp, latest.picked, changes.map((each) => JSON.stringify(each))];
  requestAnimationFrame(() => { box.dataset.drawn = latest.mark; });
};

const hand = (blob, name) => {
  const link = document.createElement("a");
  link.href = typeof blob === "string" ? blob : URL.createObjectURL(blob);
  link.download = name;
  link.click();
};

// Lines of at most so many letters, and a text in which Plotly finds no tags.
const broken = (text, most) => text.split(/\s+/).reduce((lines, word) => {
  const last = lines.at(-1);
  return last && last.length + word.length >= most ? [...lines, word] : [...lines.slice(0, -1), last ? `${last} ${word}` : word];
}, [""]);
const harmless = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

// On paper of its own, with ink that reads on it; dots as vectors where the file can hold them.
const onPaper = (box, vectors) => {
  const layout = structuredClone(box.plot.layout);
  Object.assign(layout, { paper_bgcolor: "#FFFFFF", plot_bgcolor: "#FFFFFF", width: 900, height: 640 });
  layout.font = { ...layout.font, color: "#1C2430" };
  const lines = broken(box.latest.about, 130), top = layout.margin?.t ?? 0;
  layout.margin = { ...layout.margin, t: top + 15 * lines.length + 6 };
  const said = { text: lines.map(harmless).join("<br>"), xref: "paper", yref: "paper", x: 0, y: 1, yshift: top };
  const plain = { xanchor: "left", yanchor: "bottom", align: "left", showarrow: false, font: { size: 11 } };
  layout.annotations = [...(layout.annotations || []), { ...said, ...plain }];
  const data = box.plot.data.map((trace) => (vectors && trace.type === "scattergl" ? { ...trace, type: "scatter" } : trace));
  return { data, layout };
};

const save = async (box, kind) => {
  const { Plotly, latest } = box;
  if (kind === "html") {
    const source = (await (await fetch(latest.plotly)).text()).replaceAll("</script", "<\\/script");
    const { data, layout } = onPaper(box, false);
    const plain = (name, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
    const content = [data, layout].map((part) => JSON.stringify(part, plain).replaceAll("<", "\\u003c"));
    const page = `<!doctype html><meta charset="utf-8"><title>${latest.name}</title><script>${source}</script>` +
      `<div id="map"></div><script>Plotly.newPlot("map", ${content[0]}, ${content[1]})</script>`;
    return hand(new Blob([page], { type: "text/html" }), `${latest.name}.html`);
  }
  const size = { format: kind, width: 900, height: 640, scale: kind === "png" ? 2 : 1 };
  hand(await Plotly.toImage(onPaper(box, kind === "svg"), size), `${latest.name}.${kind}`);
};

const empty = (box) => {
  if (box.Plotly) box.Plotly.purge(box.plot);
  const fresh = box.plot.cloneNode(false);
  box.plot.replaceWith(fresh);
  [box.plot, box.stamp, box.listening] = [fresh, "", false];
};

const useLibrary = (box, Plotly) => {
  if (box.Plotly && box.Plotly !== Plotly) empty(box);
  box.Plotly = Plotly;
};

// What can be seen before the library is there; resolves when the browser has had time to show it.
const sketch = (box) => {
  if (box.latest.later) return Promise.resolve();
  const { figure, data } = ready(box.latest);
  if (!preview(box.plot, data, figure.layout)) return Promise.resolve();
  return new Promise((shown) => requestAnimationFrame(() => { box.dataset.sketched = "yes"; setTimeout(shown); }));
};

const build = (parentElement) => {
  const box = document.createElement("div");
  box.className = "mm-figure";
  box.innerHTML = '<div class="mm-figure-plot" role="figure"></div><div class="mm-under"><span class="mm-save"></span></div>';
  box.plot = box.firstElementChild;
  for (const kind of ["svg", "png", "html"]) {
    const button = document.createElement("button");
    button.textContent = kind.toUpperCase();
    button.dataset.save = kind;
    button.addEventListener("click", () => save(box, kind));
    box.querySelector(".mm-save").appendChild(button);
  }
  parentElement.appendChild(box);
  new ResizeObserver(() => box.stamp && box.Plotly.Plots.resize(box.plot)).observe(box);
  return box;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".mm-figure") || build(parentElement);
  box.latest = data;
  box.tell = setTriggerValue;
  box.plot.setAttribute("aria-label", data.alt);
  box.plot.style.minHeight = `${data.height}px`;
  for (const button of box.querySelectorAll("[data-save]")) {
    button.setAttribute("aria-label", `Save ${data.alt.split(".")[0]} as ${button.textContent}`);
  }
  // One change after another: a quick second click must not overtake the first. And one figure after another, with time
  // to paint between them, so that the first one is seen before the last one is ready.
  box.turn = (box.turn || Promise.resolve(box).then(sketch).catch(() => {}))
    .then(() => load(box.latest.plotly))
    .then((Plotly) => (data.later ? soon(Plotly) : Plotly))
    .then((Plotly) => inTurn(() => { useLibrary(box, Plotly); return draw(box); }))
    .catch((error) => { empty(box); box.plot.textContent = `This picture could not be drawn: ${error.message}`; });
}
