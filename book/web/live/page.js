// The live page: one store of what is shown, which the views, the controls and the address share.
"use strict";
(() => {
  const root = document.querySelector(".live");
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const part = partsOf(root), find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const number = (value) => value.toLocaleString(document.documentElement.lang);
  const tell = (name, values) => find(".says").replaceChildren(part(name, values));

  const state = { ...data.start };
  let hover = {}, block, trials, base, now, yours, timer, waiting, running, fixed, digits;

  const views = viewsOf(root, data, part, (found, chosen) => {
    if (!now) return;
    if (chosen) { hover = {}; choose(found); } else { hover = found; draw(); }
  });
  ({ fixed, digits } = views);

  // The store

  const clamp = (value, most) => Math.max(0, Math.min(most - 1, Math.round(value) || 0));
  function shown() {
    const { codeword, channel, pixel } = { ...state, ...hover };
    const [, k, c] = now.run[data.steps.encoding].dims;
    return Object.assign(now, {
      codeword: clamp(codeword, k), channel: clamp(channel, c),
      pixel: [clamp(pixel[0], now.h), clamp(pixel[1], now.w)],
    });
  }
  let frame = 0;
  function draw() {
    if (!frame) frame = requestAnimationFrame(() => {
      frame = 0;
      const begin = performance.now();
      views.draw(shown());
      root.frame = performance.now() - begin;
    });
  }

  // What needs a run of the block, and what only another look.
  function choose(changes, remember = true) {
    const rerun = ["picture", "size", "trial", "t"].some(
      (name) => name in changes && changes[name] !== state[name]) ||
      (state.trial === "one" && "codeword" in changes && changes.codeword !== state.codeword);
    Object.assign(state, changes);
    if (remember) write();
    controls();
    if (rerun) return refresh();
    draw();
    explain();
    return null;
  }

  async function refresh() {
    waiting = true;
    if (running) return running;
    root.setAttribute("aria-busy", true);
    running = (async () => {
      while (waiting) {
        waiting = false;
        await compute({ ...state });
      }
    })();
    try {
      await running;
    } catch (error) {
      tell("failed", { error: error.message });
    } finally {
      running = null;
      root.removeAttribute("aria-busy");
    }
    return null;
  }

  const ours = {};
  async function bitmapOf(name) {
    if (name === data.yours) return yours.bitmap;
    ours[name] ??= createImageBitmap(new Blob(
      [Uint8Array.from(atob(lvcPictures[name]), (letter) => letter.charCodeAt(0))]));
    return ours[name];
  }

  async function compute(asked) {
    if (!base || base.of !== asked.picture || base.size !== asked.size ||
        (asked.picture === data.yours && base.bitmap !== yours.bitmap)) {
      const bitmap = await bitmapOf(asked.picture);
      const picture = pictures.small(bitmap, asked.size);
      const front = await block.front("trained", picture.grey, picture.height, picture.width);
      const [, , h, w] = front[data.split].dims, share = block.pixels / (h * w);
      const back = await block.back("trained", "literal", front[data.split],
        { ...block.weights("trained"), share }, data.shown);
      const stride = Math.max(1, Math.round(Math.max(picture.height, picture.width) / Math.max(h, w)));
      base = { of: asked.picture, size: asked.size, bitmap, picture, share, stride,
        run: { ...front, ...back } };
      describe();
    }
    let made = { run: base.run };
    if (asked.trial) made = await trials.trials[asked.trial](base, asked);
    const [, , h, w] = made.run[data.steps.map].dims;
    now = { run: made.run, picture: made.picture ?? base.picture, stride: base.stride, h, w,
      scale: made.scale ?? block.weights("trained").scale };
    root.shown = { ...made, base, values: made.values, now };
    views.shapes(now);
    controls();
    views.draw(shown());
    came(asked.trial, made.values);
    explain();
  }

  // What the page says

  function describe() {
    const { picture, bitmap, of } = base, [, , h, w] = base.run[data.split].dims;
    const name = of === data.yours ? yours.name : data.pictures[of].name;
    const values = { name, wide: number(bitmap.width), high: number(bitmap.height),
      width: picture.width, height: picture.height, h, w, n: number(h * w) };
    const said = [part(picture.scaled ? "scaled" : "whole", values)];
    if (picture.transparent) said.push(part("transparent"));
    if (of === data.yours && yours.animated) said.push(part("animated"));
    if (of === data.yours && yours.others) said.push(part("others", { count: yours.others }));
    find(".says").replaceChildren(...said);
  }

  // What is counted; all else is measured, and shown with three digits.
  const COUNTED = ["codeword", "rank", "codes", "ends", "instead", "t", "channels", "literal",
    "product"];
  function came(trial, values) {
    const place = find(".came");
    if (!trial) return place.replaceChildren(part("none"));
    const shownValues = Object.fromEntries(Object.entries(values).map(
      ([name, value]) => [name, (COUNTED.includes(name) ? number : digits)(value)]));
    return place.replaceChildren(part(`expect-${trial}`, shownValues), part(`came-${trial}`, shownValues));
  }

  // Say in words what is shown when the reader pauses, not at every step.
  function explain() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { pixel, codeword, channel, run, w } = shown(), { weight, gate } = data.steps;
      const k = run[weight].dims.at(-1), n = pixel[0] * w + pixel[1];
      const weights = run[weight].data.subarray(n * k, n * k + k), gates = run[gate].data;
      const first = weights.indexOf(Math.max(...weights)), top = gates.indexOf(Math.max(...gates));
      find(".said").replaceChildren(part(first === codeword ? "said-same" : "said", {
        row: pixel[0], column: pixel[1], first, weight: fixed(weights[first]), codeword,
        own: fixed(weights[codeword]), top, most: fixed(1 + gates[top]), channel,
        factor: fixed(1 + gates[channel]) }));
    }, 400);
  }

  function controls() {
    for (const button of all("[name=picture]"))
      button.setAttribute("aria-pressed", button.value === state.picture);
    for (const button of all("[name=trial]"))
      button.setAttribute("aria-pressed", button.value === state.trial);
    find("[name=size]").value = state.size;
    find("[name=t]").value = state.t;
    find(".strength").hidden = state.trial !== "scales";
    find(".strength output").textContent = state.t;
    if (now) {
      const { pixel, codeword, channel, h, w, run } = shown();
      const [, k, c] = run[data.steps.encoding].dims;
      const values = { row: [pixel[0], h], column: [pixel[1], w], codeword: [codeword, k],
        channel: [channel, c] };
      for (const [name, [value, count]] of Object.entries(values)) {
        const slider = find(`[name=${name}]`);
        slider.max = count - 1;
        slider.value = value;
        slider.nextElementSibling.textContent = value;
      }
    }
    all(".tour li").forEach((stop, at) => {
      stop.hidden = at !== state.stop;
      if (at === state.stop) for (const view of all("[data-view]"))
        view.classList.toggle("at", stop.dataset.views.includes(view.dataset.view));
    });
    find("[name=back]").disabled = !state.stop;
    find("[name=next]").disabled = state.stop === all(".tour li").length - 1;
  }

  // The address

  function write() {
    const { pixel, ...rest } = state;
    const address = "#" + new URLSearchParams({ ...rest, pixel: pixel.join() });
    if (address !== location.hash) history.replaceState(null, "", address);
  }
  function read() {
    const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const whole = (text, fallback) => (/^\d{1,4}$/.test(text ?? "") ? +text : fallback);
    const changes = { ...data.start };
    for (const name of ["codeword", "channel"]) changes[name] = whole(asked[name], changes[name]);
    changes.stop = Math.min(whole(asked.stop, changes.stop), all(".tour li").length - 1);
    const pixel = (asked.pixel ?? "").match(/^(\d{1,4}),(\d{1,4})$/);
    if (pixel) changes.pixel = [+pixel[1], +pixel[2]];
    if (Object.hasOwn(data.pictures, asked.picture ?? "")) changes.picture = asked.picture;
    if (asked.picture === data.yours && yours) changes.picture = data.yours;
    if (data.sizes.includes(+asked.size)) changes.size = +asked.size;
    if (all("[name=trial]").some(({ value }) => value === asked.trial)) changes.trial = asked.trial;
    const t = Number(asked.t);
    if (asked.t && t >= 0 && t <= +find("[name=t]").max) changes.t = t;
    return changes;
  }

  // What the reader brings

  async function take(files) {
    const file = files[0];
    if (!file) return tell("nothing");
    tell("reading", { name: file.name });
    try {
      yours = { ...(await pictures.decode(file)), name: file.name, others: files.length - 1 };
    } catch {
      return tell("broken", { name: file.name });
    }
    state.picture = "";
    return choose({ picture: data.yours });
  }

  function receive() {
    find("[name=file]").addEventListener("change", ({ target }) => {
      take(target.files);
    });
    const drop = document.documentElement;
    drop.addEventListener("dragover", (event) => {
      event.preventDefault();
      root.classList.add("over");
    });
    drop.addEventListener("dragleave", () => root.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("over");
      take(event.dataTransfer.files);
    });
    addEventListener("paste", ({ clipboardData }) => {
      if (clipboardData.files.length) take(clipboardData.files);
    });
    if (navigator.mediaDevices?.getUserMedia) camera();
  }

  function camera() {
    const box = find(".camera"), video = box.querySelector("video");
    let stream;
    const stop = () => {
      stream?.getTracks().forEach((track) => track.stop());
      stream = video.srcObject = null;
      box.hidden = true;
      find("[name=camera]").focus();
    };
    find("[name=camera]").hidden = false;
    find("[name=camera]").addEventListener("click", async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: true });
        video.srcObject = stream;
        await video.play();
      } catch (error) {
        tell("no-camera", { error: error.name });
        return;
      }
      box.hidden = false;
      box.querySelector("[name=shoot]").focus();
    });
    box.querySelector("[name=stop]").addEventListener("click", stop);
    box.querySelector("[name=shoot]").addEventListener("click", async () => {
      yours = { bitmap: await createImageBitmap(video), animated: false, others: 0,
        name: part("camera").textContent };
      stop();
      state.picture = "";
      choose({ picture: data.yours });
    });
  }

  function listen() {
    root.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (!button) return;
      if (button.name === "picture") choose({ picture: button.value });
      if (button.name === "trial") {
        const trial = button.value === state.trial ? "" : button.value;
        const t = trial === "scales" && state.t === 1 ? data.t : state.t;
        choose({ trial, t });
      }
      if (button.name === "back" || button.name === "next") {
        choose({ stop: state.stop + (button.name === "next" ? 1 : -1) });
        if (button.disabled) find(".tour li:not([hidden])").focus();
      }
      if (button.name === "again") choose({ ...data.start });
    });
    find("[name=size]").addEventListener("change", ({ target }) => choose({ size: +target.value }));
    root.addEventListener("input", ({ target }) => {
      const value = target.valueAsNumber;
      if (target.name === "t") choose({ t: value });
      if (target.name === "row") choose({ pixel: [value, state.pixel[1]] });
      if (target.name === "column") choose({ pixel: [state.pixel[0], value] });
      if (["codeword", "channel"].includes(target.name)) choose({ [target.name]: value });
    });
    addEventListener("hashchange", () => {
      if (location.hash.includes("=")) choose(read(), false);
    });
  }

  // The beginning

  async function load() {
    const begun = performance.now(), button = find("[name=load]");
    button.disabled = true;
    tell("loading");
    try {
      block = await loadBlock(root.dataset.folder);
      trials = trialsOf(block, data);
      for (const button of all("[name=picture] img"))
        button.src = "data:image/webp;base64," + lvcPictures[button.closest("button").value];
      Object.assign(state, read());
      await refresh();
      if (!now) throw new Error(find(".says").textContent);
    } catch (error) {
      tell("failed", { error: error.message });
      button.disabled = false;
      return;
    }
    find(".begin").hidden = find(".static").hidden = true;
    find(".app").hidden = false;
    listen();
    receive();
    views.listen(() => now);
    root.loaded = performance.now() - begun;
    find(".tour li:not([hidden])").focus({ preventScroll: true });
  }

  const able = self.WebAssembly && self.DecompressionStream && self.OffscreenCanvas &&
    self.createImageBitmap;
  if (!able) { tell("unable"); return; }
  find(".begin").hidden = false;
  find("[name=load]").addEventListener("click", load);
})();
