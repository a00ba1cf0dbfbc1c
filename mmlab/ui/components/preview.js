// The dots of flat maps on a canvas, in the places and colours that Plotly will give them: seen while the library is
// still being read, and gone when it has drawn. Only for axes whose ranges are known beforehand.

const shadesOf = (colorscale) => {
  const strip = Object.assign(document.createElement("canvas"), { width: 256, height: 1 }).getContext("2d");
  const ramp = strip.createLinearGradient(0, 0, 256, 0);
  for (const [place, colour] of colorscale) ramp.addColorStop(place, colour);
  strip.fillStyle = ramp;
  strip.fillRect(0, 0, 256, 1);
  const { data } = strip.getImageData(0, 0, 256, 1);
  return Array.from({ length: 256 }, (_, i) => `rgb(${data[4 * i]} ${data[4 * i + 1]} ${data[4 * i + 2]})`);
};

const scaleOf = (axis, pixels, before, after) => {
  const [low, high] = axis.range, [from, to] = axis.domain || [0, 1], room = pixels - before - after;
  return (value) => before + room * (from + ((to - from) * (value - low)) / (high - low));
};

const paintCloud = (paper, trace, layout, wide, high) => {
  const { l, r, t, b } = layout.margin, { color, colorscale, cmin, cmax } = trace.marker;
  const [xaxis, yaxis] = ["x", "y"].map((way) => layout[(trace[`${way}axis`] || way).replace(way, `${way}axis`)]);
  const [across, up] = [scaleOf(xaxis, wide, l, r), scaleOf(yaxis, high, b, t)];
  const shades = shadesOf(colorscale);
  for (let i = 0; i < trace.x.length; i++) {
    paper.fillStyle = shades[Math.max(0, Math.min(255, Math.floor((256 * (color[i] - cmin)) / (cmax - cmin))))];
    paper.fillRect(across(trace.x[i]) - 2, high - up(trace.y[i]) - 2, 4, 4);
  }
};

const preview = (plot, data, layout) => {
  const clouds = data.filter((trace) => trace.type === "scattergl" && trace.customdata && trace.marker.colorscale);
  const axes = Object.entries(layout).filter(([name]) => /^[xy]axis/.test(name)).map(([, axis]) => axis);
  if (!clouds.length || axes.some((axis) => !axis.range)) return false;
  const sheet = document.createElement("canvas"), wide = plot.clientWidth, high = layout.height;
  sheet.className = "mm-preview";
  sheet.setAttribute("aria-hidden", "true");
  [sheet.width, sheet.height] = [wide, high];
  const paper = sheet.getContext("2d");
  paper.globalAlpha = 0.7;
  for (const trace of clouds) paintCloud(paper, trace, layout, wide, high);
  plot.appendChild(sheet);
  return true;
};
