// Availability per day as bars, from the data block #trend-data. The texts
// and the start of the axis come from the server; nothing is computed here.

import { BarChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { type ECharts, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colour, fontFamily, isCalm } from "./colours";

use([BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

interface Day {
  label: string;
  percent: number | null;
  state: string | null;
  tip: string;
}

/** From a label of the axis to the next; the last day has one. */
const LABEL_DAYS = 5;

let chart: ECharts | undefined;

/** Draws the chart anew. */
export function drawTrend(): void {
  const box = document.getElementById("trend");
  const block = document.getElementById("trend-data");
  if (!box || !block?.textContent) return;
  const { days, floor } = JSON.parse(block.textContent) as { days: Day[]; floor: number };
  if (!chart) {
    chart = init(box);
    new ResizeObserver(() => chart?.resize()).observe(box);
  }
  chart.setOption(options(days, floor), true);
}

function options(days: Day[], floor: number) {
  const text = { color: colour("--ink-3"), fontFamily: fontFamily(), fontSize: 11 };
  return {
    animation: !isCalm(),
    animationDuration: 300,
    grid: { left: 4, right: 4, top: 12, bottom: 2, containLabel: true },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: colour("--hover") } },
      className: "chart-tip",
      // An element, not HTML text: inline styles in text are refused by the policy.
      formatter: (points: unknown) => tip(days, points),
      borderWidth: 0,
      padding: 0,
      backgroundColor: "transparent",
      extraCssText: "box-shadow:none",
      transitionDuration: 0,
    },
    xAxis: {
      type: "category",
      data: days.map((day) => day.label),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: colour("--line-strong") } },
      axisLabel: { ...text, hideOverlap: true, interval: (at: number) => (days.length - 1 - at) % LABEL_DAYS === 0 },
    },
    yAxis: {
      type: "value",
      min: floor,
      max: 100,
      interval: (100 - floor) / 2,
      axisLabel: { ...text, formatter: (value: number) => `${percent(value)}%` },
      splitLine: { lineStyle: { color: colour("--line") } },
    },
    series: [
      {
        type: "bar",
        barCategoryGap: "36%",
        barMaxWidth: 22,
        itemStyle: { borderRadius: [2, 2, 0, 0] },
        data: days.map((day) => ({
          value: day.percent,
          itemStyle: { color: colour(day.state === "up" ? "--calm-up" : `--fill-${day.state ?? "unknown"}`) },
        })),
      },
    ],
  };
}

function percent(value: number): string {
  return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 3 });
}

function tip(days: Day[], points: unknown): HTMLElement {
  const first = Array.isArray(points) ? (points[0] as { dataIndex?: number } | undefined) : undefined;
  const element = document.createElement("div");
  element.className = "tip is-shown is-static";
  element.textContent = days[first?.dataIndex ?? -1]?.tip ?? "";
  return element;
}
