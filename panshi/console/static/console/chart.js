// Charts: <figure data-chart="ID"><div class="chart"></div></figure>, where ID names a JSON script
// holding an ECharts option. Colours, letters and lines come from the tokens; "var(--name)" anywhere
// in the option stands for a token. A chart goes when its element does.
import { token } from "./theme.js";

const LIBRARY = "echarts";
const drawn = new Map();

function resolved(value) {
  if (typeof value === "string") return value.replace(/var\((--[\w-]+)\)/g, (_all, name) => token(name));
  if (Array.isArray(value)) return value.map(resolved);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolved(inner)]));
  }
  return value;
}

function theme() {
  const axis = {
    axisLine: { lineStyle: { color: token("--line-strong") } },
    axisTick: { show: false },
    axisLabel: { color: token("--ink-2"), fontSize: 12 },
    splitLine: { lineStyle: { color: token("--line") } },
    nameTextStyle: { color: token("--ink-3"), fontSize: 12 },
  };
  return {
    color: [1, 2, 3, 4, 5, 6].map((n) => token(`--series-${n}`)),
    textStyle: { color: token("--ink"), fontFamily: token("--sans"), fontSize: 12 },
    grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
    legend: { type: "scroll", textStyle: { color: token("--ink-2") }, itemWidth: 12, itemHeight: 8, top: 0, left: 0 },
    tooltip: {
      backgroundColor: token("--surface-1"),
      borderColor: token("--line"),
      textStyle: { color: token("--ink"), fontSize: 12 },
    },
    categoryAxis: axis,
    valueAxis: axis,
    timeAxis: axis,
    line: { symbol: "none", lineStyle: { width: 2 } },
    bar: { barMaxWidth: 28 },
  };
}

function paint(figure, echarts) {
  drawn.get(figure)?.dispose();
  const option = JSON.parse(document.getElementById(figure.dataset.chart).textContent);
  const chart = echarts.init(figure.querySelector(".chart"), theme(), { renderer: "svg" });
  chart.setOption({ animation: false, ...resolved(option) });
  chart.on("click", ({ data }) => {
    if (data?.url) location.assign(data.url);
  });
  drawn.set(figure, chart);
  figure.dataset.drawn = "1";
}

export async function draw() {
  for (const [figure, chart] of drawn) {
    if (figure.isConnected) continue;
    chart.dispose();
    drawn.delete(figure);
  }
  await import(LIBRARY);
  for (const figure of document.querySelectorAll("[data-chart]:not([data-drawn])")) {
    paint(figure, globalThis.echarts);
  }
}

document.addEventListener("panshi:theme", () => {
  for (const figure of drawn.keys()) paint(figure, globalThis.echarts);
});
addEventListener("resize", () => {
  for (const chart of drawn.values()) chart.resize();
});
