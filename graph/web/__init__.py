"""The HTTP surface: routes, wire protocols, and what every request passes through."""
