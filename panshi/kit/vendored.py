"""Third-party front-end files by a short name; `tools/vendor_assets.py` puts them in place."""

from typing import Final

FILES: Final = {
    "tabler": "vendor/tabler-1.6.1/tabler.min.css",
    "icons": "vendor/tabler-icons-3.51.0/sprite.svg",
    "htmx": "vendor/htmx-4.0.1/htmx.min.js",
    "alpine": "vendor/alpine-csp-3.17.4/cdn.min.js",
    "echarts": "vendor/echarts-6.1.0/echarts.common.min.js",
    "maplibre": "vendor/maplibre-gl-6.17.0/maplibre-gl.mjs",
    "maplibre-css": "vendor/maplibre-gl-6.17.0/maplibre-gl.css",
    "idb": "vendor/idb-8.0.4/index.js",
    "signature_pad": "vendor/signature_pad-5.1.4/signature_pad.min.js",
    "sortable": "vendor/sortablejs-1.15.7/sortable.esm.js",
    "event-calendar": "vendor/event-calendar-5.10.1/event-calendar.min.js",
    "event-calendar-css": "vendor/event-calendar-5.10.1/event-calendar.min.css",
}
