"""The flight recorder: a run as curves over one time line, with its snapshots and its verdict."""

from microgpt.viz.flight_recorder.caption import flight_caption
from microgpt.viz.flight_recorder.flight import Curves, Flight, FlightSnapshot, OtherFlight
from microgpt.viz.flight_recorder.render import flight_table, render_flight
from microgpt.viz.flight_recorder.still import draw_flight_still

__all__ = [
    "Curves",
    "Flight",
    "FlightSnapshot",
    "OtherFlight",
    "draw_flight_still",
    "flight_caption",
    "flight_table",
    "render_flight",
]
