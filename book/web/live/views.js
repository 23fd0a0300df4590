// The views: each draws what the page shows now, and says what the reader points at.
"use strict";
const viewsOf = (root, data, part, point) => {
  const view = (name) => root.querySelector(`[data-view="${name}"]`);
  const canvas = (name) => root.querySelector(`canvas[data-canvas="${name}"]`);
  const digits = (value) => {
    const size = Math.abs(value);
    if (size && (size < 0.001 || size >= 1e5)) return value.toExponential(1);
    return size < 1000 ? value.toPrecision(3) : value.toFixed(0);
  };
  const fixed = (value) => value.toFixed(3);
  const range = (values) => {
    let [low, high] = [Infinity, -Infinity];
    for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
    return [low, high];
  };
  const say = (element, name, values) => element.replaceChildren(part(name, values));

  function chips(name, { dims }) {
    return data.axes[name].map((axis, at) => {
      const chip = part("chip").firstChild;
      chip.textContent = axis === "1" ? "1" : `${axis} ${dims[at]}`;
      chip.style.background = data.colours[axis];
      return chip;
    });
  }

  // Levels from dark, the low end, to light, the high end.
  function paint(name, values, width, height, [low, high] = range(values)) {
    const target = canvas(name), context = target.getContext("2d");
    if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
    const image = context.createImageData(width, height), span = high - low || 1;
    for (let at = 0; at < width * height; at += 1) {
      const level = (255 * (values[at] - low)) / span;
      image.data.set([level, level, level, 255], 4 * at);
    }
    context.putImageData(image, 0, 0);
    return context;
  }
  function label(name, words, values) {
    canvas(name).removeAttribute("aria-hidden");
    canvas(name).setAttribute("role", "img");
    canvas(name).setAttribute("aria-label", part(words, values).textContent);
  }

  // Marks are boxes over a canvas, in shares of it.
  function mark(name, kind, at, [left, top, width, height]) {
    const stage = canvas(name).parentElement;
    const marks = stage.querySelectorAll(`.${kind}`);
    const box = marks[at] ?? stage.appendChild(Object.assign(document.createElement("i"),
      { className: kind }));
    const places = { left, top, width, height };
    for (const [side, share] of Object.entries(places)) box.style[side] = `${100 * share}%`;
  }
  const unmark = (name, kind, from) =>
    [...canvas(name).parentElement.querySelectorAll(`.${kind}`)].slice(from)
      .forEach((box) => box.remove());
  const cell = ([row, column], h, w) => [column / w, row / h, 1 / w, 1 / h];
  const onPicture = ([row, column], { picture, stride }) => {
    const { width, height } = picture;
    return [column * stride / width, row * stride / height, stride / width, stride / height];
  };

  // A list with a row for each number, copied once from the template in it.
  function rows(list, count) {
    const model = list.querySelector("template").content.firstElementChild;
    const there = () => list.querySelectorAll("[data-row]");
    while (there().length < count)
      list.append(Object.assign(model.cloneNode(true), {}));
    const all = [...there()];
    all.slice(count).forEach((row) => row.remove());
    all.forEach((row, at) => { row.dataset.row = at; });
    return all.slice(0, count);
  }
  const cut = (tensor, index, size) =>
    tensor.data.subarray(index * size, index * size + size);

  // The pixels nearest to a codeword, no two of them neighbours.
  function nearest(now, count, gap) {
    const tensor = now.run[data.steps.distance], k = tensor.dims.at(-1);
    const n = tensor.data.length / k, found = [];
    const away = Float32Array.from({ length: n }, (_, at) => tensor.data[at * k + now.codeword]);
    const order = Array.from(away.keys()).sort((a, b) => away[a] - away[b]);
    for (const at of order) {
      const place = [Math.floor(at / now.w), at % now.w];
      const far = ([row, column]) =>
        Math.max(Math.abs(row - place[0]), Math.abs(column - place[1])) >= gap;
      if (found.every(({ place: other }) => far(other))) found.push({ place, distance: away[at] });
      if (found.length === count) break;
    }
    return found;
  }

  const draw = {
    picture(now) {
      const { grey, width, height } = now.picture;
      if (now.drawn !== now.picture) paint("picture", grey, width, height, [0, 1]);
      mark("picture", "pixel", 0, onPicture(now.pixel, now));
      say(view("picture").querySelector(".value"), "picture-value", {
        width, height, row: now.pixel[0], column: now.pixel[1],
        light: fixed(grey[Math.min(height - 1, now.pixel[0] * now.stride) * width +
          Math.min(width - 1, now.pixel[1] * now.stride)]) });
      label("picture", "picture-label", { width, height });
    },
    map(now) {
      const tensor = now.run[data.steps.map], size = now.h * now.w;
      const values = cut(tensor, now.channel, size), [low, high] = range(values);
      paint("map", values, now.w, now.h, [low, high]);
      mark("map", "pixel", 0, cell(now.pixel, now.h, now.w));
      const c = tensor.dims[1], n = now.pixel[0] * now.w + now.pixel[1];
      const vector = Array.from({ length: c }, (_, at) => tensor.data[at * size + n]);
      paint("vector", vector, c, 1);
      mark("vector", "channel", 0, [now.channel / c, 0, 1 / c, 1]);
      say(view("map").querySelector(".value"), "map-value", { channel: now.channel,
        low: digits(low), high: digits(high), value: digits(vector[now.channel]) });
      label("map", "map-label", { channel: now.channel, low: digits(low), high: digits(high) });
      label("vector", "vector-label", { channels: c, row: now.pixel[0], column: now.pixel[1],
        low: digits(Math.min(...vector)), high: digits(Math.max(...vector)) });
    },
    pixel(now) {
      const { distance, score, weight } = data.steps;
      const k = now.run[weight].dims.at(-1), n = now.pixel[0] * now.w + now.pixel[1];
      const [distances, scores, weights] = [distance, score, weight].map(
        (name) => cut(now.run[name], n, k));
      const farthest = Math.max(...distances), least = Math.max(...scores.map(Math.abs));
      rows(view("pixel").querySelector("tbody"), k).forEach((row, at) => {
        row.classList.toggle("chosen", at === now.codeword);
        const [name, ...cells] = row.children;
        name.firstElementChild.textContent = `k ${at}`;
        const values = [[distances[at], farthest, digits], [scores[at], least, digits],
          [weights[at], 1, fixed]];
        values.forEach(([value, most, text], column) => {
          cells[column].textContent = text(value);
          cells[column].style.setProperty("--part", Math.abs(value) / (most || 1));
        });
      });
      const residual = cut(now.run[data.steps.residual], n * k + now.codeword,
        now.run[data.steps.residual].dims.at(-1));
      paint("residual", residual, residual.length, 1);
      mark("residual", "channel", 0, [now.channel / residual.length, 0, 1 / residual.length, 1]);
      label("residual", "residual-label", { codeword: now.codeword, channels: residual.length,
        row: now.pixel[0], column: now.pixel[1],
        low: digits(Math.min(...residual)), high: digits(Math.max(...residual)) });
      say(view("pixel").querySelector(".value"), "pixel-value", {
        codeword: now.codeword, channel: now.channel, residual: digits(residual[now.channel]),
        distance: digits(distances[now.codeword]), scale: digits(now.scale[now.codeword]),
        score: digits(scores[now.codeword]),
        sum: fixed(weights.reduce((sum, v) => sum + v, 0)) });
    },
    codeword(now) {
      const tensor = now.run[data.steps.weight], k = tensor.dims.at(-1), size = now.h * now.w;
      const values = Float32Array.from({ length: size }, (_, at) => tensor.data[at * k + now.codeword]);
      const [low, high] = range(values), { grey, width, height } = now.picture;
      const context = paint("codeword", grey, width, height, [0, 1]);
      const tint = new ImageData(now.w, now.h), colour = data.paint;
      for (let at = 0; at < size; at += 1)
        tint.data.set([...colour, (230 * values[at]) / (high || 1)], 4 * at);
      const layer = new OffscreenCanvas(now.w, now.h);
      layer.getContext("2d").putImageData(tint, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(layer, 0, 0, now.w * now.stride, now.h * now.stride);
      mark("codeword", "pixel", 0, onPicture(now.pixel, now));
      const found = nearest(now, 5, Math.max(2, Math.round(Math.min(now.h, now.w) / 12)));
      found.forEach(({ place }, at) => mark("codeword", "near", at, onPicture(place, now)));
      unmark("codeword", "near", found.length);
      rows(view("codeword").querySelector(".crops"), found.length).forEach((row, at) => {
        const { place, distance } = found[at], crop = row.querySelector("canvas");
        const side = 8 * now.stride, x = (place[1] + 0.5) * now.stride - side / 2;
        const pen = crop.getContext("2d");
        pen.imageSmoothingEnabled = false;
        pen.clearRect(0, 0, crop.width, crop.height);
        pen.drawImage(canvas("picture"), x, (place[0] + 0.5) * now.stride - side / 2, side, side,
          0, 0, crop.width, crop.height);
        row.place = place;
        row.setAttribute("aria-label", part("crop",
          { row: place[0], column: place[1], distance: digits(distance) }).textContent);
        row.querySelector("span").textContent = digits(distance);
      });
      const share = values.reduce((sum, v) => sum + v, 0) / size;
      say(view("codeword").querySelector(".value"), "codeword-value", { codeword: now.codeword,
        low: fixed(low), high: fixed(high), mean: fixed(share),
        here: fixed(values[now.pixel[0] * now.w + now.pixel[1]]) });
      label("codeword", "codeword-label", { codeword: now.codeword, low: fixed(low),
        high: fixed(high), mean: fixed(share) });
    },
    encoding(now) {
      const tensor = now.run[data.steps.encoding], [, k, c] = tensor.dims;
      const [low, high] = range(tensor.data);
      paint("encoding", tensor.data, c, k, [low, high]);
      mark("encoding", "codeword", 0, [0, now.codeword / k, 1, 1 / k]);
      mark("encoding", "channel", 0, [now.channel / c, 0, 1 / c, 1]);
      say(view("encoding").querySelector(".value"), "encoding-value", { codeword: now.codeword,
        channel: now.channel, value: digits(tensor.data[now.codeword * c + now.channel]),
        low: digits(low), high: digits(high) });
      label("encoding", "encoding-label", { codewords: k, channels: c,
        low: digits(low), high: digits(high) });
    },
    gate(now) {
      const gates = now.run[data.steps.gate].data;
      rows(view("gate").querySelector("ul"), gates.length).forEach((row, at) => {
        row.classList.toggle("chosen", at === now.channel);
        row.firstElementChild.textContent = `c ${at}`;
        row.style.setProperty("--part", gates[at]);
        row.lastElementChild.textContent = fixed(1 + gates[at]);
      });
      say(view("gate").querySelector(".value"), "gate-value",
        { channel: now.channel, gate: fixed(gates[now.channel]) });
    },
    output(now) {
      const { before, after, gate } = data.steps, size = now.h * now.w;
      const n = now.pixel[0] * now.w + now.pixel[1];
      const [x, y] = [before, after].map((name) => cut(now.run[name], now.channel, size));
      const ends = [Math.min(range(x)[0], range(y)[0]), Math.max(range(x)[1], range(y)[1])];
      for (const [name, values] of [["before", x], ["after", y]]) {
        paint(name, values, now.w, now.h, ends);
        mark(name, "pixel", 0, cell(now.pixel, now.h, now.w));
        const [low, high] = range(values);
        label(name, `${name}-label`, { channel: now.channel, low: digits(low), high: digits(high) });
      }
      say(view("output").querySelector(".value"), "output-value", { channel: now.channel, before: digits(x[n]),
        factor: fixed(1 + now.run[gate].data[now.channel]), after: digits(y[n]),
        low: digits(ends[0]), high: digits(ends[1]) });
    },
  };

  // What is pointed at: a place on a picture or map, a row, a cell of the encoding.
  const places = { picture: "pixel", codeword: "pixel", map: "pixel", before: "pixel",
    after: "pixel", vector: "channel", residual: "channel", encoding: "both" };
  function under(event, now) {
    const target = event.target.closest("[data-row], .stage");
    if (!target) return null;
    if (target.dataset.row) {
      const list = target.closest("[data-of]").dataset.of;
      return list === "pixel" ? { pixel: target.place } : { [list]: +target.dataset.row };
    }
    const drawn = target.querySelector("canvas"), box = drawn.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return null;
    const name = drawn.dataset.canvas, of = (share, size) => Math.floor(share * size);
    if (places[name] === "channel") return { channel: of(x, drawn.width) };
    if (places[name] === "both")
      return { channel: of(x, drawn.width), codeword: of(y, drawn.height) };
    const onMap = ["map", "before", "after"].includes(name), { picture, stride, h, w } = now();
    const at = onMap ? [of(y, h), of(x, w)]
      : [of(y * picture.height, 1 / stride), of(x * picture.width, 1 / stride)];
    return { pixel: [Math.min(h - 1, at[0]), Math.min(w - 1, at[1])] };
  }

  return {
    draw(now) {
      for (const one of Object.values(draw)) one(now);
      now.drawn = now.picture;
    },
    shapes(now) {
      for (const place of root.querySelectorAll("[data-shape]")) {
        const name = place.dataset.shape;
        place.replaceChildren(...chips(name, name === "picture"
          ? { dims: [1, 1, now.picture.height, now.picture.width] } : now.run[data.steps[name]]));
      }
    },
    listen(now) {
      const pipeline = root.querySelector(".pipeline");
      pipeline.addEventListener("pointermove", (event) => {
        const found = under(event, now);
        if (event.pointerType === "touch") { if (found && event.buttons) point(found, true); }
        else point(found ?? {}, false);
      });
      pipeline.addEventListener("pointerleave", () => point({}, false));
      pipeline.addEventListener("click", (event) => {
        const found = under(event, now);
        if (found) point(found, true);
      });
    },
    digits, fixed,
  };
};
