// One Plotly figure that stays the same object: colours, overlays and the lit selection are changed in place, so that
// zoom and lasso survive. Points carry combination * samples + sample; a selection is told as samples.

const load = (url) => {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  window.mmlabPlotly ||= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => done(window.Plotly);
    script.onerror = () => fail(new Error("The drawing library did not load."));
    document.head.appendChild(script);
  });
  return window.mmlabPlotly;
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

const lit = (box, rows) => {
  const wanted = rows ? new Set(rows) : null;
  const traces = [], chosen = [];
  box.plot.data.forEach((trace, place) => {
    if (!trace.customdata || !trace.type.startsWith("scatter") || trace.type === "scatter3d") return;
    traces.push(place);
    if (!wanted) return chosen.push(null);
    const found = [];
    trace.customdata.forEach((id, point) => { if (wanted.has(id % box.latest.samples)) found.push(point); });
    chosen.push(found);
  });
  return traces.length ? box.Plotly.restyle(box.plot, { selectedpoints: chosen }, traces) : null;
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

const draw = async (box) => {
  const { Plotly, latest } = box;
  if (box.stamp !== latest.stamp) {
    const figure = JSON.parse(latest.figure);
    await Plotly.react(box.plot, figure.data.map(inData), figure.layout, configOf(figure.data));
    if (figure.frames) await Plotly.addFrames(box.plot, figure.frames);
    if (!box.listening) { listen(box); box.listening = true; }
    [box.stamp, box.look, box.picked] = [latest.stamp, "", "null"];
  }
  if (box.look !== latest.look) {
    for (const [changes, traces] of JSON.parse(latest.look)) {
      const ready = Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, unpacked(value)]));
      await Plotly.restyle(box.plot, ready, traces);
    }
    box.look = latest.look;
  }
  if (box.picked !== latest.picked) {
    box.picked = latest.picked;
    await lit(box, JSON.parse(latest.picked));
  }
  requestAnimationFrame(() => { box.dataset.drawn = latest.mark; });
};

const hand = (blob, name) => {
  const link = document.createElement("a");
  link.href = typeof blob === "string" ? blob : URL.createObjectURL(blob);
  link.download = name;
  link.click();
};

// On paper of its own, with ink that reads on it; dots as vectors where the file can hold them.
const onPaper = (box, vectors) => {
  const layout = structuredClone(box.plot.layout);
  Object.assign(layout, { paper_bgcolor: "#FFFFFF", plot_bgcolor: "#FFFFFF", width: 900, height: 640 });
  layout.font = { ...layout.font, color: "#1C2430" };
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

const build = (parentElement) => {
  const box = document.createElement("div");
  box.className = "mm-figure";
  box.innerHTML = '<div class="mm-figure-plot" role="img"></div><div class="mm-under"><span class="mm-save"></span></div>';
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
  if (data.preload) return void load(data.preload);
  const box = parentElement.querySelector(".mm-figure") || build(parentElement);
  box.latest = data;
  box.tell = setTriggerValue;
  box.plot.setAttribute("aria-label", data.alt);
  box.plot.style.minHeight = `${data.height}px`;
  for (const button of box.querySelectorAll("[data-save]")) {
    button.setAttribute("aria-label", `Save ${data.alt.split(".")[0]} as ${button.textContent}`);
  }
  // one change after another: a quick second click must not overtake the first
  box.turn = (box.turn || load(data.plotly))
    .then(() => { box.Plotly = window.Plotly; return draw(box); })
    .catch((error) => { box.plot.textContent = `This picture could not be drawn: ${error.message}`; });
}
