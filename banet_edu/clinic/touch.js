// The picture of the boundary clinic, drawn on a canvas: zoomed, panned, measured with a ruler, outlined point by point.
// All places are [row, column] in the pixels of the image, whatever the size of the copy that is shown.

const NEAR = 9; // CSS pixels: as near as a pointer has to be
const HELP =
  "Arrows move the cross (with Shift far), or the chosen point. Enter sets a point or an end of the ruler, Delete removes one. " +
  "N and P choose the next or previous point, Escape none. M goes from moving to ruler to points. Plus and minus zoom, 0 shows " +
  "all. Space hides and shows what is drawn. U or Ctrl+Z undoes, Y or Ctrl+Y does again.";
const MODES = { pan: "Move", ruler: "Ruler", points: "Points" };

function element(kind, attributes = {}, text = "") {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

function render({ model, el }) {
  // --- what stands on the page
  const root = element("div", { class: "banet-touch", "data-lm-suppress-shortcuts": "true" });
  const bar = element("div", { class: "bar", role: "toolbar", "aria-label": "Tools of the picture" });
  const canvas = element("canvas", { tabindex: "0", role: "application", "aria-roledescription": "picture to work on" });
  const said = element("p", { class: "said", role: "status", "aria-live": "polite" });
  const help = element("p", { class: "help" }, HELP);
  help.hidden = true;
  const busy = element("p", { class: "busy", role: "status" }, "working ...");
  const buttons = {};
  const button = (name, label, act) => {
    buttons[name] = element("button", { type: "button" }, label);
    buttons[name].addEventListener("click", act);
    bar.append(buttons[name]);
  };
  const picker = (label, what) => {
    const wrapped = element("label", { class: "file" }, label);
    const input = element("input", { type: "file", accept: model.get("accept") });
    input.addEventListener("change", () => {
      if (input.files.length) send(input.files[0], what);
      input.value = "";
    });
    wrapped.append(input);
    bar.append(wrapped);
  };
  if (model.get("opens")) {
    picker("Open a picture", "picture");
    picker("Open its mask", "mask");
  }
  for (const [mode, label] of Object.entries(MODES)) button(mode, label, () => setMode(mode));
  button("undo", "Undo", () => step(past, future, "undone"));
  button("redo", "Redo", () => step(future, past, "done again"));
  button("clear", "Remove points", () => change([], model.get("ruler"), "all points removed"));
  button("fit", "Show all", () => fit());
  button("overlay", "Hide outline", () => toggleOverlay());
  button("help", "Keys", () => { help.hidden = !help.hidden; });
  root.append(bar, help, canvas, busy, said);
  el.append(root);

  // --- state that is the page's own
  const image = new Image();
  let view = { scale: 1, x: 0, y: 0 }; // CSS pixels of an image pixel, and where the image's corner lies
  let cross = [0, 0], chosen = -1, drag = null, shown = true, frames = 0, waiting = false;
  const past = [], future = [];

  const size = () => model.get("size");
  const toPage = ([row, column]) => [view.x + (column + 0.5) * view.scale, view.y + (row + 0.5) * view.scale];
  const toImage = (x, y) => {
    const [rows, columns] = size();
    const place = [(y - view.y) / view.scale - 0.5, (x - view.x) / view.scale - 0.5];
    return [Math.min(Math.max(place[0], -0.5), rows - 0.5), Math.min(Math.max(place[1], -0.5), columns - 0.5)];
  };
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const round = (place) => place.map((each) => Math.round(each * 100) / 100);
  const say = (text) => { said.textContent = text; };

  // --- drawing, at most once a frame
  function draw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; paint(); });
  }

  function paint() {
    const ratio = window.devicePixelRatio || 1;
    const [rows, columns] = size();
    const width = root.clientWidth || 600;
    const height = Math.round(Math.min(width * (rows && columns ? Math.max(rows / columns, 0.4) : 0.5), 0.72 * window.innerHeight));
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
      if (rows) fit(false);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = "#222";
    pen.fillRect(0, 0, width, height);
    canvas.dataset.frames = ++frames;
    if (!rows || !image.complete || !image.naturalWidth) return;
    pen.imageSmoothingEnabled = view.scale * columns / image.naturalWidth < 3;
    pen.drawImage(image, view.x, view.y, columns * view.scale, rows * view.scale);
    if (!shown) return;
    for (const line of model.get("lines")) stroke(pen, line.points, line);
    const points = model.get("points");
    stroke(pen, points, { colour: "#F0E442", width: 2, closed: points.length > 2 });
    points.forEach((point, k) => dot(pen, point, "#F0E442", k === chosen));
    const ruler = model.get("ruler");
    stroke(pen, ruler, { colour: "#ffffff", width: 2, dash: [7, 4] });
    ruler.forEach((end) => dot(pen, end, "#ffffff", false));
    for (const mark of model.get("marks")) number(pen, mark);
    if (document.activeElement === canvas && model.get("mode") !== "pan") plus(pen);
  }

  function stroke(pen, places, { colour, width = 2, dash = [], closed = false }) {
    if (places.length < 2) return;
    pen.beginPath();
    for (const place of places) pen.lineTo(...toPage(place));
    if (closed) pen.closePath();
    for (const [ink, wide] of [["#222", width + 2], [colour, width]]) {
      pen.setLineDash(ink === "#222" ? [] : dash);
      pen.strokeStyle = ink;
      pen.lineWidth = wide;
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  function dot(pen, place, colour, large) {
    pen.beginPath();
    pen.arc(...toPage(place), large ? 7 : 4.5, 0, 2 * Math.PI);
    pen.fillStyle = colour;
    pen.fill();
    pen.lineWidth = large ? 3 : 1.5;
    pen.strokeStyle = "#222";
    pen.stroke();
  }

  function number(pen, { row, column, text }) {
    const [x, y] = toPage([row, column]);
    pen.beginPath();
    pen.arc(x, y - 14, 10, 0, 2 * Math.PI);
    pen.fillStyle = "#222";
    pen.fill();
    pen.strokeStyle = "#fff";
    pen.lineWidth = 1.5;
    pen.stroke();
    pen.beginPath();
    pen.moveTo(x, y - 4);
    pen.lineTo(x, y);
    pen.stroke();
    pen.fillStyle = "#fff";
    pen.font = "bold 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, x, y - 13.5);
  }

  function plus(pen) {
    const [x, y] = toPage(cross);
    for (const [ink, wide] of [["#222", 4], ["#56B4E9", 2]]) {
      pen.beginPath();
      pen.moveTo(x - 11, y); pen.lineTo(x + 11, y); pen.moveTo(x, y - 11); pen.lineTo(x, y + 11);
      pen.strokeStyle = ink;
      pen.lineWidth = wide;
      pen.stroke();
    }
  }

  // --- what is seen
  function fit(again = true) {
    const [rows, columns] = size();
    const [width, height] = [canvas.clientWidth || root.clientWidth || 600, parseFloat(canvas.style.height) || 400];
    const scale = Math.min(width / columns, height / rows);
    view = { scale, x: (width - columns * scale) / 2, y: (height - rows * scale) / 2 };
    if (again) { say("all of the picture is shown"); draw(); }
  }

  function zoom(factor, x, y) {
    const [rows, columns] = size();
    if (!rows) return;
    const scale = Math.min(Math.max(view.scale * factor, 0.5 * Math.min(canvas.clientWidth / columns, 1)), 40);
    view = { scale, x: x - (x - view.x) * scale / view.scale, y: y - (y - view.y) * scale / view.scale };
    draw();
  }

  function toggleOverlay() {
    shown = !shown;
    buttons.overlay.textContent = shown ? "Hide outline" : "Show outline";
    say(shown ? "outline shown" : "outline hidden");
    draw();
  }

  function setMode(mode) {
    model.set("mode", mode);
    model.save_changes();
    showMode();
    say({ pan: "drag to move the picture", ruler: "set the two ends of a ruler", points: "set points around the object" }[mode]);
    draw();
  }

  function showMode() {
    for (const mode of Object.keys(MODES)) buttons[mode].setAttribute("aria-pressed", String(model.get("mode") === mode));
    canvas.style.cursor = model.get("mode") === "pan" ? "grab" : "crosshair";
  }

  // --- what is set
  function change(points, ruler, text, keep = true) {
    if (keep) { past.push([model.get("points"), model.get("ruler")]); future.length = 0; }
    model.set("points", points.map(round));
    model.set("ruler", ruler.map(round));
    model.save_changes();
    if (chosen >= points.length) chosen = -1;
    say(text);
    draw();
  }

  function step(from, to, text) {
    if (!from.length) return say("nothing to be " + text);
    to.push([model.get("points"), model.get("ruler")]);
    const [points, ruler] = from.pop();
    change(points, ruler, text, false);
  }

  function nearest(places, x, y) {
    let best = -1, least = NEAR;
    places.forEach((place, k) => {
      const away = distance(toPage(place), [x, y]);
      if (away <= least) [best, least] = [k, away];
    });
    return best;
  }

  function between(points, x, y) { // the side of the outline that runs by this place, or -1
    if (points.length < 3) return -1;
    for (let k = 0; k < points.length; k++) {
      const [a, b] = [toPage(points[k]), toPage(points[(k + 1) % points.length])];
      const long = distance(a, b) ** 2 || 1;
      const share = Math.min(Math.max(((x - a[0]) * (b[0] - a[0]) + (y - a[1]) * (b[1] - a[1])) / long, 0), 1);
      if (distance([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])], [x, y]) < 0.7 * NEAR) return k;
    }
    return -1;
  }

  function set(place, side = -1) {
    const at = place.map(Math.round).reverse().join(", ");
    if (model.get("mode") === "ruler") {
      const ruler = model.get("ruler").length === 1 ? [...model.get("ruler"), place] : [place];
      return change(model.get("points"), ruler, `end ${ruler.length} of the ruler at ${at}`);
    }
    const points = [...model.get("points")];
    const index = side < 0 ? points.length : side + 1;
    points.splice(index, 0, place);
    change(points, model.get("ruler"), `point ${index + 1} of ${points.length} at ${at}`);
  }

  function remove(index) {
    const points = [...model.get("points")];
    if (!points.length) return say("there is no point to remove");
    const gone = index < 0 ? points.length - 1 : index;
    points.splice(gone, 1);
    chosen = -1;
    change(points, model.get("ruler"), `point ${gone + 1} removed, ${points.length} left`);
  }

  // --- pointer
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const fingers = new Map();

  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 400), ...place(event));
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    if (!size()[0]) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const [x, y] = place(event);
    fingers.set(event.pointerId, [x, y]);
    if (fingers.size > 1) { drag = null; return; }
    const mode = event.button === 1 ? "pan" : model.get("mode");
    const kept = [model.get("points"), model.get("ruler")];
    if (mode === "points" || mode === "ruler") {
      const what = mode === "points" ? "points" : "ruler";
      const index = nearest(model.get(what), x, y);
      if (mode === "points") chosen = index;
      if (event.button === 2) return index >= 0 && mode === "points" ? remove(index) : undefined;
      if (index >= 0) drag = { what, index, kept };
      else {
        set(toImage(x, y), mode === "points" ? between(model.get("points"), x, y) : -1);
        drag = null;
      }
    } else drag = { what: "view", x, y, from: { ...view } };
    draw();
  });

  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (fingers.has(event.pointerId) && fingers.size === 2) {
      const before = [...fingers.values()];
      fingers.set(event.pointerId, [x, y]);
      const after = [...fingers.values()];
      const middle = (pair) => [(pair[0][0] + pair[1][0]) / 2, (pair[0][1] + pair[1][1]) / 2];
      view.x += middle(after)[0] - middle(before)[0];
      view.y += middle(after)[1] - middle(before)[1];
      return zoom(distance(...after) / Math.max(distance(...before), 1), ...middle(after));
    }
    if (!drag) return;
    if (drag.what === "view") view = { ...drag.from, x: drag.from.x + x - drag.x, y: drag.from.y + y - drag.y };
    else { // shown at once, told to Python when the pointer is let go
      const places = model.get(drag.what).map((each, k) => (k === drag.index ? round(toImage(x, y)) : each));
      model.set(drag.what, places);
      drag.moved = true;
    }
    draw();
  });

  const release = (event) => {
    fingers.delete(event.pointerId);
    if (drag && drag.moved) {
      past.push(drag.kept);
      future.length = 0;
      model.save_changes();
      say(drag.what === "ruler" ? "end of the ruler moved" : `point ${drag.index + 1} moved`);
    }
    drag = null;
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());

  // --- keyboard
  const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const points = model.get("points"), undoing = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
    const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const far = (event.shiftKey ? 30 : 3) / view.scale;
    let known = true;
    if (event.key in ARROWS) {
      const by = ARROWS[event.key].map((each) => each * far);
      if (model.get("mode") === "pan") {
        view.x -= by[1] * view.scale * 10;
        view.y -= by[0] * view.scale * 10;
        draw();
      } else if (chosen >= 0 && model.get("mode") === "points") {
        const moved = points.map((each, k) => (k === chosen ? [each[0] + by[0], each[1] + by[1]] : each));
        change(moved, model.get("ruler"), `point ${chosen + 1} moved`);
      } else {
        cross = toImage(...toPage([cross[0] + by[0], cross[1] + by[1]]));
        say(`cross at ${cross.map(Math.round).reverse().join(", ")}`);
        draw();
      }
    } else if (key === "z" && undoing && event.shiftKey) step(future, past, "done again");
    else if ((key === "z" && undoing) || key === "u") step(past, future, "undone");
    else if (key === "y") step(future, past, "done again");
    else if (undoing) known = false;
    else if (key === "enter") model.get("mode") === "pan" ? setMode("points") : set([...cross]);
    else if (key === "delete" || key === "backspace") remove(chosen);
    else if ((key === "n" || key === "p") && points.length) {
      chosen = (chosen + (key === "n" ? 1 : points.length - 1 + (chosen < 0))) % points.length;
      say(`point ${chosen + 1} of ${points.length} chosen`);
      draw();
    } else if (key === "escape") { chosen = -1; draw(); }
    else if (key === "m") setMode(Object.keys(MODES)[(Object.keys(MODES).indexOf(model.get("mode")) + 1) % 3]);
    else if (key === "+" || key === "=") zoom(1.25, ...middle);
    else if (key === "-") zoom(0.8, ...middle);
    else if (key === "0") fit();
    else if (key === " ") toggleOverlay();
    else if (key === "?") buttons.help.click();
    else known = false;
    if (known) { event.preventDefault(); event.stopPropagation(); }
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, draw);

  // --- files: picked, or dropped on the picture; sent in parts that any connection takes
  const PART = 1 << 20;
  async function send(file, what) {
    const most = model.get("most_bytes");
    if (file.size > most) return say(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most ${Math.round(most / 1e6)} are read`);
    say(`reading ${file.name}`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const parts = Math.max(1, Math.ceil(bytes.length / PART));
    for (let part = 0; part < parts; part++) {
      const content = bytes.slice(part * PART, (part + 1) * PART);
      model.send({ kind: "file", what, name: file.name, part, parts }, undefined, [content.buffer]);
    }
  }
  if (model.get("opens")) {
    root.addEventListener("dragover", (event) => { event.preventDefault(); root.classList.add("over"); });
    root.addEventListener("dragleave", () => root.classList.remove("over"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      root.classList.remove("over");
      if (event.dataTransfer.files.length) send(event.dataTransfer.files[0], "picture");
    });
  }

  // --- what Python says
  model.on("msg:custom", (message, buffers) => {
    if (message.kind !== "save") return;
    const link = element("a", { download: message.name });
    link.href = URL.createObjectURL(new Blob([buffers[0]], { type: message.type }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`${message.name} saved`);
  });
  function newPicture() {
    past.length = future.length = 0;
    chosen = -1;
    const [rows, columns] = size();
    cross = [rows / 2, columns / 2];
    canvas.width = 0; // fitted when it is drawn
    const bytes = model.get("picture");
    if (image.src) URL.revokeObjectURL(image.src);
    if (bytes && bytes.byteLength) image.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
    else image.removeAttribute("src");
    draw();
  }
  const described = () => canvas.setAttribute("aria-label", `${model.get("alt")} Press question mark for the keys.`);
  const working = () => {
    busy.style.visibility = model.get("busy") ? "visible" : "hidden";
    if (!model.get("busy") && said.textContent.startsWith("reading")) say(size()[0] ? "read" : "");
  };
  image.addEventListener("load", draw);
  model.on("change:picture", newPicture);
  for (const name of ["lines", "marks", "points", "ruler"]) model.on(`change:${name}`, draw);
  model.on("change:mode", () => { showMode(); draw(); });
  model.on("change:alt", described);
  model.on("change:busy", working);
  const watcher = new ResizeObserver(draw);
  watcher.observe(root);
  described();
  working();
  showMode();
  newPicture();
  return () => watcher.disconnect();
}

export default { render };
