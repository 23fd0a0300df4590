// The block, run by onnxruntime-web: what `lvc` does is in blocks.js, and nothing of it here.
// Pages on disk can read scripts alone, so engine.js holds the WebAssembly, compressed.
"use strict";
const loadBlock = async (folder) => {
  const load = (file) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = folder + file;
    script.onload = resolve;
    script.onerror = () => reject(new Error(file));
    document.head.append(script);
  });
  const bytes = (text) => {
    const letters = atob(text), made = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at += 1) made[at] = letters.charCodeAt(at);
    return made;
  };

  await Promise.all(
    ["engine.js", "ort.wasm.min.js", "blocks.js", "photographs.js"].map(load));
  const unpacked = new Blob([bytes(lvcEngine.wasm)]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  ort.env.wasm.wasmBinary = await new Response(unpacked).arrayBuffer();
  const module = new Blob([lvcEngine.module], { type: "text/javascript" });
  ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(module) };
  ort.env.wasm.numThreads = 1; // more threads need a server that allows them
  lvcEngine.wasm = lvcEngine.module = "";

  const { networks, ...known } = lvcBlocks, sessions = {};
  const session = (network, piece) => sessions[`${network} ${piece}`] ??=
    ort.InferenceSession.create(bytes(networks[network].pieces[piece]),
      { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const tensor = (values, dims) => new ort.Tensor("float32", Float32Array.from(values), dims);

  // A run returns tensors by the names of their steps, each with dims and data.
  const run = async (network, piece, feeds, names) => {
    const one = await session(network, piece);
    const made = await one.run(feeds, names ?? one.outputNames);
    return Object.fromEntries(Object.entries(made).map(
      ([name, { dims, data }]) => [name, { dims, data }]));
  };
  return {
    ...known,
    weights: (network) => ({ codewords: networks[network].codewords, scale: networks[network].scale }),
    front: (network, grey, h, w) =>
      run(network, "front", { picture: tensor(grey, [1, 1, h, w]) }),
    back: (network, form, x, { codewords, scale, share }, names) => run(network, form, {
      x: tensor(x.data, x.dims),
      codewords: tensor(codewords.flat(), [codewords.length, codewords[0].length]),
      scale: tensor(scale, [scale.length]),
      share: tensor([share], []),
    }, names),
  };
};
