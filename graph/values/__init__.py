"""Plain values that every room uses: storable text, currencies, calendar months."""
