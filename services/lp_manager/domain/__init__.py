"""The aggregated book. Prices in points, quantities in 0.01 lots, times in microseconds: integers only."""
