(() => {
  const site = window.mmlabSite;
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const one = (id) => document.getElementById(id);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const members = site.keys.map((key) => site.inputs.map((input) => key.split("-").includes(input.name)));
  const minus = (text) => text.replace("-", "−");
  const written = (value) => (site.scale.share ? `${minus((100 * value).toFixed(1))} %` : minus(value.toFixed(site.scale.digits)));
  const change = (value) => {
    const text = minus(site.scale.share ? (100 * value).toFixed(1) : value.toFixed(site.scale.digits));
    return `${value > 0 ? "+" : ""}${text}${site.scale.share ? " points" : ""}`;
  };
  let model = 0, picked = site.keys.length - 1;

  // Every combination
  const pick = (key, focus) => {
    picked = site.keys.indexOf(key);
    const { scores, bounds, title } = site.models[model];
    for (const node of all("[data-pick]")) node.setAttribute("aria-pressed", String(node.dataset.pick === key));
    for (const row of all("[data-row]")) row.classList.toggle("picked", row.dataset.row === key);
    if (focus) all(`[data-model="${model}"] [data-pick]`).find((node) => node.dataset.pick === key)?.focus();
    const score = scores[picked];
    const steps = site.keys.flatMap((other, place) => {
      const apart = site.inputs.filter((_, m) => members[place][m] !== members[picked][m]);
      if (apart.length !== 1 || score === null || scores[place] === null) return [];
      const taken = members[picked].filter(Boolean).length > members[place].filter(Boolean).length;
      return [`${taken ? "Without" : "With"} ${apart[0].label} ${change(scores[place] - score)}`];
    });
    const interval = bounds[picked] ? ` (95 % interval ${bounds[picked]})` : "";
    one("picked").textContent =
      `${title}, ${site.labels[picked]}: ${score === null ? "no score" : written(score)}${interval}. ${steps.join("; ")}.`;
  };
  const hit = (event) => event.target.closest("[data-pick]");
  for (const board of all(".board")) {
    board.addEventListener("click", (event) => hit(event) && pick(hit(event).dataset.pick));
    board.addEventListener("keydown", (event) => {
      if (!hit(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      const own = hit(event).dataset.keys.split(" ").find((pair) => pair.startsWith(`${event.key}:`));
      if (!own && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick(own ? own.slice(event.key.length + 1) : hit(event).dataset.pick, true);
    });
  }

  // When inputs fail at random: the expected score in closed form, without the case that nothing is left
  const expected = (scores, failure) => {
    let total = 0, sum = 0;
    for (const [place, there] of members.entries()) {
      const weight = there.reduce((product, is, m) => product * (is ? 1 - failure[m] : failure[m]), 1);
      if (weight && scores[place] === null) return null;
      total += weight;
      sum += weight && weight * scores[place];
    }
    return total ? sum / total : null;
  };
  const fail = () => {
    const failure = all("[data-input]").map((slider) => {
      slider.previousElementSibling.textContent = `${slider.value} %`;
      return slider.value / 100;
    });
    const found = site.models.map((each) => expected(each.scores, failure));
    const most = Math.max(...site.models.flatMap((each) => each.scores), Number.MIN_VALUE);
    for (const [place, value] of found.entries()) {
      const row = all(`[data-expected="${place}"]`)[0];
      row.dataset.value = value;
      row.children[1].textContent = value === null ? "–" : written(value);
      row.querySelector("i").style.width = `${Math.max(0, (100 * value) / most)}%`;
    }
    one("failing").textContent = found.includes(null)
      ? "No score can be expected: every input surely fails, or a combination that may occur has no score."
      : site.scale.higher ? "" : "Lower is better.";
  };
  for (const slider of all("[data-input]")) slider.addEventListener("input", fail);

  // The embedding
  const canvas = one("map"), shown = one("shown"), colouring = one("colouring");
  const unpacked = site.models.map(() => null);
  const drawn = () => (unpacked[model] ??= {
    ...site.models[model].map,
    size: site.models[model].map.size.map((side) => Math.max(side, 1e-3)),
    places: new Uint16Array(bytes(site.models[model].map.points).buffer),
    present: bytes(site.models[model].map.there),
    codes: site.models[model].map.colourings.map((each) => bytes(each.codes)),
  });
  const options = (select, names, chosen) => {
    select.replaceChildren(...names.map((name, place) => new Option(name, place, false, place === chosen)));
  };
  const spot = (map, row) => {
    const at = Number(shown.value) * map.ids.length + row, margin = 8;
    if (!map.present[at]) return null;
    const wide = canvas.width / devicePixelRatio - 2 * margin, high = canvas.height / devicePixelRatio - 2 * margin;
    return [margin + (map.places[2 * at] / 65535) * wide / map.size[0],
      margin + high - (map.places[2 * at + 1] / 65535) * high / map.size[1], at];
  };
  const draw = () => {
    const map = drawn(), width = canvas.clientWidth;
    canvas.style.height = `${Math.min(width * map.size[1] / map.size[0], 640)}px`;
    [canvas.width, canvas.height] = [width * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
    const pen = canvas.getContext("2d"), way = map.colourings[colouring.value], codes = map.codes[colouring.value];
    const counts = new Map();
    pen.scale(devicePixelRatio, devicePixelRatio);
    for (let row = 0; row < map.ids.length; row++) {
      const place = spot(map, row), code = place && codes[place[2]];
      if (!place || code === 255) continue;
      counts.set(code, (counts.get(code) || 0) + 1);
      pen.fillStyle = way.colours[code];
      pen.beginPath();
      pen.arc(place[0], place[1], 2.4, 0, 2 * Math.PI);
      pen.fill();
    }
    one("legend").replaceChildren(...way.names.flatMap((name, code) => {
      const swatch = document.createElement("span");
      swatch.style.setProperty("--c", way.colours[code]);
      swatch.textContent = `${name} (${counts.get(code) || 0})`;
      return counts.has(code) ? [swatch] : [];
    }));
    one("mapped").textContent = map.about;
  };
  canvas.addEventListener("pointermove", (event) => {
    const map = drawn();
    let best = 12, found = null;
    for (let row = 0; row < map.ids.length; row++) {
      const place = spot(map, row);
      const far = place ? Math.hypot(place[0] - event.offsetX, place[1] - event.offsetY) : Infinity;
      if (far < best) [best, found] = [far, [row, place[2]]];
    }
    const said = found && map.colourings.map((way, c) => way.names[map.codes[c][found[1]]]).filter(Boolean).join(", ");
    one("point").textContent = found ? `${map.ids[found[0]]}: ${said}` : "";
  });
  for (const select of [shown, colouring]) select.addEventListener("change", draw);
  window.addEventListener("resize", draw);

  // Which model
  const choose = () => {
    model = Number(one("model").value);
    for (const part of all("[data-model]")) part.hidden = part.dataset.model !== String(model);
    options(shown, site.labels, shown.value ? Number(shown.value) : site.labels.length - 1);
    options(colouring, site.models[model].map.colourings.map((way) => way.title), 0);
    pick(site.keys[picked]);
    draw();
  };
  one("model").addEventListener("change", choose);
  choose();
  fail();
})();
