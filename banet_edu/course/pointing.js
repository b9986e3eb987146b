// A picture that tells where it was pressed: x from the left and y from the top, both 0 to 1. Nothing is drawn here.

function render({ model, el }) {
  const image = document.createElement("img");
  image.className = "widget-image";
  image.style.cssText = "max-width: 100%; height: auto; cursor: crosshair; touch-action: manipulation;";
  image.draggable = false;
  const show = () => {
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(new Blob([model.get("value")], { type: "image/png" }));
  };
  image.addEventListener("click", (event) => {
    const box = image.getBoundingClientRect();
    model.send({ x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
  });
  image.alt = model.get("alt");
  model.on("change:value", show);
  show();
  el.append(image);
  return () => { model.off("change:value", show); URL.revokeObjectURL(image.src); };
}

export default { render };
