// The shape explorer. All data come from the page; see book/explorer.py.
(() => {
  const root = document.querySelector(".explorer");
  const data = JSON.parse(root.querySelector("script").textContent);
  const form = root.querySelector("form");
  const views = root.querySelector(".views");
  const axes = Object.keys(data.least);
  const forms = Object.keys(data.made);
  const start = { ...data.example, block: Object.keys(data.blocks)[0], form: forms[0] };
  const settings = { ...start };
  let chosen = 0; // the row that is explained
  let changed = ""; // the control that changed last

  // Axes such as "b (4 c) h w", evaluated: the only arithmetic.

  const split = (text) =>
    [...text.matchAll(/\(([^)]*)\)|(\S+)/g)].map((match) => match[1] || match[2]);

  function size(part) {
    if (part in settings) return BigInt(settings[part]);
    if (!(part in data.derived)) return BigInt(part);
    const [of, plus, divisor] = data.derived[part];
    return (count(of) + BigInt(plus)) / BigInt(divisor);
  }
  const product = (sizes) => sizes.reduce((all, one) => all * one, 1n);
  const shape = (text) => split(text).map((axis) => product(axis.split(" ").map(size)));
  const count = (text) => product(shape(text));
  const total = (texts) => texts.map(count).reduce((all, one) => all + one, 0n);
  const bytes = (text) => 4n * count(text);

  // Words and marks

  const escape = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt()};`);
  const number = (value) => value.toLocaleString("en");
  const plural = (value, word) => `${number(value)} ${word}${value === 1n ? "" : "s"}`;
  const tuple = (text) =>
    `(${shape(text).join(", ")}${shape(text).length === 1 ? "," : ""})`;

  function large(value, units, base) {
    let [rounded, unit] = [Number(value), 0];
    while (rounded >= base && unit < units.length - 1) [rounded, unit] = [rounded / base, unit + 1];
    return `${rounded.toPrecision(3).replace(/\.?0+$/, rounded % 1 ? "" : "$&")} ${units[unit]}`;
  }
  const inBytes = (value) => large(value, ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024);

  function chips(text) {
    const sizes = shape(text);
    return split(text).map((axis, at) => {
      const name = axis.replace(/ /g, "");
      const label = name === "1" ? name : `${name} ${sizes[at]}`;
      return `<i style="background:${data.colours[name.slice(-1)]}">${label}</i>`;
    }).join("");
  }
  function bar(value, most) {
    const width = (100 * Number(value)) / Number(most);
    return '<svg aria-hidden="true" viewBox="0 0 100 4" width="100%" height="4" ' +
      'preserveAspectRatio="none"><rect class="room" width="100" height="4"/>' +
      `<rect class="part" width="${width.toFixed(2)}" height="4"/></svg>`;
  }
  function row(name, cells) {
    const tds = cells.map(([label, html]) =>
      `<td role="cell" data-label="${label}">${html}</td>`).join("");
    return `<tr role="row"><th scope="row" role="rowheader">${name}</th>${tds}</tr>`;
  }
  const fill = (table, rows) => {
    views.querySelector(`table.${table} tbody`).innerHTML = rows.join("");
  };

  // What the page shows

  const steps = () => data.blocks[settings.block][settings.form];

  function show() {
    showSteps();
    showForms();
    views.querySelector(".code").textContent = code();
    views.querySelector(".copied").textContent = "";
    explain(Math.min(chosen, steps().length - 1));
    for (const axis of axes) {
      const slider = form.querySelector(`[type=range][name=${axis}]`);
      slider.value = settings[axis];
      slider.setAttribute("aria-valuetext", settings[axis]);
    }
    for (const name of ["block", "form"])
      form.querySelector(`[name=${name}][value=${settings[name]}]`).checked = true;
    for (const button of form.querySelectorAll("[name=preset]")) {
      const preset = Object.entries(data.presets[button.value]);
      const same = preset.every(([name, value]) => settings[name] === value);
      button.setAttribute("aria-pressed", same);
    }
  }

  function showSteps() {
    const all = Object.values(data.blocks[settings.block]).flat();
    const most = all.map((step) => bytes(step.axes)).reduce((a, b) => (a > b ? a : b));
    const rows = steps().map((step, at) => row(
      `<button type="button" data-step="${at}">${step.name}</button>` +
      `<code>${escape(step.pattern)}</code>`,
      [
        ["shape", chips(step.axes)],
        ["bytes", number(bytes(step.axes)) + bar(bytes(step.axes), most)],
        ["operations", number(total(step.operations))],
        ["parameters", number(total(step.parameters))],
      ]));
    const sum = (kind) => number(steps().map((step) => total(step[kind])).reduce((a, b) => a + b));
    rows.push(row(settings.block, [
      ["shape", ""], ["bytes", ""],
      ["operations", sum("operations")], ["parameters", sum("parameters")],
    ]));
    // The row that has the focus keeps it.
    const focus = document.activeElement.dataset.step;
    fill("steps", rows);
    if (focus) views.querySelector(`[data-step="${focus}"]`)?.focus();
  }

  function showForms() {
    const made = Object.entries(data.made);
    const largest = made.map(([, all]) =>
      all.reduce((a, b) => (bytes(b.axes) > bytes(a.axes) ? b : a)));
    const most = largest.map((one) => bytes(one.axes)).reduce((a, b) => (a > b ? a : b));
    fill("forms", made.map(([name, all], at) => row(`${name} form`, [
      ["bytes in all", number(total(all.map((one) => one.axes)) * 4n)],
      ["largest tensor", chips(largest[at].axes) + "<br>" + number(bytes(largest[at].axes)) +
        " bytes" + bar(bytes(largest[at].axes), most)],
      ["operations", number(all.map(operationsOf).reduce((a, b) => a + b))],
    ])));
    for (const [name, all] of made)
      fill(`made.${name}`, all.map((one) => row(one.name, [
        ["axes", chips(one.axes)],
        ["bytes", number(bytes(one.axes)) + bar(bytes(one.axes), most)],
        ["operations", number(operationsOf(one))],
      ])));
  }
  const operationsOf = (one) => total(one.operations.split(", "));

  function explain(at) {
    chosen = at;
    const step = steps()[at];
    const before = new Set(split(step.takes[0] ?? step.axes));
    const after = new Set(split(step.axes));
    const comes = [...after].filter((axis) => !before.has(axis) && axis !== "1");
    const goes = [...before].filter((axis) => !after.has(axis) && axis !== "1");
    const moves = [
      ...comes.map((axis) => `<b>${axis}</b> comes`),
      ...goes.map((axis) => `<b>${axis}</b> goes`),
    ].join(", ");
    const lines = [`<b>${step.name}</b>: ${escape(step.does)}.`];
    if (step.takes.length)
      lines.push(`From ${step.takes.map((text) => `${text} ${tuple(text)}`).join(" and ")}: ` +
        `${moves || "no axis comes or goes"}.`);
    lines.push(`Result: ${shape(step.axes).join(" · ")} = ${plural(count(step.axes), "number")} ` +
      `of 4 bytes, ${inBytes(bytes(step.axes))}.`);
    if (step.operations.length) {
      const few = step.operations.length < 9;
      lines.push("Operations" + (few ? `: ${step.operations.join(" + ")} = ` : ": ") +
        `${number(total(step.operations))}.`);
    } else lines.push("No operations.");
    if (step.parameters.length) {
      const few = step.parameters.length < 9;
      lines.push(`Parameters${few ? ` ${step.parameters.map(tuple).join(", ")}` : ""}: ` +
        `${number(total(step.parameters))}.`);
    }
    views.querySelector(".explained").innerHTML = lines.join(" ");
    for (const tr of views.querySelectorAll(".steps tbody tr"))
      tr.classList.toggle("chosen", tr.rowIndex - 1 === at);
  }

  function code() {
    const { b, c, h, w, k, block } = settings;
    const codes = block === "LightMLPBlock" ? "" : `, num_codes=${k}`;
    return [
      "import torch", "", "import lvc", "",
      'torch.set_default_device("meta")  # shapes without memory; leave it out to compute',
      `block = lvc.${block}(${c}${codes}).eval()`,
      `x = torch.rand(${b}, ${c}, ${h}, ${w})`,
      "print(lvc.trace(block, x))", "",
    ].join("\n");
  }

  // What the reader sets

  // Take a text for an axis; return whether it is a size, and if not and `aloud`, say so.
  function take(axis, text, aloud) {
    const field = form.querySelector(`#explorer-${axis}`);
    const says = form.querySelector(`#explorer-${axis}-says`);
    const [least, most] = [data.least[axis], data.most[axis]];
    const good = /^\d{1,9}$/.test(text.trim()) && +text >= least && +text <= most;
    if (good) settings[axis] = +text;
    if (good || aloud) {
      const got = text.trim().slice(0, 20) || "nothing";
      says.textContent = good ? "" : `${axis} must be a whole number from ${least} to ` +
        `${number(most)}, got ${got}; ${settings[axis]} stays.`;
      field.setAttribute("aria-invalid", !good);
    }
    if (field.value !== text) field.value = text;
    return good;
  }

  const address = () => "#" + new URLSearchParams(settings);

  // One step back for each control that changed, not for each step of a slider.
  function remember(control) {
    if (address() !== location.hash)
      history[control === changed ? "replaceState" : "pushState"](null, "", address());
    changed = control;
  }

  // Show what the address asks for; it may also name a heading, which asks for nothing.
  function read() {
    const asked = new URLSearchParams(location.hash.slice(1));
    changed = "";
    for (const axis of axes) take(axis, asked.get(axis) ?? String(start[axis]), true);
    const { block, form: way } = Object.fromEntries(asked);
    settings.block = Object.hasOwn(data.blocks, block) ? block : start.block;
    settings.form = forms.includes(way) ? way : start.form;
    show();
  }

  function set({ target }, aloud) {
    const { name, type, value } = target;
    if (type === "radio") settings[name] = value;
    else if (!take(name, value, aloud)) return;
    show();
    if (aloud) remember(name);
  }
  form.addEventListener("input", (event) => set(event, false));
  form.addEventListener("change", (event) => set(event, true));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", ({ target }) => {
    if (target.name !== "preset") return;
    const { block, ...sizes } = data.presets[target.value];
    for (const axis of axes) take(axis, String(sizes[axis]), true);
    settings.block = block;
    show();
    remember(target.value);
  });

  for (const kind of ["mouseover", "focusin"])
    views.addEventListener(kind, ({ target }) => {
      const button = target.closest(".steps tbody tr")?.querySelector("button");
      if (button) explain(+button.dataset.step);
    });
  views.addEventListener("click", async ({ target }) => {
    if (target.name !== "copy") return;
    const says = views.querySelector(".copied");
    try {
      await navigator.clipboard.writeText(code());
      says.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(views.querySelector(".code"));
      says.textContent = "The code is selected: press Ctrl+C.";
    }
  });
  // A link to a heading of the page changes nothing that is shown.
  addEventListener("hashchange", () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    if (location.hash.length < 2 || Object.keys(start).some((name) => asked.has(name))) read();
  });

  read();
  form.hidden = views.hidden = false;
  root.querySelector(".static").hidden = true;
})();
