"""The wiring: builds everything, starts it in order, stops it in reverse."""
