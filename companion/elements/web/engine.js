// The engine: runs the networks that companion/elements/export.py wrote, one image at a time. A model's program is a list of
// steps; each takes earlier results, or stored tensors, and gives a new one. All of it is plain loops over Float32Array.
globalThis.companionFigures ??= (() => {
  const pointwise = {
    relu: (v) => (v > 0 ? v : 0),
    sigmoid: (v) => 1 / (1 + Math.exp(-v)),
    silu: (v) => v / (1 + Math.exp(-v)),
    tanh: Math.tanh, exp: Math.exp, sin: Math.sin, cos: Math.cos, sqrt: Math.sqrt,
    neg: (v) => -v,
  };
  const sums = { add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b };

  // Place of each entry of a tensor of one shape in a tensor of another that is stretched to it, as PyTorch does.
  function stretched(from, to) {
    const places = new Int32Array(to.reduce((n, d) => n * d, 1));
    const shape = [...Array(to.length - from.length).fill(1), ...from];
    const steps = shape.map((d, i) => (d === 1 ? 0 : shape.slice(i + 1).reduce((n, e) => n * e, 1)));
    for (let i = 0; i < places.length; i++) {
      for (let axis = to.length - 1, rest = i; axis >= 0; axis--) {
        places[i] += steps[axis] * (rest % to[axis]);
        rest = Math.floor(rest / to[axis]);
      }
    }
    return places;
  }

  // Place of the pixel that lies under each weight of a filter (channels, k, k), for each of rows x columns places where the filter
  // is laid on a picture (channels, height, width): (channels * k * k, rows * columns), -1 beyond the edge.
  function under([, channels, height, width], [, , rows, columns], k, stride, pad) {
    const places = new Int32Array(channels * k * k * rows * columns).fill(-1);
    for (let weight = 0, i = 0; weight < channels * k * k; weight++) {
      const dx = weight % k, dy = Math.floor(weight / k) % k, channel = Math.floor(weight / (k * k));
      for (let y = dy - pad; y < dy - pad + rows * stride; y += stride) {
        for (let x = dx - pad; x < dx - pad + columns * stride; x += stride, i++) {
          if (x >= 0 && x < width && y >= 0 && y < height) places[i] = (channel * height + y) * width + x;
        }
      }
    }
    return places;
  }

  // A matrix (rows, n), whose entries lie rowStep and step apart in a, times b (n, size): four terms at once, for speed.
  function times(a, rowStep, step, rows, n, b, size) {
    const out = new Float32Array(rows * size);
    for (let r = 0; r < rows; r++) {
      const to = r * size;
      for (let i = 0; i < n; i += 4) {
        const at = r * rowStep + i * step, b0 = i * size, left = n - i;
        if (left >= 4) {
          const b1 = b0 + size, b2 = b1 + size, b3 = b2 + size, w0 = a[at], w1 = a[at + step], w2 = a[at + 2 * step], w3 = a[at + 3 * step];
          for (let p = 0; p < size; p++) out[to + p] += w0 * b[b0 + p] + w1 * b[b1 + p] + w2 * b[b2 + p] + w3 * b[b3 + p];
        } else {
          for (let j = 0; j < left; j++) for (let p = 0; p < size; p++) out[to + p] += a[at + j * step] * b[b0 + j * size + p];
        }
      }
    }
    return out;
  }

  function withBias(out, bias, area) {
    if (bias) for (let i = 0; i < out.length; i++) out[i] += bias.data[Math.floor(i / area)];
    return out;
  }

  const operations = {
    view: ({ of: [x] }) => x.data,
    cat({ of }) {
      const out = new Float32Array(of.reduce((n, x) => n + x.data.length, 0));
      of.reduce((at, x) => { out.set(x.data, at); return at + x.data.length; }, 0);
      return out;
    },
    slice({ of: [x], from, size }) { // along the second axis: the first has one entry
      const each = x.data.length / x.shape[1];
      return x.data.subarray(from * each, from * each + size);
    },
    row: ({ of: [index, table], size }) => table.data.subarray(index.data[0] * size, (index.data[0] + 1) * size),
    linear({ of: [x, weight, bias], size }) { // weight: (out, in)
      const out = new Float32Array(size), n = x.data.length;
      for (let o = 0, w = 0; o < size; o++) {
        let sum = bias ? bias.data[o] : 0;
        for (let i = 0; i < n; i++, w++) sum += weight.data[w] * x.data[i];
        out[o] = sum;
      }
      return out;
    },
    product({ of: [x, weight, bias], size }) { // weight: (in, out)
      const out = bias ? Float32Array.from(bias.data) : new Float32Array(size);
      x.data.forEach((v, i) => { for (let o = 0; o < size; o++) out[o] += v * weight.data[i * size + o]; });
      return out;
    },
    conv({ of: [x, weight, bias], shape, size, places }) { // weight: (out, in, k, k)
      const channels = shape[1], area = size / channels, all = places.length / area;
      const seen = new Float32Array(places.length);
      for (let i = 0; i < places.length; i++) if (places[i] >= 0) seen[i] = x.data[places[i]];
      return withBias(times(weight.data, all, 1, channels, all, seen, area), bias, area);
    },
    deconv({ of: [x, weight, bias], shape, size, places }) { // a transposed convolution; weight: (in, out, k, k)
      const inputs = x.shape[1], area = x.data.length / inputs, all = places.length / area, out = new Float32Array(size);
      const stamps = times(weight.data, 1, all, all, inputs, x.data, area); // of each weight, from each place
      for (let i = 0; i < places.length; i++) if (places[i] >= 0) out[places[i]] += stamps[i];
      return withBias(out, bias, size / shape[1]);
    },
    norm({ of: [x, weight, bias], size, groups, epsilon }) { // group normalisation
      const out = new Float32Array(size), each = size / groups, area = size / x.shape[1];
      for (let g = 0; g < groups; g++) {
        const part = x.data.subarray(g * each, (g + 1) * each);
        const mean = part.reduce((sum, v) => sum + v, 0) / each;
        const scale = 1 / Math.sqrt(part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / each + epsilon);
        part.forEach((v, i) => {
          const c = Math.floor((g * each + i) / area);
          out[g * each + i] = (v - mean) * scale * weight.data[c] + bias.data[c];
        });
      }
      return out;
    },
  };
  for (const [name, f] of Object.entries(pointwise)) operations[name] = ({ of: [x] }) => x.data.map(f);
  for (const [name, f] of Object.entries(sums)) {
    operations[name] = ({ of: [a, b], places }) => {
      const out = new Float32Array(places[0].length);
      for (let i = 0; i < out.length; i++) out[i] = f(a.data[places[0][i]], b.data[places[1][i]]);
      return out;
    };
  }

  const product = (shape) => shape.reduce((n, d) => n * d, 1);

  function half(bits) { // a float16 from its 16 bits
    const sign = bits >> 15 ? -1 : 1, power = (bits >> 10) & 31, rest = bits & 1023;
    return power ? sign * (1 + rest / 1024) * 2 ** (power - 15) : sign * rest * 2 ** -24;
  }

  function restored(bytes, { shape, kind, at }) {
    const count = product(shape);
    if (kind === "float32") return new Float32Array(bytes, at, count).slice();
    if (kind === "float16") return Float32Array.from(new Uint16Array(bytes, at, count), half);
    if (kind === "uint8") return Float32Array.from(new Uint8Array(bytes, at, count), (v) => v / 255);
    const scale = new Float32Array(bytes, at, shape[0]), each = count / shape[0]; // int8: a scale for each row
    return Float32Array.from(new Int8Array(bytes, at + 4 * shape[0], count), (v, i) => v * scale[Math.floor(i / each)]);
  }

  class Model {
    constructor({ programs, tensors, facts, sha256, content }) {
      const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0)).buffer;
      this.tensors = {};
      for (const [name, entry] of Object.entries(tensors)) {
        this.tensors[name] = { shape: entry.shape, data: restored(bytes, entry) };
      }
      this.facts = facts;
      this.sha256 = sha256;
      this.programs = programs;
      for (const { inputs, steps } of Object.values(programs)) {
        const shapes = [...inputs];
        const shapeOf = (what) => (typeof what === "string" ? this.tensors[what].shape : shapes[what]);
        for (const step of steps) {
          shapes[step.out] = step.shape;
          step.size = product(step.shape);
          if (step.op in sums) step.places = step.of.map((what) => stretched(shapeOf(what), step.shape));
          if (step.op.endsWith("conv")) { // the filter of a deconv lies on its result
            const shapes = [shapeOf(step.of[0]), step.shape];
            step.places = under(...(step.op === "conv" ? shapes : shapes.reverse()), shapeOf(step.of[1])[2], step.stride, step.pad);
          }
        }
      }
    }

    // The numbers of a stored tensor: those of one row, where a row is asked for.
    numbers(name, row) {
      const { shape, data } = this.tensors[name], each = data.length / shape[0];
      return row === undefined ? data : data.subarray(row * each, (row + 1) * each);
    }

    // run("encode", x) -> the numbers of the result; of the first one, where a program gives several (runAll: of each).
    run(program, ...inputs) {
      return this.runAll(program, ...inputs)[0];
    }

    runAll(program, ...inputs) {
      const { inputs: shapes, steps, outputs } = this.programs[program];
      const values = shapes.map((shape, i) => ({ shape, data: Float32Array.from(inputs[i]) }));
      for (const [i, { shape, data }] of values.entries()) {
        if (data.length !== product(shape)) throw new Error(`input ${i} of ${program} has ${data.length} numbers; expected ${product(shape)}`);
      }
      for (const step of steps) {
        const of = step.of.map((what) => (typeof what === "string" ? this.tensors[what] : values[what]));
        values[step.out] = { shape: step.shape, data: operations[step.op]({ ...step, of }) };
      }
      return outputs.map((place) => values[place].data);
    }
  }

  const models = {}, builders = {}, waiting = {};
  return {
    Model,
    // A file of weights calls this. The bytes become numbers when they are first used.
    add(name, exported) { models[name] = { exported }; },
    model(name) { return (models[name].model ??= new Model(models[name].exported)); },
    has: (name) => name in models,
    // The script of a figure calls this: build(figure, models) puts its controls into the element.
    define(kind, build) { builders[kind] = build; },
    builder: (kind) => builders[kind],
    waiting,
  };
})();
