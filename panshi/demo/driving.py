"""A vehicle at work in the demo: where it drives, what it draws, what its terminal reports."""

from dataclasses import dataclass
from datetime import datetime
from math import cos, radians, sin
from random import Random
from typing import Final

from panshi.demo.world import City, ModelPlan
from panshi.wire.clock import wire_time
from panshi.wire.layout import Value, Values

KM_PER_DEGREE: Final = 111.0
TOWN_RADIUS_KM: Final = 14.0
INSULATION_BIT: Final = 11
FIRM_KOHM: Final = 12_000
FAULTY_KOHM: Final = 118
_OHM: Final = 0.00045  # Of one cell; the demo's cells sag and rise with the current.


@dataclass(slots=True)
class Driver:
    """One simulated vehicle. Units: km/h, km, %, degrees WGS-84, °C, kΩ."""

    vin: str
    city: City
    model: ModelPlan
    random: Random
    lon: float
    lat: float
    soc: float
    odometer_km: float
    heading: float = 0.0
    speed: float = 0.0
    charging: bool = False
    standing_s: float = 0.0
    insulation_kohm: int = FIRM_KOHM
    temperature: float = 24.0

    def step(self, seconds: float) -> None:
        """Move on by so many seconds: drive, deliver, charge when the battery is low."""
        if self.charging:
            self.speed = 0.0
            self.soc = min(100.0, self.soc + seconds * 60 / float(self.model.battery_kwh) / 36)
            self.temperature += (34 - self.temperature) * 0.01
            if self.soc >= 96:
                self.charging = False
            return
        if self.standing_s > 0:
            self.standing_s -= seconds
            self.speed = 0.0
        else:
            self._drive(seconds)
        self.temperature += (27 - self.temperature) * 0.005
        if self.soc < 18:
            self.charging = True

    def _drive(self, seconds: float) -> None:
        wanted = self.random.choice((18.0, 32.0, 46.0, 58.0))
        self.speed += (wanted - self.speed) * 0.4
        if self.random.random() < 0.04:
            self.standing_s = self.random.uniform(60, 420)
        self.heading += self.random.gauss(0, 18)
        if self._distance_km() > TOWN_RADIUS_KM:
            self.heading = self._homeward()
        km = self.speed * seconds / 3600
        self.lat += km * cos(radians(self.heading)) / KM_PER_DEGREE
        self.lon += km * sin(radians(self.heading)) / (KM_PER_DEGREE * cos(radians(self.lat)))
        self.odometer_km += km
        per_km = float(self.model.battery_kwh) / self.model.range_km
        self.soc = max(1.0, self.soc - km * per_km / float(self.model.battery_kwh) * 100)
        self.temperature += 0.02

    def _distance_km(self) -> float:
        east = (self.lon - self.city.lon) * KM_PER_DEGREE * cos(radians(self.lat))
        north = (self.lat - self.city.lat) * KM_PER_DEGREE
        return float((east**2 + north**2) ** 0.5)

    def _homeward(self) -> float:
        """A heading roughly towards the city's centre, degrees clockwise from north."""
        north, east = self.city.lat - self.lat, self.city.lon - self.lon
        base = 0.0 if north > 0 else 180.0
        turn = 40.0 if (east > 0) == (north > 0) else -40.0
        return base + turn

    def current_a(self) -> float:
        """Pack current, positive when discharging."""
        if self.charging:
            return -80.0
        return round(self.speed * float(self.model.gvw_kg) / 2600 + self.random.gauss(3, 2), 1)

    def report(self, at: datetime) -> Values:
        """A real-time report, GB/T 32960 2016, with the keys of `panshi decode`."""
        current = self.current_a()
        resting = 3.05 + 0.0042 * self.soc
        cells = [
            round(resting - _OHM * current + self.random.gauss(0, 0.0025), 3)
            for _ in range(self.model.cells)
        ]
        probes = [round(self.temperature + self.random.gauss(0, 0.8)) for _ in range(8)]
        voltage = round(sum(cells), 1)
        items: list[Value] = [
            self._vehicle(voltage, current),
            self._motor(),
            {"name": "position", "lon": round(self.lon, 6), "lat": round(self.lat, 6)},
            _extremes(cells, probes),
            self._alarm(),
            _pack(cells, voltage, current),
            {"name": "cell_temp", "packs": [{"sub": 1, "temps_c": list[Value](probes)}]},
        ]
        return {"time": wire_time(at=at), "items": items}

    def _vehicle(self, voltage: float, current: float) -> Values:
        return {
            "name": "vehicle",
            "vehicle_state": 2 if self.charging else 1,
            "charge_state": 1 if self.charging else 3,
            "run_mode": 1,
            "speed_kmh": round(self.speed, 1),
            "odometer_km": round(self.odometer_km, 1),
            "voltage_v": voltage,
            "current_a": current,
            "soc_pct": round(self.soc),
            "dcdc_state": 1,
            "gear": 14 if self.speed > 1 else 15,
            "insulation_kohm": self.insulation_kohm,
            "accel_pedal_pct": min(100, round(self.speed)),
            "brake_pedal": 0,
        }

    def _motor(self) -> Values:
        return {
            "name": "motor",
            "motors": [
                {
                    "index": 1,
                    "state": 1 if self.speed > 1 else 4,
                    "controller_temp_c": round(self.temperature + 8),
                    "speed_rpm": round(self.speed * 92),
                    "torque_nm": round(self.speed * 1.4, 1),
                    "temp_c": round(self.temperature + 12),
                    "controller_voltage_v": round(self.model.voltage, 1),
                    "controller_current_a": 0.0,
                }
            ],
        }

    def _alarm(self) -> Values:
        faulty = self.insulation_kohm < 200
        return {
            "name": "alarm",
            "max_level": 2 if faulty else 0,
            "general_bits": [INSULATION_BIT] if faulty else [],
        }


def _extremes(cells: list[float], probes: list[int]) -> Values:
    return {
        "name": "extreme",
        "max_v_sub": 1,
        "max_v_cell": cells.index(max(cells)) + 1,
        "max_cell_v": max(cells),
        "min_v_sub": 1,
        "min_v_cell": cells.index(min(cells)) + 1,
        "min_cell_v": min(cells),
        "max_t_sub": 1,
        "max_t_probe": probes.index(max(probes)) + 1,
        "max_temp_c": max(probes),
        "min_t_sub": 1,
        "min_t_probe": probes.index(min(probes)) + 1,
        "min_temp_c": min(probes),
    }


def _pack(cells: list[float], voltage: float, current: float) -> Values:
    return {
        "name": "cell_voltage",
        "packs": [
            {
                "sub": 1,
                "voltage_v": voltage,
                "current_a": current,
                "cell_total": len(cells),
                "start_index": 1,
                "cell_v": list[Value](cells),
            }
        ],
    }
