// The plane of chapters 4 and 5. lvcbook/plane.py draws the start; this draws the same
// marks again wherever the reader puts the points. Positions are hundredths.
"use strict";
(() => {
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const hundredth = (value) => Math.round(100 * value) / 100 + 0; // no -0
  const number = (value) => hundredth(value).toFixed(2);
  const vector = (values) => values.map(number).join(", ");

  // Pixels (n c), codewords (k c), scale (k) -> residuals (n k c), weights (n k), E (k c).
  const encode = (pixels, codewords, scale) => {
    const residuals = pixels.map((x) => codewords.map((d) => x.map((v, c) => v - d[c])));
    const weights = residuals.map((row) => {
      const scores = row.map((r, k) => scale[k] * sum(r.map((v) => v * v)));
      const largest = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - largest));
      return powers.map((power) => power / sum(powers));
    });
    const encoding = codewords.map((d, k) =>
      d.map((_, c) => sum(pixels.map((_, n) => weights[n][k] * residuals[n][k][c]))));
    return { residuals, weights, encoding };
  };

  const begin = (root) => {
    const data = JSON.parse(root.dataset.plane), part = partsOf(root);
    const side = data.side;
    const all = (selector) => [...root.querySelectorAll(selector)];
    const [svg] = all("svg"), [fieldset] = all("fieldset"), [said] = all("p");
    const points = all(".point"), inputs = all("input"), values = all(".value");
    const slices = all(".slice"), pairs = all(".pair"), sums = all(".sum");
    const totals = all(".total"), vectors = all(".vector");
    const dashed = all(".residual"), thin = all(".weighted"), thick = all(".encoding");
    const pixelCount = data.pixels.length, codewordCount = data.codewords.length;
    let places, scale, timer;

    const arrow = (path, tail, [right, up]) => {
      const x = side * tail[0], y = side * (1 - tail[1]);
      const dx = side * right, dy = -side * up;
      const share = 9 / Math.max(Math.hypot(dx, dy), 9);
      const tip = [x + dx, y + dy], back = [tip[0] - share * dx, tip[1] - share * dy];
      const left = [back[0] - (share * dy) / 2, back[1] + (share * dx) / 2];
      const other = [back[0] + (share * dy) / 2, back[1] - (share * dx) / 2];
      const corners = [[x, y], tip, left, tip, other];
      path.setAttribute("d", "M" + corners.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L"));
    };

    const draw = () => {
      const pixels = places.slice(0, pixelCount), codewords = places.slice(pixelCount);
      const { residuals, weights, encoding } = encode(pixels, codewords, scale);
      places.forEach((place, i) => {
        const x = side * place[0], y = side * (1 - place[1]);
        points[i].setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
        points[i].setAttribute("aria-valuenow", place[0]);
        points[i].setAttribute("aria-valuetext", vector(place));
      });
      weights.forEach((row, n) => {
        sums[n].textContent = number(sum(row));
        row.forEach((weight, k) => {
          const i = n * codewordCount + k, residual = residuals[n][k];
          slices[i].setAttribute("stroke-dasharray", `${weight.toFixed(3)} 1`);
          slices[i].setAttribute("stroke-dashoffset", (-sum(row.slice(0, k))).toFixed(3));
          pairs[i].style.setProperty("--weight", weight.toFixed(3));
          pairs[i].firstChild.textContent = number(weight);
          pairs[i].lastChild.textContent = vector(residual);
          arrow(dashed[i], codewords[k], residual);
          arrow(thin[i], codewords[k], residual.map((v) => weight * v));
        });
      });
      encoding.forEach((e, k) => {
        totals[k].textContent = number(sum(weights.map((row) => row[k])));
        vectors[k].textContent = vector(e);
        arrow(thick[k], codewords[k], e.map((v) => v / pixelCount));
        inputs[k].value = scale[k];
        values[k].textContent = scale[k].toFixed(1);
      });
      return { weights, encoding };
    };

    // Say what changed when the reader pauses, not at every step of a drag.
    const say = (what, index) => {
      const { weights, encoding } = draw();
      clearTimeout(timer);
      timer = setTimeout(() => {
        const place = vector(places[what === "pixel" ? index : pixelCount + index]);
        said.replaceChildren(part(`${what}-moved`, what === "pixel"
          ? { index, place, weights: vector(weights[index]) }
          : { index, place, scale: scale[index].toFixed(1), encoding: vector(encoding[index]) }));
      }, 500);
    };

    const reset = () => {
      places = [...data.pixels, ...data.codewords];
      scale = [...data.scale];
      draw();
      clearTimeout(timer);
      said.replaceChildren(part("how"));
    };

    points.forEach((point, i) => {
      const what = i < pixelCount ? "pixel" : "codeword";
      const index = i < pixelCount ? i : i - pixelCount;
      const words = { role: "slider", tabindex: 0, "aria-label": part(what, { index }).textContent,
        "aria-roledescription": part("point").textContent, "aria-valuemin": 0, "aria-valuemax": 1 };
      Object.entries(words).forEach(([name, value]) => point.setAttribute(name, value));

      const move = (place) => {
        places[i] = place.map((v) => hundredth(Math.min(1, Math.max(0, v))));
        say(what, index);
      };
      const under = (event) => {
        const at = new DOMPoint(event.clientX, event.clientY);
        const { x, y } = at.matrixTransform(svg.getScreenCTM().inverse());
        return [x / side, 1 - y / side];
      };
      // Else the page may take the finger for itself and scroll.
      point.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      let held; // from the pointer to the point
      point.addEventListener("pointerdown", (event) => {
        if (event.button) return;
        event.preventDefault();
        point.focus();
        point.setPointerCapture(event.pointerId);
        held = under(event).map((v, c) => places[i][c] - v);
      });
      point.addEventListener("pointermove", (event) => {
        if (point.hasPointerCapture(event.pointerId)) move(under(event).map((v, c) => v + held[c]));
      });
      point.addEventListener("keydown", (event) => {
        const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
        const way = ways[event.key];
        if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        move(way.map((v, c) => places[i][c] + (event.shiftKey ? 0.1 : 0.01) * v));
      });
    });
    inputs.forEach((input, k) => input.addEventListener("input", () => {
      scale[k] = input.valueAsNumber;
      say("codeword", k);
    }));
    fieldset.querySelector("button").addEventListener("click", reset);
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", part("all").textContent);
    root.dataset.live = "";
    fieldset.disabled = false;
    reset();
  };

  document.querySelectorAll(".plane:not([data-live])").forEach(begin);
})();
