// The trials: the same block with changed inputs, each with the numbers that its sentence says.
"use strict";
const trialsOf = (block, data) => {
  const { map, distance, weight, encoding, gate } = data.steps;
  const largest = (values) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const apart = (these, those) =>
    these.reduce((most, v, at) => Math.max(most, Math.abs(v - those[at])), 0);
  const length = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;

  // The rows of a tensor whose last axis is k.
  const rows = ({ data, dims }) => {
    const k = dims.at(-1);
    return Array.from({ length: data.length / k }, (_, n) => data.subarray(n * k, n * k + k));
  };
  const heaviest = (tensor) => mean(rows(tensor).map((row) => Math.max(...row)));
  // The codeword that most often has the largest weight, and how often.
  const favourite = (tensor) => {
    const counts = new Array(tensor.dims.at(-1)).fill(0), all = rows(tensor);
    for (const row of all) counts[row.indexOf(Math.max(...row))] += 1;
    const most = Math.max(...counts);
    return { codeword: counts.indexOf(most), share: most / all.length };
  };
  const gateMoved = (run, base) => apart(run[gate].data, base.run[gate].data);

  // An order of n things that is the same each time.
  const order = (n) => {
    const all = Array.from({ length: n }, (_, at) => at);
    let seed = 1;
    for (let at = n - 1; at > 0; at -= 1) {
      seed = (1664525 * seed + 1013904223) % 4294967296;
      const other = Math.floor((seed / 4294967296) * (at + 1));
      [all[at], all[other]] = [all[other], all[at]];
    }
    return all;
  };
  const reordered = ({ data, dims }, places) => {
    const n = places.length;
    return { dims, data: data.map((_, at) => data[at - (at % n) + places[at % n]]) };
  };
  const repeated = ({ data, dims: [b, c, h, w] }) => ({
    dims: [b, c, 2 * h, 2 * w],
    data: Float32Array.from({ length: 4 * data.length }, (_, at) => {
      const column = at % (2 * w), row = Math.floor(at / (2 * w)) % (2 * h);
      const channel = Math.floor(at / (4 * h * w));
      return data[(channel * h + (row % h)) * w + (column % w)];
    }),
  });

  const back = (base, x, changed = {}, network = "trained") =>
    block.back(network, "literal", x,
      { ...block.weights(network), share: base.share, ...changed }, data.shown);
  const whole = async (picture, share, changed = {}, network = "trained") => {
    const front = await block.front(network, picture.grey, picture.height, picture.width);
    const made = await back({ share }, front[data.split], changed, network);
    return { ...front, ...made };
  };

  const trials = {
    async shuffle(base) {
      const x = base.run[data.split], [, , h, w] = x.dims, places = order(h * w);
      const shuffled = reordered(x, places);
      const run = { ...base.run, [data.split]: shuffled, ...(await back(base, shuffled)) };
      return {
        run, picture: pictures.moved(base.picture, [h, w], base.stride, places),
        values: {
          encoding: apart(run[encoding].data, base.run[encoding].data),
          largest: largest(base.run[encoding].data), gate: gateMoved(run, base),
        },
      };
    },
    async tile(base) {
      const picture = pictures.tiled(base.picture);
      const run = await whole(picture, base.share);
      const alone = await back(base, repeated(base.run[data.split]));
      const before = length(base.run[encoding].data);
      return {
        run, picture,
        values: {
          times: length(run[encoding].data) / before,
          alone: length(alone[encoding].data) / before, gate: gateMoved(run, base),
        },
      };
    },
    async scales(base, { t }) {
      const { scale } = block.weights("trained");
      const scaled = scale.map((s) => s * t);
      const changed = await back(base, base.run[data.split], { scale: scaled });
      return {
        run: { ...base.run, ...changed }, scale: scaled,
        values: {
          t, after: heaviest(changed[weight]), before: heaviest(base.run[weight]),
          equal: 1 / scale.length, gate: gateMoved(changed, base),
        },
      };
    },
    async fresh(base) {
      const run = await whole(base.picture, base.share, {}, "new");
      const { codeword, share } = favourite(run[weight]);
      const { scale } = block.weights("new"), trained = favourite(base.run[weight]);
      return {
        run, scale,
        values: {
          codeword, share: 100 * share, rank: scale.filter((s) => s > scale[codeword]).length + 1,
          codes: scale.length, trained: 100 * trained.share,
        },
      };
    },
    async one(base, { codeword }) {
      const { codewords, scale } = block.weights("trained");
      const alone = scale.map((s, k) => (k === codeword ? s : data.off));
      const changed = await back(base, base.run[data.split], { scale: alone });
      const e = changed[encoding], [, , c] = e.dims, pixels = changed[map];
      const row = e.data.subarray(codeword * c, codeword * c + c);
      const n = pixels.data.length / c;
      const pooled = codewords[codeword].map((d, at) =>
        n * base.share * (mean(pixels.data.subarray(at * n, at * n + n)) - d));
      const others = e.data.filter((_, at) => Math.floor(at / c) !== codeword);
      return {
        run: { ...base.run, ...changed }, scale: alone,
        values: {
          codeword, least: Math.min(...rows(changed[weight]).map((all) => all[codeword])),
          error: apart(row, pooled), largest: largest(row), others: largest(others),
          gate: gateMoved(changed, base),
        },
      };
    },
    async sum(base) {
      const changed = await back(base, base.run[data.split], { share: 1 });
      const ends = (run) => run[gate].data.filter((g) => g < 0.01 || g > 0.99).length;
      return {
        run: { ...base.run, ...changed },
        values: {
          times: length(changed[encoding].data) / length(base.run[encoding].data),
          ends: ends(changed), instead: ends(base.run), channels: changed[gate].data.length,
          gate: gateMoved(changed, base),
        },
      };
    },
    async memory(base) {
      const made = {}, bytes = {};
      for (const [form, names] of Object.entries(data.made)) {
        made[form] = await block.back("trained", form, base.run[data.split],
          { ...block.weights("trained"), share: base.share }, names);
        bytes[form] = names.reduce((sum, name) => sum + made[form][name].data.byteLength, 0);
      }
      const [literal, product] = Object.keys(data.made);
      return {
        run: base.run,
        values: {
          literal: bytes[literal], product: bytes[product],
          times: bytes[literal] / bytes[product],
          encoding: apart(made[literal][encoding].data, made[product][encoding].data),
          largest: largest(made[literal][encoding].data),
        },
      };
    },
  };
  return { trials, whole };
};
