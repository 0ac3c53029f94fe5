"""How much picture the scan holds: effective resolution, interpolation."""
