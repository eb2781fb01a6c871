// The map of principles shows, for the one that is pointed at, what it is related to.

export function setUpMap(chart) {
  if (!chart) return;
  const arcs = [...chart.querySelectorAll("[data-ends]")];
  const nodes = [...chart.querySelectorAll("[data-node]")];

  function show(node) {
    const id = node?.dataset.node;
    const near = new Set(id ? [id] : []);
    for (const arc of arcs) {
      const ends = arc.dataset.ends.split(" ");
      arc.classList.toggle("on", ends.includes(id));
      if (ends.includes(id)) ends.forEach((end) => near.add(end));
    }
    for (const other of nodes) other.classList.toggle("on", near.has(other.dataset.node));
    chart.classList.toggle("asked", Boolean(id));
  }

  for (const node of nodes) {
    for (const event of ["pointerenter", "focus"]) node.addEventListener(event, () => show(node));
    for (const event of ["pointerleave", "blur"]) node.addEventListener(event, () => show(null));
  }
}
