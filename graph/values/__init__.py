"""Plain values that every package uses: storable text, currencies, calendar months."""
