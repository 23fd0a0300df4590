// Pictures as the reader brings them: files of any kind and size, made small and grey.
"use strict";
const pictures = (() => {
  // What counts as grey: the luminance of scikit-image's rgb2gray.
  const LUMINANCE = [0.2125, 0.7154, 0.0721];

  const frames = async (file) => {
    if (!self.ImageDecoder || !(await ImageDecoder.isTypeSupported(file.type || "image/x")))
      return 1;
    const decoder = new ImageDecoder({ data: file.stream(), type: file.type });
    await decoder.tracks.ready;
    await decoder.completed;
    const count = decoder.tracks.selectedTrack.frameCount;
    decoder.close();
    return count;
  };

  // Decode a file, upright as its EXIF says; of an animated one, the first frame.
  const decode = async (file) => {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const count = await frames(file).catch(() => 1);
    return { bitmap, animated: count > 1 };
  };

  // Scale down, so that no side is longer than `size`: grey values from 0 to 1, on white.
  const small = (bitmap, size) => {
    const factor = Math.min(1, size / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map(
      (side) => Math.max(1, Math.round(side * factor)));
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const grey = new Float32Array(width * height);
    let transparent = false;
    grey.forEach((_, at) => {
      const [red, green, blue, alpha] = data.subarray(4 * at, 4 * at + 4);
      if (alpha < 255) transparent = true;
      const light = LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue;
      grey[at] = ((light / 255) * alpha) / 255 + 1 - alpha / 255;
    });
    return { grey, width, height, transparent, scaled: factor < 1 };
  };

  // The same picture four times.
  const tiled = ({ grey, width, height }) => {
    const [wide, high] = [2 * width, 2 * height];
    const all = Float32Array.from({ length: wide * high }, (_, at) =>
      grey[(Math.floor(at / wide) % height) * width + ((at % wide) % width)]);
    return { grey: all, width: wide, height: high };
  };

  // The cells of a picture, one for each pixel of a map, in another order.
  const moved = ({ grey, width, height }, [h, w], stride, order) => {
    const [wide, high] = [w * stride, h * stride];
    const all = Float32Array.from({ length: wide * high }, (_, at) => {
      const [row, column] = [Math.floor(at / wide), at % wide];
      const from = order[Math.floor(row / stride) * w + Math.floor(column / stride)];
      const y = Math.floor(from / w) * stride + (row % stride);
      const x = (from % w) * stride + (column % stride);
      return grey[Math.min(y, height - 1) * width + Math.min(x, width - 1)];
    });
    return { grey: all, width: wide, height: high };
  };
  return { decode, small, tiled, moved };
})();
