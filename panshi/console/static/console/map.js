// Maps: <div class="map" data-map="URL of points" data-live="…"></div>, without any tile or outline:
// a neutral ground with city dots and names. The URL gets bbox and zoom and answers
// {"points": [[longitude, latitude, tone, label, url], …], "cells": [[longitude, latitude, count], …],
//  "lines": [[[longitude, latitude], …], …], "bounds": [[west, south], [east, north]],
//  "at": "12:03:20"}, all WGS-84.
import { CITIES } from "./cities.js";
import { token } from "./theme.js";

const LIBRARY = "maplibre-gl";
const maps = new Map();
const TONES = ["ok", "info", "warn", "bad", "idle"];

function feature(coordinates, properties) {
  return { type: "Feature", geometry: { type: "Point", coordinates }, properties };
}

function collection(features) {
  return { type: "FeatureCollection", features };
}

function style() {
  const inChinese = document.documentElement.lang.startsWith("zh");
  const cities = CITIES.map(([zh, en, longitude, latitude, rank]) =>
    feature([longitude, latitude], { name: inChinese ? zh : en, rank }));
  const empty = { type: "geojson", data: collection([]) };
  return {
    version: 8,
    sources: { cities: { type: "geojson", data: collection(cities) }, points: empty, cells: empty, lines: empty },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": token("--surface-2") } },
      {
        id: "city-dots", type: "circle", source: "cities",
        paint: { "circle-radius": 2.5, "circle-color": token("--ink-3") },
      },
      {
        id: "city-names", type: "symbol", source: "cities",
        layout: {
          "text-field": ["get", "name"], "text-size": 12, "text-offset": [0, 0.9], "text-anchor": "top",
          "symbol-sort-key": ["get", "rank"],
        },
        paint: { "text-color": token("--ink-2"), "text-halo-color": token("--surface-2"), "text-halo-width": 1 },
      },
      {
        id: "lines", type: "line", source: "lines",
        layout: { "line-join": "round", "line-cap": "round" },
        paint: { "line-color": token("--accent"), "line-width": 3 },
      },
      {
        id: "cells", type: "circle", source: "cells",
        paint: {
          "circle-color": token("--accent"), "circle-opacity": 0.85,
          "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 9, 100, 34],
        },
      },
      {
        id: "cell-counts", type: "symbol", source: "cells",
        layout: { "text-field": ["get", "text"], "text-size": 12, "text-allow-overlap": true },
        paint: { "text-color": token("--on-accent") },
      },
      {
        id: "points", type: "circle", source: "points",
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 3, 12, 6],
          "circle-color": ["match", ["get", "tone"], ...TONES.flatMap((tone) =>
            [tone, token(tone === "idle" ? "--ink-3" : `--${tone}`)]), token("--ink-3")],
          "circle-stroke-width": 1, "circle-stroke-color": token("--surface-1"),
        },
      },
    ],
  };
}

async function load(box, map) {
  const url = new URL(box.dataset.map, location.href);
  if (box.dataset.placed) {
    url.searchParams.set("bbox", map.getBounds().toArray().flat().map((n) => n.toFixed(5)).join(","));
    url.searchParams.set("zoom", map.getZoom().toFixed(1));
  }
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok || !box.isConnected) return;
  const { points = [], cells = [], lines = [], bounds, at } = await answer.json();
  map.getSource("lines").setData(collection(lines.map((coordinates) =>
    ({ type: "Feature", geometry: { type: "LineString", coordinates }, properties: {} }))));
  map.getSource("points").setData(collection(points.map(([longitude, latitude, tone, label, target]) =>
    feature([longitude, latitude], { tone, label, url: target }))));
  map.getSource("cells").setData(collection(cells.map(([longitude, latitude, count]) =>
    feature([longitude, latitude], { count, text: count.toLocaleString("en") }))));
  if (bounds && !box.dataset.placed) map.fitBounds(bounds, { padding: 48, maxZoom: 13, animate: false });
  box.dataset.placed = "1";
  const time = box.parentElement.querySelector("[data-map-at]");
  if (time && at) time.textContent = at;
}

function listen(box, map, library) {
  const popup = new library.Popup({ closeButton: false, offset: 10 });
  map.on("mouseenter", "points", (event) => {
    map.getCanvas().style.cursor = "pointer";
    const { geometry, properties } = event.features[0];
    popup.setLngLat(geometry.coordinates).setText(properties.label || "").addTo(map);
  });
  map.on("mouseleave", "points", () => {
    map.getCanvas().style.cursor = "";
    popup.remove();
  });
  map.on("click", "points", (event) => {
    const { url } = event.features[0].properties;
    if (url) location.assign(url);
  });
  map.on("click", "cells", (event) => {
    map.easeTo({ center: event.features[0].geometry.coordinates, zoom: map.getZoom() + 2 });
  });
  map.on("moveend", () => load(box, map));
  box.addEventListener("live", () => load(box, map));
}

export async function draw() {
  for (const [box, map] of maps) {
    if (box.isConnected) continue;
    map.remove();
    maps.delete(box);
  }
  const library = await import(LIBRARY);
  for (const box of document.querySelectorAll("[data-map]:not([data-drawn])")) {
    box.dataset.drawn = "1";
    const map = new library.Map({
      container: box, style: style(), center: [108.5, 33], zoom: 3.6, attributionControl: false,
      maxPitch: 0, dragRotate: false, fadeDuration: 0,
    });
    map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
    map.addControl(new library.ScaleControl({ unit: "metric" }), "bottom-left");
    maps.set(box, map);
    map.on("load", async () => {
      listen(box, map, library);
      await load(box, map);
      box.dataset.ready = "1";
    });
  }
}

document.addEventListener("panshi:theme", () => {
  for (const [box, map] of maps) {
    map.setStyle(style());
    map.once("styledata", () => load(box, map));
  }
});
