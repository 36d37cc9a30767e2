// Copyright 2026 depth_ros maintainers
// SPDX-License-Identifier: Apache-2.0
// Point clouds to turn around, drawn by the CPU on a canvas: no WebGL, no library, no network.
// What a frame holds is told in cloud_view.py.
'use strict';
for (const root of document.querySelectorAll('.cloud')) {
  const canvas = root.querySelector('canvas'), pen = canvas.getContext('2d');
  const given = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const choice = root.querySelector('select'), legend = root.querySelector('.legend');
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const turbo = bytes(given.turbo), frames = given.frames.map(opened);
  const mixed = (r, g, b) => 0xff000000 | b << 16 | g << 8 | r;
  const mapped = level => mixed(turbo[3 * level], turbo[3 * level + 1], turbo[3 * level + 2]);
  const start = { yaw: 0.32, pitch: 0.26, zoom: 0.85, x: 0, y: 0 };
  const camera = { yaw: 0, pitch: 0, zoom: 1, x: 0, y: 0 };
  let view = { ...start }, frame = frames[0], waiting = false, pixels, nearest;

  function opened(raw) {
    const all = bytes(raw.data), n = raw.points, m = raw.line;
    let at = 0;
    const take = (count, Kind) => {
      const part = new Kind(all.buffer, at, count);
      at += part.byteLength;
      return part;
    };
    const words = count => take(count, Uint16Array);
    const made = { ...raw, x: words(n), y: words(n), z: words(n), t: words(n), lx: words(m),
      ly: words(m), lz: words(m), rgb: raw.image ? take(3 * n, Uint8Array) : null,
      sure: raw.confidence ? take(n, Uint8Array) : null };
    const widest = limits => 2.1 * Math.max(...limits.map(Math.abs), 0.05);
    // Turned about the middle distance on the axis; so far away stands the eye, too.
    return { ...made, middle: Float64Array.from(made.z).sort()[n >> 1] / 65535 * raw.far,
      wide: widest(raw.x_rays), high: widest(raw.y_rays) };
  }

  function chosen(name) {
    return root.querySelector(`input[name^="${name}"]:checked`).value;
  }

  function style(name) {
    return getComputedStyle(root).getPropertyValue(name).trim();
  }

  function packed(text) {  // of '#rrggbb' or '#rgb'
    const code = text.slice(1), wide = code.length > 3;
    const part = k => parseInt(wide ? code.slice(2 * k, 2 * k + 2) : code[k] + code[k], 16);
    return mixed(part(0), part(1), part(2));
  }

  function colours(mode, unknown) {
    const f = frame, result = new Uint32Array(f.points), far = 65535 * f.shown / f.far;
    for (let k = 0; k < f.points; k++) {
      if (mode === 'image') {
        result[k] = mixed(f.rgb[3 * k], f.rgb[3 * k + 1], f.rgb[3 * k + 2]);
      } else if (mode === 'distance') {
        result[k] = mapped(255 - Math.round(255 * Math.min(f.z[k] / far, 1)));
      } else if (mode === 'confidence') {
        result[k] = mapped(255 - f.sure[k]);
      } else {
        const error = Math.abs(f.z[k] - f.t[k]) / f.t[k] / given.worst;
        result[k] = f.t[k] ? mapped(Math.round(255 * Math.min(error, 1))) : unknown;
      }
    }
    return result;
  }

  function draw() {
    waiting = false;
    const scale = Math.min(window.devicePixelRatio || 1, 2);
    const w = Math.max(1, Math.round(canvas.clientWidth * scale));
    const h = Math.max(1, Math.round(canvas.clientHeight * scale));
    if (!pixels || canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      pixels = pen.createImageData(w, h);
      nearest = new Float32Array(w * h);
    }
    const paper = new Uint32Array(pixels.data.buffer), f = frame;
    paper.fill(packed(style('--fill')));
    nearest.fill(Infinity);
    const focal = Math.min(w / f.wide, h / f.high) * view.zoom, eye = f.middle;
    const cosy = Math.cos(view.yaw), siny = Math.sin(view.yaw);
    const cosp = Math.cos(view.pitch), sinp = Math.sin(view.pitch);
    const place = (x, y, z) => {
      const across = cosy * x + siny * (z - eye), away = cosy * (z - eye) - siny * x;
      const depth = eye + cosp * away + sinp * y;
      return [w / 2 + focal * across / depth + view.x * h,
        h / 2 + focal * (cosp * y - sinp * away) / depth + view.y * h, depth];
    };
    const ray = (value, limits) => limits[0] + value / 65535 * (limits[1] - limits[0]);
    const dot = (rx, ry, z, colour, larger) => {
      const [u, v, depth] = place(rx * z, ry * z, z);
      if (!(depth > 0.02 * eye)) return false;
      const side = Math.max(1, Math.min(Math.ceil(1.8 * f.spacing * z * focal / depth), 12 * scale))
        + larger;
      const left = Math.round(u - side / 2), top = Math.round(v - side / 2);
      if (left + side < 0 || top + side < 0 || left >= w || top >= h) return false;
      for (let b = Math.max(top, 0); b < Math.min(top + side, h); b++) {
        for (let a = Math.max(left, 0), at = b * w + a; a < Math.min(left + side, w); a++, at++) {
          if (depth < nearest[at]) {
            nearest[at] = depth;
            paper[at] = colour;
          }
        }
      }
      return true;
    };
    const shade = colours(chosen('colour'), packed(style('--rule')));
    const shape = chosen('shape') === 'truth' ? f.t : f.z;
    let drawn = 0;
    for (let k = 0; k < f.points; k++) {
      if (shape[k]) {
        drawn += dot(ray(f.x[k], f.x_rays), ray(f.y[k], f.y_rays), shape[k] / 65535 * f.far,
          shade[k], 0);
      }
    }
    const measured = root.querySelector('input[name^="line"]');
    if (measured && measured.checked) {
      const strong = packed(style('--line'));
      for (let k = 0; k < f.line; k++) {
        // A hair nearer, so that it stands on the surface that was fitted to it.
        dot(ray(f.lx[k], f.x_rays), ray(f.ly[k], f.y_rays), f.lz[k] / 65535 * f.far * 0.995,
          strong, 2 * scale);
      }
    }
    pen.putImageData(pixels, 0, 0);
    rings(place, scale);
    canvas.dataset.drawn = drawn;
  }

  function rings(place, scale) {  // distances from the camera, at its height
    const reach = frame.shown, text = style('--text');
    const raw = reach / 5, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find(one => one * power >= raw) * power;
    pen.fillStyle = text;
    pen.font = `${12 * scale}px system-ui, sans-serif`;
    const [low, high] = frame.x_rays.map(Math.atan);
    for (let radius = step; radius <= reach * 1.01; radius += step) {
      pen.beginPath();
      let last, open = false;
      for (let k = 0; k <= 24; k++) {
        const angle = low + (high - low) * k / 24;
        const at = place(radius * Math.sin(angle), 0, radius * Math.cos(angle));
        if (at[2] < 0.02 * frame.middle) { open = false; continue; }
        if (open) pen.lineTo(at[0], at[1]); else pen.moveTo(at[0], at[1]);
        open = true;
        const inside = at[0] > 0 && at[0] < canvas.width - 40 * scale && at[1] > 12 * scale;
        if (inside && at[1] < canvas.height) last = at;
      }
      for (const [colour, width, alpha] of [[style('--fill'), 3, 0.6], [text, 1, 0.8]]) {
        pen.globalAlpha = alpha;
        pen.strokeStyle = colour;
        pen.lineWidth = width * scale;
        pen.stroke();
      }
      pen.globalAlpha = 1;
      if (!last) continue;
      pen.strokeStyle = style('--fill');
      pen.lineWidth = 3 * scale;
      pen.strokeText(`${+radius.toPrecision(3)} m`, last[0] + 4 * scale, last[1]);
      pen.fillText(`${+radius.toPrecision(3)} m`, last[0] + 4 * scale, last[1]);
    }
  }

  function explain() {
    const mode = chosen('colour');
    const ends = { image: null, distance: ['0 m', `${+frame.shown.toPrecision(3)} m`],
      error: ['0 %', `${100 * given.worst} % or more`], confidence: ['0', '1'] }[mode];
    const bar = legend.querySelector('.bar');
    legend.style.visibility = ends ? 'visible' : 'hidden';
    if (!ends) return;
    const steps = [...Array(17).keys()].map(k => {
      const level = 3 * Math.round(255 * (mode === 'error' ? k : 16 - k) / 16);
      return `rgb(${turbo[level]},${turbo[level + 1]},${turbo[level + 2]})`;
    });
    bar.style.background = `linear-gradient(90deg, ${steps.join(',')})`;
    legend.querySelector('.low').textContent = ends[0];
    legend.querySelector('.high').textContent = ends[1];
    legend.querySelector('.more').textContent =
      mode === 'error' ? '; grey: no ground truth' : '';
  }

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function turn(across, up) {
    view.yaw += across;
    view.pitch = Math.max(-1.5, Math.min(1.5, view.pitch + up));
    redraw();
  }

  function shift(across, down) {
    view.x += across;
    view.y += down;
    redraw();
  }

  function zoom(factor) {
    view.zoom = Math.max(0.1, Math.min(30, view.zoom * factor));
    redraw();
  }

  const fingers = new Map();
  canvas.addEventListener('pointerdown', event => {
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  canvas.addEventListener('pointermove', event => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY], size = canvas.clientHeight;
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    if (fingers.size === 1) {
      if (event.shiftKey || event.buttons & 6) shift(dx / size, dy / size);
      else turn(dx / size * -3, dy / size * 3);
    } else {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const apart = point => Math.hypot(point[0] - other[0], point[1] - other[1]);
      zoom(apart(now) / Math.max(apart(before), 1));
      shift(dx / size / 2, dy / size / 2);
    }
    fingers.set(event.pointerId, now);
  });
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    canvas.addEventListener(name, event => fingers.delete(event.pointerId));
  }
  canvas.addEventListener('contextmenu', event => event.preventDefault());
  canvas.addEventListener('wheel', event => {
    // The page must still scroll past a cloud that nobody has taken hold of.
    if (document.activeElement !== canvas) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)));
  }, { passive: false });
  canvas.addEventListener('keydown', event => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const move = event.shiftKey ? (x, y) => shift(x, y) : (x, y) => turn(-2 * x, 2 * y);
    const keys = { ArrowLeft: () => move(-0.05, 0), ArrowRight: () => move(0.05, 0),
      ArrowUp: () => move(0, -0.05), ArrowDown: () => move(0, 0.05), '+': () => zoom(1.2),
      '=': () => zoom(1.2), '-': () => zoom(1 / 1.2), Home: () => look(start),
      0: () => look(start), c: () => look(camera) };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  function look(from) {
    view = { ...from };
    redraw();
  }

  root.querySelector('.reset').addEventListener('click', () => look(start));
  root.querySelector('.front').addEventListener('click', () => look(camera));
  root.addEventListener('change', () => {
    frame = frames[choice.selectedIndex];
    explain();
    redraw();
  });
  new ResizeObserver(redraw).observe(canvas);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  root.classList.add('ready');
  explain();
  redraw();
}
