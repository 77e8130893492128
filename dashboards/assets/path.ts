// The path from the network to the service as a diagram, from the data block
// #path-data (see view/path_graph.rs). A change of states recolours the drawn
// nodes; only a change of shape draws it anew. Beside colour, what is down has
// a double line and what is unknown a dashed one.

import cytoscape, { type Core, type ElementDefinition, type StylesheetJson } from "cytoscape";
import dagre from "cytoscape-dagre";
import { colour, fontFamily } from "./colours";

cytoscape.use(dagre);

interface GraphNode {
  id: number;
  role: string;
  label: string;
  detail: string;
  state: string;
  is_cause: boolean;
  in_maintenance: boolean;
  href: string | null;
}

interface Graph {
  nodes: GraphNode[];
  edges: { from: number; to: number; state: string }[];
}

/** In less room than this a path is drawn from top to bottom. */
const NARROW_PX = 560;
const LABEL_MAX = 34;
const PADDING_PX = 22;
const HEIGHT_MIN_PX = 110;
const HEIGHT_MAX_PX = 900;

let diagram: Core | undefined;
let shape = "";

/** Draws the diagram, or brings the drawn one up to date. */
export function drawPath(): void {
  const box = document.getElementById("path");
  const block = document.getElementById("path-data");
  if (!box || !block?.textContent) return;
  const graph = JSON.parse(block.textContent) as Graph;
  const isNarrow = box.clientWidth < NARROW_PX;
  const shapeNow = JSON.stringify([isNarrow, graph.nodes.map((node) => [node.role, node.label]), graph.edges.map((edge) => [edge.from, edge.to])]);
  if (diagram && shape === shapeNow) {
    update(diagram, graph);
    return;
  }
  shape = shapeNow;
  diagram?.destroy();
  diagram = draw(box, graph, isNarrow);
}

function update(core: Core, graph: Graph): void {
  core.batch(() => {
    for (const element of elements(graph)) {
      core.getElementById(String(element.data.id)).data(element.data);
    }
  });
  core.style(style());
}

function draw(box: HTMLElement, graph: Graph, isNarrow: boolean): Core {
  const core = cytoscape({
    container: box,
    elements: elements(graph),
    style: style(),
    layout: {
      name: "dagre",
      rankDir: isNarrow ? "TB" : "LR",
      nodeSep: isNarrow ? 18 : 14,
      rankSep: isNarrow ? 26 : 38,
      fit: true,
      padding: PADDING_PX,
      animate: false,
    } as cytoscape.LayoutOptions,
    minZoom: 0.2,
    maxZoom: 1,
    autoungrabify: true,
    boxSelectionEnabled: false,
    userZoomingEnabled: false,
    // Touch must scroll the page, not drag the drawing.
    userPanningEnabled: !isNarrow,
  });
  fit(core, box);
  core.on("tap", "node[href]", (event) => {
    location.assign(String(event.target.data("href")));
  });
  let width = box.clientWidth;
  new ResizeObserver(() => {
    if (core.destroyed() || box.clientWidth === width) return;
    width = box.clientWidth;
    fit(core, box);
  }).observe(box);
  return core;
}

/** Gives the box the height of the drawing at the width that there is. */
function fit(core: Core, box: HTMLElement): void {
  const drawn = core.elements().boundingBox({});
  const scale = Math.min(1, (box.clientWidth - 2 * PADDING_PX) / drawn.w);
  const height = Math.min(HEIGHT_MAX_PX, drawn.h * scale + 2 * PADDING_PX);
  box.style.height = `${Math.max(HEIGHT_MIN_PX, Math.round(height))}px`;
  core.resize();
  core.fit(undefined, PADDING_PX);
}

function elements(graph: Graph): ElementDefinition[] {
  const nodes = graph.nodes.map(({ href, ...node }) => ({
    data: { ...node, id: String(node.id), text: text(node), ...(href ? { href } : {}) },
  }));
  const edges = graph.edges.map((edge) => ({
    data: { id: `${edge.from}-${edge.to}`, source: String(edge.from), target: String(edge.to), state: edge.state },
  }));
  return [...nodes, ...edges];
}

function text(node: Pick<GraphNode, "label" | "detail" | "state" | "role">): string {
  const sign = { down: "✕ ", unknown: "? ", degraded: "▲ " }[node.state] ?? "";
  const lines = [sign + short(node.label), node.detail ? short(node.detail) : ""];
  return node.role === "joint" ? "" : lines.filter(Boolean).join("\n");
}

function short(label: string): string {
  return label.length > LABEL_MAX ? `${label.slice(0, LABEL_MAX - 1)}…` : label;
}

function style(): StylesheetJson {
  const states = ["up", "degraded", "down", "maintenance", "unknown"];
  const byState = states.map((state) => ({
    selector: `node[state = "${state}"]`,
    style: { "background-color": colour(`--soft-${state}`), "border-color": colour(`--fill-${state}`), color: colour(state === "up" ? "--ink" : `--text-${state}`) },
  }));
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle",
        label: "data(text)",
        "text-wrap": "wrap",
        "text-valign": "center",
        "text-halign": "center",
        "font-family": fontFamily(),
        "font-size": 11,
        "line-height": 1.25,
        width: (node: cytoscape.NodeSingular) => measure(String(node.data("text"))),
        height: (node: cytoscape.NodeSingular) => (String(node.data("text")).includes("\n") ? 44 : 32),
        "border-width": 1.25,
      },
    },
    ...byState,
    { selector: 'node[state = "down"]', style: { "border-width": 3, "border-style": "double", "font-weight": 600 } },
    { selector: 'node[state = "unknown"]', style: { "border-style": "dashed" } },
    { selector: "node[?is_cause]", style: { "border-width": 4, "font-weight": 700 } },
    { selector: "node[?in_maintenance]", style: { "border-style": "dotted", "border-width": 3, "border-color": colour("--fill-maintenance") } },
    { selector: 'node[role = "port"]', style: { shape: "rectangle" } },
    { selector: 'node[role = "service"]', style: { shape: "cut-rectangle" } },
    { selector: 'node[role = "gate"]', style: { shape: "round-rectangle", height: 24, "font-size": 10 } },
    { selector: 'node[role = "joint"]', style: { shape: "ellipse", width: 8, height: 8, label: "" } },
    { selector: 'node[role = "end"]', style: { "font-weight": 600, "border-width": 2.5 } },
    {
      selector: "edge",
      style: { width: 1.5, "line-color": colour("--line-strong"), "curve-style": "taxi", "taxi-direction": "auto", "taxi-turn": "50%", "target-arrow-shape": "none" },
    },
    { selector: 'edge[state = "up"]', style: { "line-color": colour("--fill-up") } },
    { selector: 'edge[state = "down"]', style: { "line-color": colour("--fill-down"), "line-style": "dashed", width: 2 } },
    { selector: 'edge[state = "unknown"]', style: { "line-style": "dotted" } },
  ] as StylesheetJson;
}

const ruler = document.createElement("canvas").getContext("2d");

function measure(label: string): number {
  if (!ruler) return 120;
  ruler.font = `600 11px ${fontFamily()}`;
  return Math.max(36, ...label.split("\n").map((line) => ruler.measureText(line).width + 24));
}
