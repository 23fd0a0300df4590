// The shape explorer. All data and words come from the page: lvcbook/explorer.py and its template.
(() => {
  const root = document.querySelector(".explorer");
  const part = partsOf(root);
  const data = JSON.parse(root.querySelector("script").textContent);
  const form = root.querySelector("form");
  const views = root.querySelector(".views");
  const axes = Object.keys(data.least);
  const forms = Object.keys(data.made);
  const start = { ...data.example, block: Object.keys(data.blocks)[0], form: forms[0] };
  const settings = { ...start };
  let chosen = 0; // the row that is explained
  let changed = ""; // the control that changed last

  // Sizes of axes: {b, (4 c), h} comes as [["b"], ["4", "c"], ["h"]]. The only arithmetic.

  function size(factor) {
    if (factor in settings) return BigInt(settings[factor]);
    if (!(factor in data.derived)) return BigInt(factor);
    const { of, plus, divisor } = data.derived[factor];
    return (count(of) + BigInt(plus)) / BigInt(divisor);
  }
  const product = (sizes) => sizes.reduce((all, one) => all * one, 1n);
  const sum = (sizes) => sizes.reduce((all, one) => all + one, 0n);
  const largestOf = (sizes) => sizes.reduce((a, b) => (a > b ? a : b));
  const shape = ({ axes }) => axes.map((factors) => product(factors.map(size)));
  const count = (one) => product(shape(one));
  const total = (all) => sum(all.map(count));
  const bytes = ({ makes }) => 4n * count(makes);

  // Words and marks

  const language = document.documentElement.lang;
  const plural = new Intl.PluralRules(language);
  const number = (value) => value.toLocaleString(language);
  const tuple = (one) =>
    `(${shape(one).join(", ")}${shape(one).length === 1 ? "," : ""})`;
  const between = (parts, sign) => parts.flatMap((one, at) => (at ? [sign(), one] : [one]));

  function inBytes(value) {
    const units = part("units").textContent.split(", ");
    let [rounded, unit] = [Number(value), 0];
    while (rounded >= 1024 && unit < units.length - 1) [rounded, unit] = [rounded / 1024, unit + 1];
    const digits = rounded < 100 ? rounded.toPrecision(3) : rounded.toFixed();
    return `${number(Number(digits))} ${units[unit]}`;
  }
  function chips(one) {
    const sizes = shape(one);
    return one.axes.map((factors, at) => {
      const name = factors.join(""), chip = part("chip").firstChild;
      chip.textContent = name === "1" ? name : `${name} ${sizes[at]}`;
      chip.style.background = data.colours[name.slice(-1)];
      return chip;
    });
  }
  function bar(value, most) {
    const drawn = part("bar");
    const width = (100 * Number(value)) / Number(most);
    drawn.querySelector(".part").setAttribute("width", width.toFixed(2));
    return drawn;
  }

  // Give a table its rows: for each a heading, and what stands under which column.
  function fill(kind, rows) {
    const table = views.querySelector(`table.${kind.replace(" ", ".")}`);
    const model = table.querySelector("template").content.firstElementChild;
    table.tBodies[0].replaceChildren(...rows.map(([heading, cells]) => {
      const row = model.cloneNode(true);
      row.querySelector("th").append(heading);
      for (const [column, shown] of Object.entries(cells))
        row.querySelector(`td.${column}`).append(...[shown].flat());
      return row;
    }));
  }

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
    const most = largestOf(Object.values(data.blocks[settings.block]).flat().map(bytes));
    const rows = steps().map((step, at) => {
      const heading = part("step", step);
      heading.querySelector("button").dataset.step = at;
      return [heading, {
        axes: chips(step.makes),
        bytes: [number(bytes(step)), bar(bytes(step), most)],
        operations: number(total(step.operations)),
        parameters: number(total(step.parameters)),
      }];
    });
    const inAll = (kind) => number(sum(steps().map((step) => total(step[kind]))));
    rows.push([settings.block,
      { operations: inAll("operations"), parameters: inAll("parameters") }]);
    // The row that has the focus keeps it.
    const focus = document.activeElement.dataset.step;
    fill("steps", rows);
    if (focus) views.querySelector(`[data-step="${focus}"]`)?.focus();
  }

  function showForms() {
    const made = Object.entries(data.made);
    const most = largestOf(made.flatMap(([, all]) => all.map(bytes)));
    fill("forms", made.map(([name, all]) => {
      const largest = all.reduce((a, b) => (bytes(b) > bytes(a) ? b : a));
      return [part(`form-${name}`), {
        sum: number(sum(all.map(bytes))),
        largest: part("largest", { chips: chips(largest.makes),
          bytes: number(bytes(largest)), bar: bar(bytes(largest), most) }),
        operations: number(sum(all.map((one) => total(one.operations)))),
      }];
    }));
    for (const [name, all] of made)
      fill(`made ${name}`, all.map((one) => [one.name, {
        axes: chips(one.makes),
        bytes: [number(bytes(one)), bar(bytes(one), most)],
        operations: number(total(one.operations)),
      }]));
  }

  function explain(at) {
    chosen = at;
    const { name, does, takes, makes, operations, parameters } = steps()[at];
    const names = ({ axes }) => axes.map((factors) => factors.join(" "));
    const [before, after] = [names(takes[0] ?? makes), names(makes)];
    const only = (these, those) =>
      [...new Set(these)].filter((axis) => axis !== "1" && !those.includes(axis));
    const moves = [
      ...only(after, before).map((axis) => part("comes", { axis })),
      ...only(before, after).map((axis) => part("goes", { axis })),
    ];
    const said = [part("does", { name, does })];
    if (takes.length) said.push(part("takes", {
      tensors: between(takes.map((one) => `${one.text} ${tuple(one)}`), () => part("and")),
      moves: moves.length ? moves.map((move, at) => (at ? part("next", { move }) : move))
        : part("stays"),
    }));
    const made = count(makes);
    said.push(part(`result-${plural.select(Number(made))}`, { sizes: shape(makes).join(" · "),
      count: number(made), amount: inBytes(4n * made) }));
    // A long list of terms is left out.
    if (!operations.length) said.push(part("no-operations"));
    else said.push(part(operations.length < 9 ? "few-operations" : "operations",
      { terms: operations.map(({ text }) => text).join(" + "), total: number(total(operations)) }));
    if (parameters.length) said.push(part(parameters.length < 9 ? "few-parameters" : "parameters",
      { shapes: parameters.map(tuple).join(", "), total: number(total(parameters)) }));
    views.querySelector(".explained").replaceChildren(...said);
    for (const tr of views.querySelectorAll(".steps tbody tr"))
      tr.classList.toggle("chosen", tr.rowIndex - 1 === at);
  }

  function code() {
    const named = (text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    const values = { ...settings };
    values.arguments = named(data.arguments[settings.block]);
    return named(data.program);
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
      const got = text.trim().slice(0, 20) || part("nothing");
      says.replaceChildren(good ? "" : part("refused",
        { axis, least, most: number(most), got, size: settings[axis] }));
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
      says.replaceChildren(part("copied"));
    } catch {
      getSelection().selectAllChildren(views.querySelector(".code"));
      says.replaceChildren(part("selected"));
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
