"""The figures that miss their bar today. A number here only falls; at the bar its line goes."""

RATCHETS: dict[str, int] = {
    "constants named MOST_, LONGEST_, FEWEST_, LEAST_": 4,
}
