"""The figures that miss their bar today. A number here only falls; at the bar its line goes."""

RATCHETS: dict[str, int] = {
    "imports against the rings": 1,
    "folders with more than 20 modules": 2,
    "functions over 50 lines": 1,
    "modules that define `find`": 4,
    "modules that define `told`": 6,
    "modules that define `tell`": 5,
    "modules that define `check`": 9,
    "modules that define `keep`": 4,
    "constants named MOST_, LONGEST_, FEWEST_, LEAST_": 66,
}
